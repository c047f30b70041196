"""What a pin is worth: what the registry says of a reference, judged. Files and live workloads are judged alike.

`pin` asks for the tag of what is not pinned. `--update` asks for the tags of pins, too; `--check` for tag and digest:
a tag that is there does not prove that a digest still is.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.images.reference import ImageReference, parse, unpinned
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved

Verdict = Literal[
    "pin",  # not pinned: `digest` is what to pin it to
    "current",  # pinned, and nothing to say of it
    "stale",  # the tag moved: `digest` is where it points now
    "vanished",  # the registry has no such digest any more
    "platformChild",  # the digest of one platform's image; `digest` is that of the index
    "failed",  # unknown: the registry gave no answer
]

# What `--check` stops at.
Gate = Literal["notPinned", "stale", "vanished", "platformChild"]
GATES: Mapping[str, Gate] = {
    "pin": "notPinned",
    "stale": "stale",
    "vanished": "vanished",
    "platformChild": "platformChild",
}


class PinVerdict(NamedTuple):
    """The verdict, the digest that it calls for ("" for none) and the words for it."""

    verdict: Verdict
    digest: str = ""
    message: str = ""


class RegistryAnswers(NamedTuple):
    """The answers of the registries. `platforms` are those of the indexes behind tags, read only if they matter."""

    resolved: Mapping[ImageReference, Resolved | Failure]
    platforms: Mapping[ImageReference, tuple[Platform, ...] | Failure]

    def of(self, reference: ImageReference) -> Resolved | Failure:
        """Return what a reference resolves to."""
        return self.resolved.get(reference, Failure("BadAnswer", f"{reference.written} was not asked for"))


def tag_reference(reference: ImageReference) -> ImageReference | None:
    """Return the reference whose answer shows where the tag points; None for a digest without a tag."""
    if reference.digest and not reference.tag:
        return None
    return parse(unpinned(reference))


def references_to_resolve(reference: ImageReference, *, follow: bool, verify: bool) -> tuple[ImageReference, ...]:
    """What must be resolved to judge this reference. `follow`: tags of pins, too; `verify`: their digests, too."""
    tagged = tag_reference(reference)
    if not reference.digest:
        return () if verify else (reference,)  # not pinned is not pinned, whatever the registry says
    asked = (tagged,) if follow and tagged is not None else ()
    return (*asked, reference) if verify else asked


def platforms_reference(reference: ImageReference, answers: RegistryAnswers, platform: str) -> ImageReference | None:
    """Return the tag whose platforms matter: to choose one, or to find the index of a digest."""
    tagged = tag_reference(reference)
    found = answers.resolved.get(tagged) if tagged is not None else None
    if not isinstance(found, Resolved):
        return None
    if platform:
        return tagged
    differs = reference.digest not in {"", found.digest}
    return tagged if differs and found.kind == "index" else None


def judged(reference: ImageReference, answers: RegistryAnswers, platform: str = "") -> PinVerdict:
    """Return the verdict on a reference that was looked up; `platform`: pin to its image, not to the index."""
    tagged = tag_reference(reference)
    exists = answers.resolved.get(reference) if reference.digest else None
    if isinstance(exists, Failure):
        if exists.kind == "NotFound":
            now = _now(tagged, answers, platform)
            return PinVerdict("vanished", now, f"the registry no longer has {reference.digest}")
        return PinVerdict("failed", "", exists.message)
    if tagged is None:
        return PinVerdict("current")
    found = answers.of(tagged)
    if isinstance(found, Failure):
        if exists is not None and found.kind == "NotFound":  # the digest is there: that counts
            return PinVerdict("current", "", f"the registry has no tag {tagged.effective_tag} any more")
        return PinVerdict("failed", "", found.message)
    wanted = _chosen(tagged, found, answers, platform)
    if isinstance(wanted, Failure):
        return PinVerdict("failed", "", wanted.message)
    if not reference.digest:
        return PinVerdict("pin", wanted)
    if reference.digest == wanted:
        return PinVerdict("current")
    child = _child(reference.digest, answers.platforms.get(tagged))
    if child is not None and not platform:
        return PinVerdict("platformChild", found.digest, f"it is the {child.name} image only, of index {found.digest}")
    return PinVerdict("stale", wanted, f"tag {tagged.effective_tag} is {wanted} now")


def _now(tagged: ImageReference | None, answers: RegistryAnswers, platform: str) -> str:
    """Return the digest that the tag of a pin points to now; "" if that is not known."""
    found = answers.resolved.get(tagged) if tagged is not None else None
    if tagged is None or not isinstance(found, Resolved):
        return ""
    chosen = _chosen(tagged, found, answers, platform)
    return chosen if isinstance(chosen, str) else ""


def _chosen(tagged: ImageReference, found: Resolved, answers: RegistryAnswers, platform: str) -> str | Failure:
    """Return the digest to pin to: that of the tag, or of the image of the platform."""
    if not platform:
        return found.digest
    return platform_digest(answers.platforms.get(tagged, ()), platform)


def platform_digest(offered: tuple[Platform, ...] | Failure, platform: str) -> str | Failure:
    """The digest of the image for a platform."""
    if isinstance(offered, Failure):
        return offered
    match = next((each for each in offered if _is(each, platform)), None)
    if match is None:
        has = ", ".join(sorted({each.name for each in offered})) or "no platform at all"
        return Failure("NotFound", f"no image for {platform}; it has {has}")
    return match.digest


def _is(offered: Platform, platform: str) -> bool:
    """Whether this is the platform that was asked for; arm64 is arm64/v8 (containerd platforms, Normalize)."""
    os, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    if (offered.os, offered.architecture) != (os, architecture):
        return False
    usual = "v8" if architecture == "arm64" else ""
    return not variant or variant == (offered.variant or usual)


def _child(digest: str, platforms: tuple[Platform, ...] | Failure | None) -> Platform | None:
    if platforms is None or isinstance(platforms, Failure):
        return None
    return next((each for each in platforms if each.digest == digest), None)
