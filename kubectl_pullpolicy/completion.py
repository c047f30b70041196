"""Completion of command lines, for the executable `kubectl_complete-pullpolicy` that kubectl runs.

kubectl runs that executable with the words typed so far, the last of them unfinished, and reads one candidate a line,
`candidate<TAB>help`, then a line `:N` of directives. Source: k8s.io/kubectl v0.37.2
pkg/cmd/plugin/plugin_completion.go; cobra completions.go for the directives.
A request is made only for names of the cluster. Failures give no candidates.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

from kubectl_pullpolicy.core.k8s.kinds import TARGET_KINDS, KindInfo, kind_named
from kubectl_pullpolicy.core.k8s.pod_templates import POLICY_SETTINGS, PULL_POLICIES
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.options import ConnectionFlags

# cobra completions.go: ShellCompDirectiveNoSpace, ShellCompDirectiveNoFileComp.
NO_SPACE, NO_FILES = 2, 4
# Of each request.
TIMEOUT = "2s"
NAMESPACE = KindInfo("v1", "Namespace", "namespaces", namespaced=False)

# Shells expand what they complete (`compgen -W` of older kubectl scripts runs $(...)), and show it on a terminal.
_HARMFUL = re.compile(
    r"""[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"""
    r"""\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff$`\\'";&|<>]"""
)

Completer = Callable[[dict[str, Any], str], Iterable[str]]


def complete(words: Sequence[str]) -> str:
    """Return the output for these words. The last one is unfinished and may be empty."""
    *done, unfinished = words or ("",)
    if "--" in done:  # messages
        return f":{NO_FILES}\n"
    candidates: list[tuple[str, str]] = []
    with suppress(PullPolicyError, OSError):
        candidates = _candidates(done, unfinished)
    candidates = [(value, text) for value, text in candidates if not _HARMFUL.search(value)]
    lines = [f"{value}\t{text}" if text else value for value, text in candidates]
    directive = NO_FILES | (NO_SPACE if candidates and all(value.endswith("/") for value, _ in candidates) else 0)
    if not candidates and _takes_file(done, unfinished):
        directive = 0
    return "".join(f"{line}\n" for line in (*lines, f":{directive}"))


def _candidates(done: list[str], unfinished: str) -> list[tuple[str, str]]:
    from typer._click.shell_completion import _resolve_context, _resolve_incomplete
    from typer.main import get_command

    from kubectl_pullpolicy.cli import app

    command = get_command(app)
    context = _resolve_context(command, {}, "kubectl pullpolicy", done)
    asked, rest = _resolve_incomplete(context, done, unfinished)
    if context.args:  # the last word is a flag that has no value yet: the arguments before it were not read
        context = _resolve_context(command, {}, "kubectl pullpolicy", done[:-1])
    if hasattr(asked, "opts"):  # a parameter, not the command
        completer = COMPLETERS.get(asked.name or "")
        values = completer(context.params, rest) if completer is not None else _formats(asked)
        if values:
            return [(value, "") for value in values if value.startswith(rest)]
    return [(item.value, item.help or "") for item in asked.shell_complete(context, rest) if item.type == "plain"]


def _formats(asked: Any) -> list[str]:
    """Return the values that an option's help lists: `One of: json, yaml, name; patch: for Git.`"""
    named = re.search(r"One of: ([\w, -]+)[.;]", getattr(asked, "help", None) or "")
    return named[1].split(", ") if named else []


def _takes_file(done: list[str], unfinished: str) -> bool:
    """Whether the word is a file name: kubectl then offers files."""
    flag = unfinished.partition("=")[0] if "=" in unfinished else (done[-1] if done else "")
    return flag in {
        "-f",
        "--filename",
        "--record",
        "--kubeconfig",
        "--certificate-authority",
        "--client-certificate",
        "--client-key",
        "--registry-ca",
    }


def _flags(params: dict[str, Any]) -> ConnectionFlags:
    given = {field.name: params[field.name] for field in fields(ConnectionFlags) if params.get(field.name)}
    return ConnectionFlags(**given | {"request_timeout": TIMEOUT})


def _namespaces(params: dict[str, Any], _: str) -> Iterable[str]:
    from kubectl_pullpolicy.cluster.object_names import object_names

    return object_names(_flags(params), NAMESPACE)


def _of_kubeconfig(part: str) -> Completer:
    def names(params: dict[str, Any], _: str) -> Iterable[str]:
        from kubectl_pullpolicy.cluster.kubeconfig import read_kubeconfig

        return sorted(getattr(read_kubeconfig(params.get("kubeconfig") or ""), part))

    return names


def _targets(params: dict[str, Any], unfinished: str) -> Iterable[str]:
    """Return the candidates for a target: TYPE, then NAME, or TYPE/NAME."""
    before = [word for word in params.get("target") or () if word != unfinished]
    word, slash, _ = unfinished.partition("/")
    if slash:
        return [f"{word}/{name}" for name in _names(params, kind_named(word))]
    if before and "/" not in before[0]:
        return [name for name in _names(params, kind_named(before[0])) if name not in before]
    if before:
        return [f"{info.plural}/" for info in TARGET_KINDS]
    kinds = [info.plural for info in TARGET_KINDS]
    # A complete type, also a short name, continues as TYPE/.
    return [*kinds, f"{word}/"] if kind_named(word) in TARGET_KINDS else kinds


def _names(params: dict[str, Any], info: KindInfo | None) -> list[str]:
    from kubectl_pullpolicy.cluster.object_names import object_names

    return object_names(_flags(params), info) if info is not None and info in TARGET_KINDS else []


def _containers(params: dict[str, Any], _: str) -> Iterable[str]:
    """Return the containers of the targets that precede."""
    from kubectl_pullpolicy.cluster.object_names import container_names

    named = [target for target in parse_targets(params.get("target") or ()) if target.name]
    names = [name for target in named for name in container_names(_flags(params), target.info, target.name or "")]
    return dict.fromkeys(names)


COMPLETERS: dict[str, Completer] = {
    "namespace": _namespaces,
    "context": _of_kubeconfig("contexts"),
    "cluster": _of_kubeconfig("clusters"),
    "user": _of_kubeconfig("users"),
    "target": _targets,
    "container": _containers,
    "policy": lambda _, __: PULL_POLICIES,
    "value": lambda _, __: POLICY_SETTINGS,
    "dry_run": lambda _, __: ("none", "client", "server"),
    "evidence": lambda _, __: ("registry", "running"),
}
