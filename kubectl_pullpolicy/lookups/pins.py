"""Verdicts on the images of live objects, by what the registries say to the credentials of each object."""

from collections.abc import Mapping, Sequence

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict, RegistryAnswers, platforms_reference
from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.pins.workloads import JudgedImage, LiveImage, LivePinRequest
from kubectl_pullpolicy.lookups.batch import Lookup, Platforms, Registries, lookup_with
from kubectl_pullpolicy.lookups.pod_credentials import NoPullCredentials, PullCredentials


class Judge:
    """Judges the images of objects; their pull secrets have been read."""

    def __init__(
        self, request: LivePinRequest, registries: Registries, credentials: PullCredentials | NoPullCredentials
    ) -> None:
        self._request = request
        self._registries = registries
        self._credentials = credentials

    def judged(self, images: Sequence[LiveImage]) -> list[JudgedImage]:
        """Return the verdicts, in the same order."""
        lookups = [self._lookups(image) for image in images]
        resolved = self._registries.resolved(lookup for group in lookups for lookup in group)
        answers = [RegistryAnswers({lookup.reference: resolved[lookup] for lookup in group}, {}) for group in lookups]
        wanted = [self._platform_lookup(image, known) for image, known in zip(images, answers, strict=True)]
        platforms = self._registries.platforms(lookup for lookup in wanted if lookup is not None)
        return [
            JudgedImage(image, self._verdict(image, known._replace(platforms=_platforms(lookup, platforms))))
            for image, known, lookup in zip(images, answers, wanted, strict=True)
        ]

    def _lookups(self, image: LiveImage) -> tuple[Lookup, ...]:
        if image.reference is None:
            return ()
        keychain = self._credentials.keychain(image.live)
        return tuple(lookup_with(keychain, reference) for reference in self._request.lookups(image.reference))

    def _platform_lookup(self, image: LiveImage, answers: RegistryAnswers) -> Lookup | None:
        if image.reference is None:
            return None
        reference = platforms_reference(image.reference, answers, self._request.platform)
        return lookup_with(self._credentials.keychain(image.live), reference) if reference is not None else None

    def _verdict(self, image: LiveImage, answers: RegistryAnswers) -> PinVerdict:
        if image.reference is None:
            return PinVerdict("failed", "", image.reason)
        return self._request.verdict(image.reference, answers)


def _platforms(lookup: Lookup | None, platforms: Mapping[Lookup, Platforms]) -> Mapping[ImageReference, Platforms]:
    return {lookup.reference: platforms[lookup]} if lookup is not None else {}
