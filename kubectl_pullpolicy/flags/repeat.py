"""The flags that a proposed command must repeat, so that it is asked of the same objects when it is pasted."""

from collections.abc import Iterator
from shlex import quote

from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.flags.options import ConnectionFlags, SelectionFlags


def source_flags(connection: ConnectionFlags, selection: SelectionFlags, *, demo: bool) -> str:
    """` --context prod`, each with a blank before it: where to read. Who asks is left out, it may be a credential."""
    files = [("-f", name) for name in selection.filename or ()]
    cluster = [
        ("--kubeconfig", connection.kubeconfig),
        ("--context", connection.context),
        ("--cluster", connection.cluster),
        ("--server", connection.server),
    ]
    switches = [flag for flag, wanted in (("--demo", demo), ("-R", selection.recursive)) if wanted]
    return "".join(f" {flag}" for flag in (*switches, *_set(files + cluster)))


def selector_flags(selection: Selection) -> str:
    """` -l app=web`."""
    flags = [("-l", selection.label_selector), ("--field-selector", selection.field_selector)]
    return "".join(f" {flag}" for flag in _set(flags))


def _set(flags: list[tuple[str, str]]) -> Iterator[str]:
    return (f"{flag} {quote(value)}" for flag, value in flags if value)
