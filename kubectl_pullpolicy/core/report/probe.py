"""A probe as values: what the registry says of an image when this machine asks, in the place of the node."""

from typing import Literal

import msgspec

from kubectl_pullpolicy.core.images.resolution import FailureKind, ManifestKind


class ProbeAttempt(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One look-up at the registry. `credentials`: "with Secret regcred", "anonymously"; `message` is "" if it was
    found.
    """

    credentials: str
    result: Literal["Found"] | FailureKind
    message: str = ""


class Probe(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """`exists` is null if no answer shows it. `platforms` are those of the index, or of the single image.

    `near_tags` are similar tags of the repository if the tag is missing. `conclusions` are sentences.
    """

    asked: str
    attempts: tuple[ProbeAttempt, ...]
    exists: bool | None
    digest: str
    digest_kind: ManifestKind | None
    platforms: tuple[str, ...]
    near_tags: tuple[str, ...]
    conclusions: tuple[str, ...]
