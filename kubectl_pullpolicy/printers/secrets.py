"""The `secrets` lines of the full text: each pull secret, who lists it, and what the kubelet makes of it."""

from collections.abc import Sequence

from kubectl_pullpolicy.core.report.pull_failure import Credential


def secret_lines(credentials: Sequence[Credential]) -> list[str]:
    """A line each, names and lists in columns; what is of no list comes last, as a sentence."""
    rows = [(_name(each), _list(each), each.detail) for each in credentials if each.kind not in {"Node", "Anonymous"}]
    named = [row for row in rows if row[0] or row[1]]
    names = max((len(name) for name, _, _ in named), default=0)
    lists = max((len(held) for _, held, _ in named), default=0)
    lines = [
        f"{name:<{names}}  {held:<{lists}}  {detail}".lstrip() if name or held else detail
        for name, held, detail in rows
    ]
    for each in credentials:
        if each.kind in {"Node", "Anonymous"}:
            lines.append(f"anonymously: {each.detail}" if each.kind == "Anonymous" else each.detail)
    return lines


def _name(credential: Credential) -> str:
    return '""' if credential.verdict == "NoName" else credential.source


def _list(credential: Credential) -> str:
    if credential.verdict == "NoneListed":
        return ""
    return f"({credential.kind}{f' {credential.holder}' if credential.holder else ''})"
