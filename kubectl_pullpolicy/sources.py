"""Open the source that the flags name: the API server, files, or the bundled recording."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.core.source.interface import Selection, Source, Watcher
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import timeout_seconds
from kubectl_pullpolicy.flags.options import ConnectionFlags, SelectionFlags

if TYPE_CHECKING:
    from kubectl_pullpolicy.files.recorder import Recorder
    from kubectl_pullpolicy.flags.requests import ReadRequest

DEMO = "demo/recording.json"


@dataclass(frozen=True)
class OpenedSource:
    """A source, and the objects that a request selects in it. `unrecorded` is read without `recorder`."""

    source: Source
    unrecorded: Source
    selection: Selection
    recorder: "Recorder | None" = None

    def write_recording(self, path: str) -> None:
        """Write what was read, if it was recorded. Raises FileError."""
        if self.recorder is not None:
            self.recorder.write(path)


def open_request(request: "ReadRequest", on_warning: Callable[[str], None]) -> OpenedSource:
    """Open the source of a request, and record it with --record. Raises PullPolicyError."""
    connection, flags = request.connection, request.selection
    demo, now = request.recording.demo, request.recording.now
    source, server = open_source(connection, flags, demo=demo, now=now, on_warning=on_warning)
    limit = timeout_seconds(request.recording.timeout)
    if limit and not demo and not flags.filename:
        _limit(source, limit)
    namespace = None if flags.all_namespaces else connection.namespace or source.namespace
    selection = Selection(namespace, flags.selector, flags.field_selector)
    if not request.recording.record:
        return OpenedSource(source, source, selection)
    from kubectl_pullpolicy.files.recorder import Recorder

    recorder = Recorder(source, server, source.namespace or "")
    return OpenedSource(recorder, source, selection, recorder)


def _limit(source: Source, seconds: float) -> None:
    """Let all requests of a run together take this long."""
    from kubectl_pullpolicy.cluster import ClusterSource

    assert isinstance(source, ClusterSource)
    source.limit(seconds)


def open_source(
    connection: ConnectionFlags, selection: SelectionFlags, *, demo: bool, now: str, on_warning: Callable[[str], None]
) -> tuple[Source, str]:
    """Return the source, and the name of its server in a recording. Raises PullPolicyError."""
    moment = _moment(now)
    if demo and selection.filename:
        raise UsageError("--demo cannot be used with --filename")
    if demo:
        from kubectl_pullpolicy.files.source import FileSource

        return FileSource([str(Path(__file__).parent / DEMO)], now=moment), "demo"
    if selection.filename:
        from kubectl_pullpolicy.files.source import FileSource
        from kubectl_pullpolicy.flags.checks import max_file_bytes

        paths, limit = selection.filename, max_file_bytes(selection.max_file_size)
        source = FileSource(paths, recursive=selection.recursive, stdin=sys.stdin.buffer, now=moment, max_bytes=limit)
        return source, "files"
    from kubectl_pullpolicy.cluster import open_cluster

    return open_cluster(connection, moment, on_warning)


def open_watcher(
    connection: ConnectionFlags, *, now: str, on_warning: Callable[[str], None], on_failure: Callable[[str], None]
) -> Watcher:
    """Return the API server, ready to be watched. Raises PullPolicyError."""
    from kubectl_pullpolicy import cluster

    return cluster.open_watcher(connection, _moment(now), on_warning, on_failure)


def _moment(now: str) -> datetime | None:
    moment = parse_time(now)
    if now and moment is None:
        raise UsageError(f'--now="{now}" is not a time as 2026-01-02T03:04:05Z')
    return moment
