"""What a registry knows of an image reference, as values that the registry clients return.

A look-up never raises. A Failure in place of a Resolved says what went wrong.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

MAX_LISTED = 20  # a registry may list thousands of platforms

ManifestKind = Literal["index", "manifest"]
FailureKind = Literal[
    "NotFound",  # 404: no such repository, tag or digest
    "Unauthorized",  # 401, of the registry or its token service: it wants other credentials
    "Denied",  # 403: the user is known and has no permission
    "RateLimited",  # 429
    "Unreachable",  # no answer: DNS, refused, TLS, time-out, broken off
    "ServerError",  # 5xx, after some attempts
    "BadDigest",  # the bytes or the header have another digest than the one asked for
    "BadAnswer",  # no answer of a registry: a web page, redirects in a circle, JSON that is none
]

# OCI image-spec v1.1 media-types.md, and Docker's own names for the same documents (distribution/distribution
# manifest/schema2, manifest/manifestlist).
INDEX_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
MANIFEST_TYPES = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)


class Resolved(msgspec.Struct, frozen=True):
    """What a reference resolves to now."""

    digest: str
    media_type: str
    kind: ManifestKind


class Failure(msgspec.Struct, frozen=True):
    """Why a look-up failed. The message names the registry and its words, never a credential; escape it to print it."""

    kind: FailureKind
    message: str


class Platform(NamedTuple):
    """One image of an index, or the single one; `digest` is that of its manifest, `variant` may be ""."""

    os: str
    architecture: str
    variant: str
    digest: str

    @property
    def name(self) -> str:
        """As containerd and docker write it: `linux/arm64/v8`."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence, the first 20 of them."""
    more = len(names) - MAX_LISTED
    return f"{', '.join(names[:MAX_LISTED])}{f' and {more} more' if more > 0 else ''}"
