"""What the registries say of the images of live objects, each asked with its own object's credentials."""

from collections.abc import Sequence

from kubectl_pullpolicy.core.images.pin_verdicts import (
    PinVerdict,
    RegistryAnswers,
    judged,
    platforms_reference,
    references_to_resolve,
)
from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.pins.workloads import JudgedImage, LiveImage, LivePinRequest
from kubectl_pullpolicy.lookups.batch import Lookup, Registries, question
from kubectl_pullpolicy.lookups.pod_credentials import NoPullCredentials, PullCredentials


class Judge:
    """Judges the images of objects whose pull secrets were read."""

    def __init__(
        self, request: LivePinRequest, registries: Registries, credentials: PullCredentials | NoPullCredentials
    ) -> None:
        self._request = request
        self._registries = registries
        self._credentials = credentials

    def judged(self, images: Sequence[LiveImage]) -> list[JudgedImage]:
        """The verdicts, in the same order."""
        asked = {_place(image): self._questions(image) for image in images}
        resolved = self._registries.resolved(each for held in asked.values() for each in held.values())
        first = [
            (image, RegistryAnswers({ref: resolved[each] for ref, each in asked[_place(image)].items()}, {}))
            for image in images
        ]
        wanted = {_place(image): self._platform_question(image, answers) for image, answers in first}
        platforms = self._registries.platforms(each for each in wanted.values() if each is not None)
        found = []
        for image, answers in first:
            each = wanted[_place(image)]
            known = {each.reference: platforms[each]} if each is not None else {}
            found.append(JudgedImage(image, self._judgement(image, answers._replace(platforms=known))))
        return found

    def _questions(self, image: LiveImage) -> dict[ImageReference, Lookup]:
        if image.reference is None:
            return {}
        request, keychain = self._request, self._credentials.keychain(image.live)
        follow = request.update or request.check
        wanted = references_to_resolve(image.reference, follow=follow, verify=request.check)
        return {reference: question(reference, keychain) for reference in wanted}

    def _platform_question(self, image: LiveImage, answers: RegistryAnswers) -> Lookup | None:
        if image.reference is None:
            return None
        reference = platforms_reference(image.reference, answers, self._request.platform)
        return question(reference, self._credentials.keychain(image.live)) if reference is not None else None

    def _judgement(self, image: LiveImage, answers: RegistryAnswers) -> PinVerdict:
        """A pin is not looked at unless that was asked for."""
        reference, request = image.reference, self._request
        if reference is None:
            return PinVerdict("failed", "", image.reason)
        if reference.digest and not (request.update or request.check):
            return PinVerdict("current")
        if request.check and not reference.digest:
            return PinVerdict("pin")
        return judged(reference, answers, request.platform)


def _place(image: LiveImage) -> str:
    return image.slot.path + str(image.live.ref)
