"""The default policy of an image, as the API server sets it when an object is created."""

from functools import lru_cache

from kubectl_pullpolicy.core.images.reference import InvalidReference, parse


@lru_cache(maxsize=8192)
def default_policy(image: str) -> str:
    """The policy that the API server stores for a container which sets none."""
    try:
        reference = parse(image)
    except InvalidReference:
        return "IfNotPresent"
    return "Always" if reference.effective_tag == "latest" else "IfNotPresent"


@lru_cache(maxsize=8192)
def default_ground(image: str) -> str:
    """What the default rule looked at: `tag 1.4`, `no tag`, `a digest`, `an unreadable name`."""
    try:
        reference = parse(image)
    except InvalidReference:
        return "an unreadable name"
    if reference.tag:
        return f"tag {reference.tag}"
    return "a digest" if reference.digest else "no tag"
