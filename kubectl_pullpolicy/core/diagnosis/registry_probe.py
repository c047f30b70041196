"""What a registry's answers mean for one container: a Probe.

The answers were given to this machine. The node's own credentials, mirrors, proxies and network cannot be seen from
here. So every sentence is about the registry, and about the node only if its platform decides.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved, listed
from kubectl_pullpolicy.core.images.similar_tags import similar_tags
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.probe import Probe, ProbeAttempt

NO_SOURCE = ""


class LookupAttempt(NamedTuple):
    """One look-up; `source` is the Secret whose credentials were used, NO_SOURCE for none."""

    source: str
    answer: Resolved | Failure

    @property
    def words(self) -> str:
        """`with Secret regcred`, `anonymously`."""
        return f"with {self.source}" if self.source else "anonymously"


class LookupResults(NamedTuple):
    """All answers about one image. None: there was no reason to look it up.

    `child` is the manifest of the node's platform in an index; `tag_now` is what the tag beside a missing digest
    resolves to.
    """

    attempts: tuple[LookupAttempt, ...]
    platforms: tuple[Platform, ...] | Failure | None = None
    child: Resolved | Failure | None = None
    tags: tuple[str, ...] | Failure | None = None
    tag_now: Resolved | Failure | None = None

    @property
    def found(self) -> Resolved | None:
        """The first answer with a digest."""
        return next((each.answer for each in self.attempts if isinstance(each.answer, Resolved)), None)


def platform_for_node(platforms: Sequence[Platform], os: str, architecture: str) -> Platform | None:
    """Return what a node takes of these: its own architecture before one that it can run as well.

    Source: github.com/containerd/platforms v1.0.0 compare.go:platformVector. Variants are ignored: the API does not
    show the node's.
    """
    older = {"amd64": "386", "arm64": "arm"}.get(architecture)
    for wanted in (architecture, older):
        for platform in platforms:
            if platform.os == os and platform.architecture == wanted:
                return platform
    return None


def probe_of(reference: ImageReference, results: LookupResults, explanation: Explanation) -> Probe:
    """The Probe of a container."""
    found = results.found
    platforms = results.platforms if isinstance(results.platforms, tuple) else ()
    tags = results.tags if isinstance(results.tags, tuple) else ()
    conclusions = _of_found(results, found, explanation) if found is not None else _of_missing(reference, results)
    return Probe(
        reference.normalized,
        tuple(map(_shown, results.attempts)),
        _exists(results),
        found.digest if found is not None else "",
        found.kind if found is not None else None,
        tuple(dict.fromkeys(platform.name for platform in platforms)),
        similar_tags(reference.effective_tag, tags),
        tuple(conclusions),
    )


def _shown(attempt: LookupAttempt) -> ProbeAttempt:
    answer = attempt.answer
    if isinstance(answer, Resolved):
        return ProbeAttempt(attempt.words, "Found")
    return ProbeAttempt(attempt.words, answer.kind, answer.message)


def _exists(results: LookupResults) -> bool | None:
    """Return None if no answer shows it: a 404 is an answer, a 401 hides both."""
    if results.found is not None:
        return True
    return False if "NotFound" in _kinds(results) else None


def _kinds(results: LookupResults) -> set[str]:
    return {each.answer.kind for each in results.attempts if isinstance(each.answer, Failure)}


def _of_found(results: LookupResults, found: Resolved, explanation: Explanation) -> Iterator[str]:
    yield from _access(results)
    yield from _platform(results, found, explanation)
    yield from _compared(results, found, explanation)
    status = explanation.status
    if status is not None and status.pull_failing and not _explains_failure(results, explanation):
        yield "what this machine asks for succeeds: the cause is over, or on the node (its network, mirrors, proxy)"


def _access(results: LookupResults) -> Iterator[str]:
    """What the credentials are good for."""
    *secrets, last = results.attempts
    open_to_all = not last.source and isinstance(last.answer, Resolved)
    if open_to_all and secrets and not any(isinstance(each.answer, Resolved) for each in secrets):
        yield (
            "it needs no credentials, but those that match are refused: the kubelet asks anonymously only where "
            "none match"
        )
    elif open_to_all:
        yield "it needs no credentials"
    elif secrets:
        yield "it needs credentials"


def _explains_failure(results: LookupResults, explanation: Explanation) -> bool:
    """Whether the answers show why a pull fails although the image is there."""
    first, platforms, node = results.attempts[0].answer, results.platforms, explanation.node
    if isinstance(first, Failure) or isinstance(results.child, Failure) or not isinstance(platforms, tuple):
        return True
    return (
        node is not None
        and bool(node.architecture)
        and platform_for_node(platforms, node.os, node.architecture) is None
    )


def _platform(results: LookupResults, found: Resolved, explanation: Explanation) -> Iterator[str]:
    platforms, node = results.platforms, explanation.node
    if isinstance(platforms, Failure):
        yield f"its platforms could not be read: {platforms.message}"
        return
    if not platforms:
        yield "it names no platform: an artifact, not a container image"
        return
    if node is None or not node.architecture:
        return
    where = f"{node.name} is {node.os}/{node.architecture}"
    taken = platform_for_node(platforms, node.os, node.architecture)
    if taken is None and found.kind == "index":
        yield f"no image for the node: {where}, and the index holds {listed([each.name for each in platforms])}"
    elif taken is None:
        yield f"not for the node: {where}, and the single image is for {platforms[0].name}: pulled, but not run"
    elif isinstance(results.child, Failure):
        yield f"the index names an image for {taken.name}, but that cannot be had: {results.child.message}"
    else:
        yield f"{where}: it takes the image for {taken.name}"


def _compared(results: LookupResults, found: Resolved, explanation: Explanation) -> Iterator[str]:
    """Against what the container runs."""
    status = explanation.status
    reference = explanation.reference
    if status is None or not status.digest or status.digest_kind == "config" or reference is None or reference.digest:
        return
    platforms = results.platforms if isinstance(results.platforms, tuple) else ()
    if status.digest in {found.digest, *(platform.digest for platform in platforms)}:
        yield "the tag still stands for what runs"
    else:
        yield f"the tag stands for other bytes now; what runs is {status.digest}"


def _of_missing(reference: ImageReference, results: LookupResults) -> Iterator[str]:
    kinds = _kinds(results)
    if "NotFound" in kinds:
        yield from _not_there(reference, results)
    elif kinds & {"Unauthorized", "Denied"}:
        yield from _not_allowed(results)
    elif "RateLimited" in kinds:
        yield "the registry limits requests of this machine's address; the node's own count is another"
    else:
        yield "whether it exists is not known from here"


def _not_there(reference: ImageReference, results: LookupResults) -> Iterator[str]:
    if reference.digest:
        yield "the digest is gone from the registry: nodes that have it still start it, no other node can pull it"
        if isinstance(results.tag_now, Resolved):
            yield f"tag {reference.tag} stands for {results.tag_now.digest} now"
        return
    tag, tags = reference.effective_tag, results.tags
    if isinstance(tags, tuple) and tags:
        near = ", ".join(similar_tags(tag, tags))
        yield f"the repository is there, tag {tag} is not" + (f"; the nearest of {len(tags)}: {near}" if near else "")
    elif isinstance(tags, tuple):
        yield f"the repository is there, and has no tags, so no {tag} either"
    elif isinstance(tags, Failure) and tags.kind == "NotFound":
        yield f"there is no repository {reference.repository}, as far as these credentials see"
    elif isinstance(tags, Failure):
        yield f"tag {tag} is not there; which tags are could not be read: {tags.message}"


def _not_allowed(results: LookupResults) -> Iterator[str]:
    used = [each for each in results.attempts if each.source]
    if not used:
        yield "the registry wants credentials and none match; a name that does not exist may be answered so, too"
    else:
        yield (
            "the credentials are refused: wrong, expired, or not good for this repository; a name that does not exist "
            "may be answered so, too"
        )
