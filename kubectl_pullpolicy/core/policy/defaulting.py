"""The default policy of an image, as the API server sets it when it stores an object."""

from functools import lru_cache

from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.k8s.pod_templates import PullPolicy


@lru_cache(maxsize=8192)
def default_policy(image: str) -> PullPolicy:
    """Return the policy that the API server stores for a container without one."""
    reference = parse_or_none(image)
    return "Always" if reference is not None and reference.effective_tag == "latest" else "IfNotPresent"


@lru_cache(maxsize=8192)
def default_ground(image: str) -> str:
    """Return what the default rule looked at: `tag 1.4`, `no tag`, `a digest`, `an unreadable name`."""
    reference = parse_or_none(image)
    if reference is None:
        return "an unreadable name"
    if reference.tag:
        return f"tag {reference.tag}"
    return "a digest" if reference.digest else "no tag"
