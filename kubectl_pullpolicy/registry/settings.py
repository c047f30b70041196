"""How registries are reached: the user's settings, and the limits of every request."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Seconds, counts and bytes."""

    connect: float = 10.0
    read: float = 30.0  # a pull-through cache fetches the image before it answers
    handshake_on_loopback: float = 3.0
    look_up: float = 60.0  # of one registry as a whole, with all requests, retries and redirects
    look_up_per_image: float = 1.0  # more for each image that it is asked for
    per_host: int = 16  # parallel requests
    threads: int = 256
    pauses: tuple[float, ...] = (0.2, 0.6)  # before each further attempt
    retry_after: float = 10.0  # if a registry asks for a longer pause, its answer is shown instead
    redirects: int = 5
    manifest_bytes: int = 4 << 20  # distribution-spec v1.1: registries should accept at least this size
    pages: int = 1000  # of a list of tags


class Settings(NamedTuple):
    """`certificate_authority`: a file of certificates to trust besides the system's.

    `plain_http`: registries (host or host:port) without TLS, set by the user.
    """

    certificate_authority: str = ""
    plain_http: frozenset[str] = frozenset()
    limits: Limits = Limits()


DEFAULTS = Settings()
