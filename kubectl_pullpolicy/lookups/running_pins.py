"""What the Pods of live objects run, as digests: their nodes tell it, the registries confirm it or decide."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict, RegistryAnswers, tag_reference
from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.pins.running import (
    RunningDigests,
    at_digest,
    common_verdict,
    indexes_needed,
    needs_tag,
    running_digests,
    verdict_of_pod,
)
from kubectl_pullpolicy.core.pins.workloads import JudgedImage, LiveImage
from kubectl_pullpolicy.lookups.batch import Registries, lookup_with
from kubectl_pullpolicy.lookups.pod_credentials import NoPullCredentials, PullCredentials
from kubectl_pullpolicy.lookups.running_pods import RunningPods
from kubectl_pullpolicy.registry import Keychain


class _Case(NamedTuple):
    """An image that is to be pinned, and what its Pods tell of it, by their names."""

    image: LiveImage
    reference: ImageReference
    keychain: Keychain
    reports: tuple[tuple[str, RunningDigests], ...]


class RunningJudge:
    """Judges the images of objects whose pull secrets and Pods were read."""

    def __init__(
        self, platform: str, registries: Registries, credentials: PullCredentials | NoPullCredentials, pods: RunningPods
    ) -> None:
        self._platform = platform
        self._registries = registries
        self._credentials = credentials
        self._pods = pods

    def judged(self, images: Sequence[LiveImage]) -> list[JudgedImage]:
        """The verdicts, in the same order."""
        cases = [self._case(image) for image in images]
        asked = [each for each in cases if isinstance(each, _Case)]
        answers = self._digests(asked)
        answers = self._tags(asked, answers)
        answers = self._platforms(asked, answers)
        verdicts = iter(self._verdict(case, known) for case, known in zip(asked, answers, strict=True))
        return [
            JudgedImage(image, case if isinstance(case, PinVerdict) else next(verdicts))
            for image, case in zip(images, cases, strict=True)
        ]

    def _case(self, image: LiveImage) -> _Case | PinVerdict:
        reference = image.reference
        if reference is None:
            return PinVerdict("failed", "", image.reason)
        if reference.digest:
            return PinVerdict("current")
        if image.container.kind == "imageVolume":
            return PinVerdict("failed", "", "no status tells what an image volume holds")
        image_usage = self._pods.image_usage(image.live, image.container.key, image.container.image)
        reports = tuple((each.pod, running_digests(reference, each)) for each in image_usage)
        return _Case(image, reference, self._credentials.keychain(image.live), reports)

    def _digests(self, cases: Sequence[_Case]) -> list[RegistryAnswers]:
        empty = RegistryAnswers({}, {})
        return self._resolved([(each, empty, _candidates(each)) for each in cases])

    def _tags(self, cases: Sequence[_Case], known: Sequence[RegistryAnswers]) -> list[RegistryAnswers]:
        wanted = []
        for case, answers in zip(cases, known, strict=True):
            matters = any(needs_tag(case.reference, reports, answers) for _, reports in case.reports)
            tagged = tag_reference(case.reference)
            wanted.append((case, answers, [tagged] if matters and tagged is not None else []))
        return self._resolved(wanted)

    def _resolved(
        self, wanted: Sequence[tuple[_Case, RegistryAnswers, Iterable[ImageReference]]]
    ) -> list[RegistryAnswers]:
        """What was known of each case, with more of it."""
        asked = [
            (each, answers, {ref: lookup_with(each.keychain, ref) for ref in refs}) for each, answers, refs in wanted
        ]
        found = self._registries.resolved(one for _, _, questions in asked for one in questions.values())
        return [
            answers._replace(resolved={**answers.resolved, **{ref: found[one] for ref, one in questions.items()}})
            for _, answers, questions in asked
        ]

    def _platforms(self, cases: Sequence[_Case], known: Sequence[RegistryAnswers]) -> list[RegistryAnswers]:
        wanted = [
            {
                ref: lookup_with(case.keychain, ref)
                for _, reports in case.reports
                for ref in indexes_needed(case.reference, reports, answers, self._platform)
            }
            for case, answers in zip(cases, known, strict=True)
        ]
        found = self._registries.platforms(one for questions in wanted for one in questions.values())
        return [
            answers._replace(platforms={ref: found[one] for ref, one in questions.items()})
            for answers, questions in zip(known, wanted, strict=True)
        ]

    def _verdict(self, case: _Case, answers: RegistryAnswers) -> PinVerdict:
        verdicts = [
            (pod, verdict_of_pod(case.reference, reports, answers, self._platform)) for pod, reports in case.reports
        ]
        return common_verdict(case.reference, verdicts)


def _candidates(case: _Case) -> Iterator[ImageReference]:
    for _, reports in case.reports:
        for digest in reports.digests:
            yield at_digest(case.reference, digest)
