"""How registries are reached: what users set, and the limits that hold for every request."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Seconds, counts and bytes."""

    connect: float = 10.0
    read: float = 30.0  # a caching proxy fetches from its own source before it answers
    handshake_on_loopback: float = 3.0
    silence: float = 120.0  # after which a look-up of many is given up where nothing comes any more
    per_host: int = 16  # requests at the same time
    threads: int = 256
    pauses: tuple[float, ...] = (0.2, 0.6)  # before each further attempt
    retry_after: float = 10.0  # a registry that asks for more gets its answer shown instead
    redirects: int = 5
    manifest_bytes: int = 4 << 20  # distribution-spec v1.1: what a registry should take at least
    pages: int = 1000  # of a list of tags


class Settings(NamedTuple):
    """`certificate_authority`: a file of certificates to trust besides the system's. `plain_http`: registries (host,
    or host:port) that speak no TLS, as the user says.
    """

    certificate_authority: str = ""
    plain_http: frozenset[str] = frozenset()
    limits: Limits = Limits()


DEFAULTS = Settings()
