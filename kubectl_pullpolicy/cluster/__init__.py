"""The API server: which one and as which user, reads, watches, patches and deletions, errors in kubectl's words.

May import core, flags, parallel and errors; heavy modules only inside functions.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from kubectl_pullpolicy.cluster.source import ClusterSource
from kubectl_pullpolicy.flags.options import ConnectionFlags

if TYPE_CHECKING:
    from kubectl_pullpolicy.cluster.connection import Connection
    from kubectl_pullpolicy.cluster.live_objects import LiveObjects
    from kubectl_pullpolicy.cluster.transport import ApiTransport
    from kubectl_pullpolicy.cluster.watch import ClusterWatcher

__all__ = ["ClusterSource", "WritableCluster", "open_cluster", "open_watcher", "open_writable"]


class WritableCluster(NamedTuple):
    """An API server to write to. `source` reads for the rules, `live` reads the objects to change."""

    source: ClusterSource
    live: "LiveObjects"
    transport: "ApiTransport"
    connection: "Connection"


def open_cluster(
    flags: ConnectionFlags, now: datetime | None, warn: Callable[[str], None]
) -> tuple[ClusterSource, str]:
    """Return the API server that the flags name, and its host. Raises ConfigError."""
    connection, transport = _opened(flags, warn)
    return ClusterSource(transport, connection.namespace, flags.chunk_size, now), connection.host_name


def open_writable(flags: ConnectionFlags, warn: Callable[[str], None]) -> WritableCluster:
    """Return the API server that the flags name, to write to. Raises ConfigError."""
    connection, transport = _opened(flags, warn)
    from kubectl_pullpolicy.cluster.live_objects import LiveObjects

    source = ClusterSource(transport, connection.namespace, flags.chunk_size)
    return WritableCluster(source, LiveObjects(transport, source), transport, connection)


def open_watcher(
    flags: ConnectionFlags, now: datetime | None, warn: Callable[[str], None], say: Callable[[str], None]
) -> "ClusterWatcher":
    """Return the API server that the flags name, to watch; `say` gets failures. Raises ConfigError."""
    connection, transport = _opened(flags, warn)
    from kubectl_pullpolicy.cluster.watch import ClusterWatcher

    return ClusterWatcher(transport, connection.namespace, flags.chunk_size, now, say)


def _opened(flags: ConnectionFlags, warn: Callable[[str], None]) -> tuple["Connection", "ApiTransport"]:
    from kubectl_pullpolicy.cluster.connection import connect
    from kubectl_pullpolicy.cluster.kubernetes_client import enter_package
    from kubectl_pullpolicy.cluster.transport import ApiTransport

    enter_package()
    connection = connect(flags)
    return connection, ApiTransport(connection, warn)
