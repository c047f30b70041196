"""The flags that a printed command repeats, so that it reads the same objects when it is pasted."""

import sys
from collections.abc import Iterator, Sequence
from shlex import join, quote

from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.flags.requests import ReadRequest


def source_flags(request: ReadRequest) -> str:
    """Return the flags that name the files or the cluster, each with a blank before it; never a token."""
    selection = request.selection
    files = [("-f", name) for name in selection.filename or ()]
    switches = [flag for flag, given in (("--demo", request.recording.demo), ("-R", selection.recursive)) if given]
    return "".join(f" {flag}" for flag in (*switches, *_with_value(files))) + request.connection.repeated


def command_again(arguments: Sequence[str] | None = None) -> str:
    """Return the command line of this process, without a token."""
    kept: list[str] = []
    skip = False
    for word in sys.argv[1:] if arguments is None else arguments:
        if not skip and word != "--token" and not word.startswith("--token="):
            kept.append(word)
        skip = word == "--token" and not skip
    return f"kubectl pullpolicy {join(kept)}"


def selector_flags(selection: Selection) -> str:
    """Return ` -l app=web`: the flags that select objects."""
    flags = [("-l", selection.label_selector), ("--field-selector", selection.field_selector)]
    return "".join(f" {flag}" for flag in _with_value(flags))


def _with_value(flags: list[tuple[str, str]]) -> Iterator[str]:
    return (f"{flag} {quote(value)}" for flag, value in flags if value)
