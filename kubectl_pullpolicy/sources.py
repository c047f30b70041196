"""Which source the flags mean: the API server, files, or the bundled recording."""

import sys
from collections.abc import Callable
from datetime import datetime
from importlib.resources import as_file, files

from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.core.source.interface import Source, Watcher
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.options import ConnectionFlags, SelectionFlags

DEMO = "demo/recording.json"


def open_source(
    connection: ConnectionFlags,
    selection: SelectionFlags,
    *,
    demo: bool,
    now: str,
    print_warning: Callable[[str], None],
) -> tuple[Source, str]:
    """The source, and what to call its server in a recording. Raises PullPolicyError."""
    moment = _moment(now)
    if demo and selection.filename:
        raise UsageError("--demo cannot be used with --filename")
    if demo or selection.filename:
        from kubectl_pullpolicy.files import FileSource

        if demo:
            with as_file(files("kubectl_pullpolicy") / DEMO) as path:
                return FileSource([str(path)], now=moment), "demo"
        paths = selection.filename or []
        return FileSource(paths, recursive=selection.recursive, stdin=sys.stdin.buffer, now=moment), "files"
    from kubectl_pullpolicy.cluster import open_cluster

    return open_cluster(connection, moment, print_warning)


def open_watcher(
    connection: ConnectionFlags, *, now: str, print_warning: Callable[[str], None], print_message: Callable[[str], None]
) -> Watcher:
    """The API server, to be watched. Raises PullPolicyError."""
    from kubectl_pullpolicy import cluster

    return cluster.open_watcher(connection, _moment(now), print_warning, print_message)


def _moment(now: str) -> datetime | None:
    moment = parse_time(now)
    if now and moment is None:
        raise UsageError(f'--now="{now}" is not a time as 2026-01-02T03:04:05Z')
    return moment
