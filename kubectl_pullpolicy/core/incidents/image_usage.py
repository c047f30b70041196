"""The images of all Pods that were read, and the nodes on which each of them runs.

One bit for an image and node, so that it stays small: the Pods themselves are not kept.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from kubectl_pullpolicy.core.images.reference import parse_or_none


@lru_cache(maxsize=4096)
def image_key(image: str) -> str:
    """What makes two image strings the same image: nginx, and docker.io/library/nginx:latest."""
    reference = parse_or_none(image)
    return image if reference is None else reference.normalized


@lru_cache(maxsize=4096)
def _registry_of(image: str) -> str:
    reference = parse_or_none(image)
    return "" if reference is None else reference.registry


class ImageUsage:
    """Images and nodes, as they were seen."""

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._written: dict[str, str] = {}
        self._of_registry: dict[str, set[str]] = {}
        self._platforms: dict[str, str] = {}

    def see(self, image: str, node: str, *, runs: bool) -> None:
        """A container of this image is on this node; `runs`: the image is there and the container runs."""
        key = image_key(image)
        if key not in self._written:
            self._written[key] = image
            self._of_registry.setdefault(_registry_of(image), set()).add(key)
        if runs and node:
            bit = self._bits.setdefault(node, 1 << len(self._bits))
            self._running[key] = self._running.get(key, 0) | bit

    def see_platform(self, node: str, platform: str) -> None:
        """The OS/ARCHITECTURE of a node."""
        if platform:
            self._platforms[node] = platform

    def platform(self, node: str, listed: Mapping[str, str] | None) -> str:
        """Return the node's OS/ARCHITECTURE, "" if it is not known."""
        return (listed or {}).get(node, "") or self._platforms.get(node, "")

    def written(self, key: str) -> str:
        """The image as the first Pod has it."""
        return self._written.get(key, key)

    def runs_elsewhere(self, images: Iterable[str], nodes: Iterable[str]) -> bool:
        """Whether any of these images runs on a node that is not among these."""
        running = 0
        for key in images:
            running |= self._running.get(key, 0)
        for node in nodes:
            running &= ~self._bits.get(node, 0)
        return running != 0

    def are_all_of(self, registry: str, images: Iterable[str]) -> bool:
        """Whether these are all images of the registry that were seen, and none of them runs anywhere."""
        kept = set(images)
        return self._of_registry.get(registry) == kept and not any(self._running.get(key) for key in kept)
