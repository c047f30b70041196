"""The flags that a printed command repeats, so that it reads the same objects when it is pasted."""

from collections.abc import Iterator
from shlex import quote

from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.flags.requests import ReadRequest


def source_flags(request: ReadRequest) -> str:
    """Return ` --context prod`: the flags that name the source. --token and --as are left out, as credentials."""
    connection, selection = request.connection, request.selection
    files = [("-f", name) for name in selection.filename or ()]
    cluster = [
        ("--kubeconfig", connection.kubeconfig),
        ("--context", connection.context),
        ("--cluster", connection.cluster),
        ("--server", connection.server),
    ]
    switches = [flag for flag, given in (("--demo", request.recording.demo), ("-R", selection.recursive)) if given]
    return "".join(f" {flag}" for flag in (*switches, *_with_value(files + cluster)))


def selector_flags(selection: Selection) -> str:
    """Return ` -l app=web`: the flags that select objects."""
    flags = [("-l", selection.label_selector), ("--field-selector", selection.field_selector)]
    return "".join(f" {flag}" for flag in _with_value(flags))


def _with_value(flags: list[tuple[str, str]]) -> Iterator[str]:
    return (f"{flag} {quote(value)}" for flag, value in flags if value)
