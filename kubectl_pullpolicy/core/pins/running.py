"""What a workload's Pods run of an image, judged by their nodes and the registry: `pin --from running`.

The imageID of a status may name the repository, and even the digest, of another pull (containerd sorts its references,
cri-o makes up combinations). So what counts is the node's own list of images: the entry that holds the imageID names
the digests of the spec's repository. Exactly one is proof; several or none are for the registry to decide.
Source: containerd 2.4.2 internal/cri/server/container_status.go, cri-o internal/oci/container.go,
k8s.io/kubernetes v1.37.2 pkg/kubelet/nodestatus/setters.go:Images (at most five names, digests first).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict, RegistryAnswers, platform_digest, tag_reference
from kubectl_pullpolicy.core.images.reference import ImageReference, parse, pinned_without_tag
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.core.k8s.objects import Node, present

MOST_NAMES = 5  # of an image in a node's list
# Failures that say nothing of the image: the node's proof remains valid.
_SAYS_NOTHING = frozenset({"Unreachable", "ServerError", "RateLimited", "Unauthorized", "Denied", "BadAnswer"})


class RunningContainer(NamedTuple):
    """What one Pod reports of one container. `names`: of the entry of its node's list that holds the imageID."""

    pod: str
    image_id: str
    names: tuple[str, ...] = ()


class RunningDigests(NamedTuple):
    """The digests that it may be. `proven`: by the node's list it is the only one."""

    digests: tuple[str, ...]
    proven: bool = False


def bare_id(image_id: str) -> str:
    """Return an imageID without the prefix that Docker adds."""
    return image_id.removeprefix("docker-pullable://").removeprefix("docker://")


def names_on(node: Node, image_id: str) -> tuple[str, ...]:
    """Return the names of the entry of this node's list that holds the imageID; none if no entry does."""
    for image in present(node.status.images if node.status is not None else None):
        names = present(image.names)
        if bare_id(image_id) in names:
            return names
    return ()


def running_digests(reference: ImageReference, sighting: RunningContainer) -> RunningDigests:
    """Return the digests of an image of this name, by a Pod and its node."""
    prefix = f"{reference.name}@"
    named = tuple(dict.fromkeys(name.removeprefix(prefix) for name in sighting.names if name.startswith(prefix)))
    cut = len(sighting.names) >= MOST_NAMES and all("@" in name for name in sighting.names)
    if len(named) == 1 and not cut:
        return RunningDigests(named, proven=True)
    _, at, own = bare_id(sighting.image_id).rpartition("@")
    more = (own,) if at and (cut or not named) else ()
    return RunningDigests(tuple(dict.fromkeys((*named, *more))))


def at_digest(reference: ImageReference, digest: str) -> ImageReference:
    """Return the reference to this digest of the repository."""
    return parse(pinned_without_tag(reference, digest))


def needs_tag(reference: ImageReference, running: RunningDigests, answers: RegistryAnswers) -> bool:
    """Return whether the tag must be resolved: there are several digests, or one is of a single platform."""
    kinds = {found.kind for found in _found(reference, running, answers).values() if isinstance(found, Resolved)}
    return len(running.digests) > 1 or "manifest" in kinds


def indexes_needed(
    reference: ImageReference, running: RunningDigests, answers: RegistryAnswers, platform: str
) -> Iterator[ImageReference]:
    """Return the indexes whose manifests must be read."""
    for digest, found in _found(reference, running, answers).items():
        if isinstance(found, Resolved) and found.kind == "index" and (platform or len(running.digests) > 1):
            yield at_digest(reference, digest)
    tagged = tag_reference(reference)
    now = answers.resolved.get(tagged) if tagged is not None else None
    if tagged is not None and isinstance(now, Resolved) and now.kind == "index":
        yield tagged


