"""The API server: which one and as whom (connection), one request (transport), many (source)."""

from collections.abc import Callable
from datetime import datetime

from kubectl_pullpolicy.cluster.source import ClusterSource
from kubectl_pullpolicy.options import ConnectionFlags

__all__ = ["ClusterSource", "open_cluster"]


def open_cluster(
    flags: ConnectionFlags, now: datetime | None, warn: Callable[[str], None]
) -> tuple[ClusterSource, str]:
    """The API server that the flags mean, and its host. Raises ConfigError."""
    from kubectl_pullpolicy.cluster.client import enter_package
    from kubectl_pullpolicy.cluster.connection import connect
    from kubectl_pullpolicy.cluster.transport import Transport

    enter_package()
    connection = connect(flags)
    transport = Transport(connection, warn)
    return ClusterSource(transport, connection.namespace, flags.chunk_size, now), connection.host_name
