"""What an incident affects, in a few words: which nodes, and which images."""

from collections.abc import Mapping
from typing import NamedTuple

from kubectl_pullpolicy.core.incidents.image_usage import ImageUsage
from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.report.incident import NodeShare, OwnerShare


class IncidentScope(NamedTuple):
    """What an incident affects. `platforms` are those of all nodes, None if they could not be listed."""

    nodes: tuple[NodeShare, ...]
    owners: tuple[OwnerShare, ...]
    images: tuple[str, ...]
    registry: str
    platforms: Mapping[str, str] | None
    namespace: str | None


def scope_text(spread: IncidentScope, image_usage: ImageUsage) -> str:
    """`9 of 12 nodes, 14 images`; `node-7 (arm64) only, deploy/worker`; `every node, every image (3)`."""
    return ", ".join(filter(None, (_nodes(spread, image_usage), _what(spread, image_usage))))


def _nodes(spread: IncidentScope, image_usage: ImageUsage) -> str:
    names = [node.name for node in spread.nodes if node.name]
    if len(names) == 1:
        elsewhere = image_usage.runs_elsewhere(spread.images, names)
        return f"{_label(spread.nodes[0], spread)} only" if elsewhere else _label(spread.nodes[0], spread)
    if not names or not spread.platforms:
        return f"{len(names)} nodes" if names else ""
    if len(names) == len(spread.platforms):
        return "every node"
    kinds = {node.platform for node in spread.nodes}
    alike = {name for name, platform in spread.platforms.items() if platform in kinds}
    if len(kinds) == 1 and alike == set(names):
        return f"every {_short(*kinds)} node"
    return f"{len(names)} of {len(spread.platforms)} nodes"


def _label(node: NodeShare, spread: IncidentScope) -> str:
    """Return the node's name, with its platform if the cluster has several."""
    several = spread.platforms is not None and len(set(spread.platforms.values())) > 1
    return f"{node.name} ({_short(node.platform)})" if several and node.platform else node.name


def _short(platform: str) -> str:
    return platform.removeprefix("linux/")


def _what(spread: IncidentScope, image_usage: ImageUsage) -> str:
    if len(spread.owners) == 1:
        return owner_text(spread.owners[0], spread.namespace)
    if len(spread.images) == 1:
        return image_usage.written(spread.images[0])
    everything = image_usage.are_all_of(spread.registry, spread.images)
    return f"every image ({len(spread.images)})" if everything else f"{len(spread.images)} images"


def owner_text(owner: OwnerShare, namespace: str | None) -> str:
    """Return `deploy/worker`, with its namespace if several were read; as kubectl takes it."""
    info = kind_info(owner.kind)
    short = info.short_names if info is not None and owner.kind not in {"Pod", "Node"} else ()
    name = f"{short[0] if short else owner.kind.lower()}/{owner.name}"
    return name if namespace is not None else f"{name} -n {owner.namespace}"