def verdict_of_pod(
    reference: ImageReference, running: RunningDigests, answers: RegistryAnswers, platform: str = ""
) -> PinVerdict:
    """Return what one Pod runs, as a digest to pin."""
    found = _found(reference, running, answers)
    kept = [digest for digest, answer in found.items() if isinstance(answer, Resolved)]
    silent = next((a for a in found.values() if isinstance(a, Failure) and a.kind in _SAYS_NOTHING), None)
    if not found:
        return _failed("its imageID names no digest that a registry could know")
    if silent is not None:
        if running.proven and not platform:
            return PinVerdict("pin", running.digests[0], f"proven by its node; not confirmed: {silent.message}")
        return _failed(silent.message)
    if not kept:
        gone = next((a.message for a in found.values() if isinstance(a, Failure)), "")
        return _failed(f"the registry has no {' or '.join(found)} of {reference.name}: {gone}")
    chosen = kept[0] if len(kept) == 1 else _chosen(reference, kept, answers)
    if not chosen:
        return _failed(f"it may be any of {', '.join(kept)}")
    answer = found[chosen]
    if isinstance(answer, Resolved) and answer.kind == "manifest":
        return _of_manifest(reference, chosen, answers, platform, bereft=len(kept) < len(found))
    return _pinned(at_digest(reference, chosen), chosen, answers, platform)


def common_verdict(reference: ImageReference, verdicts: Sequence[tuple[str, PinVerdict]]) -> PinVerdict:
    """Return what all Pods run; if they differ, or one is unknown, a failure that lists each Pod."""
    if not verdicts:
        return _failed(f"no Pod of the newest revision runs {reference.written}")
    running = [judgement for _, judgement in verdicts]
    if {each.digest for each in running} == {running[0].digest} and running[0].digest:
        return next((each for each in running if each.message), running[0])
    known = {each.digest for each in running if each.digest}
    head = "its Pods do not agree" if len(known) > 1 else "what its Pods run is not certain"
    if len(verdicts) == 1:
        return _failed(f"what Pod {verdicts[0][0]} runs is not certain: {running[0].message}")
    lines = [f"  {pod}  {each.digest or each.message}" for pod, each in verdicts]
    return _failed("\n".join((head, *lines)))


def _found(
    reference: ImageReference, running: RunningDigests, answers: RegistryAnswers
) -> dict[str, Resolved | Failure]:
    return {digest: answers.of(at_digest(reference, digest)) for digest in running.digests}


def _chosen(reference: ImageReference, kept: Sequence[str], answers: RegistryAnswers) -> str:
    """Return one of several digests: the tag's, or the index that holds the others; "" if there is neither."""
    tagged = tag_reference(reference)
    now = answers.resolved.get(tagged) if tagged is not None else None
    if isinstance(now, Resolved) and now.digest in kept:
        return now.digest
    for digest in kept:
        children = _children(at_digest(reference, digest), answers)
        if children and set(kept) - {digest} <= children:
            return digest
    return ""


def _of_manifest(
    reference: ImageReference, digest: str, answers: RegistryAnswers, platform: str, *, bereft: bool
) -> PinVerdict:
    """An image of one platform: the index that it is of, where the registry names that. `bereft`: others are gone."""
    tagged = tag_reference(reference)
    now = answers.resolved.get(tagged) if tagged is not None else None
    if tagged is not None and isinstance(now, Resolved) and digest in _children(tagged, answers):
        return _pinned(tagged, now.digest, answers, platform)
    if platform:
        return PinVerdict("pin", digest)
    if bereft or (isinstance(now, Resolved) and now.kind == "index"):
        return _failed(f"{digest} may be the image of one platform only, and no index names it; see --platform")
    return PinVerdict("pin", digest)


def _pinned(asked: ImageReference, digest: str, answers: RegistryAnswers, platform: str) -> PinVerdict:
    """Return the digest of an index, or of its image for a platform."""
    if not platform:
        return PinVerdict("pin", digest)
    chosen = platform_digest(answers.platforms.get(asked, ()), platform)
    return _failed(chosen.message) if isinstance(chosen, Failure) else PinVerdict("pin", chosen)


def _children(index: ImageReference, answers: RegistryAnswers) -> set[str]:
    offered = answers.platforms.get(index, ())
    return set() if isinstance(offered, Failure) else {each.digest for each in offered}


def _failed(message: str) -> PinVerdict:
    return PinVerdict("failed", "", message)
