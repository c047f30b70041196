"""pin -f: tags replaced by digests in manifests, kustomizations and values of charts, every other byte kept.

One look-up per distinct reference, all in parallel. What cannot be resolved stays as it is and is told; everything
else is pinned all the same. No cluster is asked.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.pin_verdicts import (
    PinVerdict,
    RegistryAnswers,
    platforms_reference,
    references_to_resolve,
)
from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.manifests.items import Spot, file_item
from kubectl_pullpolicy.core.pins.files import (
    PinRequest,
    Unreadable,
    change_of,
    item_of_verdict,
    items_of_change,
    judgement_of,
    policy_is_the_charts,
    reference_of,
    stays_always,
)
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.files.manifests import ManifestFile
from kubectl_pullpolicy.flags.checks import check_policy
from kubectl_pullpolicy.flags.options import RegistryFlags
from kubectl_pullpolicy.lookups.resolver import open_resolver
from kubectl_pullpolicy.printers.plans.file_plan import print_gates
from kubectl_pullpolicy.printers.progress import Progress
from kubectl_pullpolicy.terminal import print_message, print_warning
from kubectl_pullpolicy.writes.files import FileRequest, Intended, Run, carry_out, read, refusal, show

GATED = 3


class _Image(NamedTuple):
    """An image of the files, and the reference that it is."""

    file: ManifestFile
    spot: Spot
    reference: ImageReference


def run_files(request: PinRequest, files: FileRequest, registries: RegistryFlags) -> int:
    """Pins. Returns the exit code: 3 where `--check` found something. Raises PullPolicyError."""
    _verify(request, files)
    run = read(files)
    images = list(_images(run, request))
    answers = _asked(request, [image.reference for image in images], registries)
    judged = [(image, judgement_of(image.reference, request, answers)) for image in images]
    if request.check:
        return _check(run, judged)
    intended = [each for image, judgement in judged for each in _intended(run, image, judgement, request)]
    _warn_of_platform(request, intended)
    carry_out(run, intended)
    if not images and not run.items and not run.errors:
        print_message("No images to pin.")
    return 1 if run.errors else 0


def _verify(request: PinRequest, files: FileRequest) -> None:
    if request.policy:
        check_policy(request.policy)
    if request.platform and (request.platform.count("/") not in {1, 2} or not all(request.platform.split("/"))):
        raise UsageError(f'--platform="{request.platform}" is not OS/ARCHITECTURE, as in linux/arm64')
    if request.check and (files.write or files.diff or request.update or request.policy or request.drop_tag):
        raise UsageError("--check changes nothing: no --write, --diff, --update, --policy or --drop-tag with it")


def _images(run: Run, request: PinRequest) -> Iterator[_Image]:
    """What can be asked for; of the rest what is wrong is an error, and what is decided elsewhere is told."""
    for file, _, spot in run.spots():
        if request.ignores(spot.place):
            continue
        reference = reference_of(spot.place)
        if not isinstance(reference, Unreadable):
            yield _Image(file, spot, reference)
            continue
        item = file_item(spot, "image", None, "failed" if reference.kind == "broken" else "skipped", reference.reason)
        if reference.kind == "broken":
            run.errors.append(refusal(item, reference.reason))
        elif reference.kind == "elsewhere":
            print_message(f"{item.file}:{item.line}: {item.container} is left as it is: {reference.reason}")
        if spot.place.image:
            run.items.append(item)


def _asked(request: PinRequest, references: Sequence[ImageReference], registries: RegistryFlags) -> RegistryAnswers:
    """What the registries say; nothing is asked for where nothing is to be pinned."""
    follow = request.update or request.check
    wanted = [
        asked for each in references for asked in references_to_resolve(each, follow=follow, verify=request.check)
    ]
    if not wanted:
        return RegistryAnswers({}, {})
    resolver = open_resolver(registries)
    progress = Progress(sys.stderr, len(wanted))
    resolved = resolver.resolve(wanted, lambda done, of: progress.show(done))
    progress.clear()
    first = RegistryAnswers(resolved, {})
    tags = {platforms_reference(each, first, request.platform) for each in references}
    return first._replace(platforms=resolver.platforms_of(sorted(tag for tag in tags if tag is not None)))


def _intended(run: Run, image: _Image, judgement: PinVerdict, request: PinRequest) -> Iterator[Intended]:
    """The change of an image, if there is one; what is to be said of it is said."""
    place = image.spot.place
    wanted = change_of(place, judgement, request)
    where = f"{image.spot.file}:{image.spot.line}: {place.image}"
    if judgement.verdict == "failed":
        item = item_of_verdict(image.spot, judgement)
        run.errors.append(refusal(item, judgement.message))
        run.items.append(item)
    elif wanted.digest or wanted.policy:
        yield Intended(image.file, wanted, items_of_change(image.spot, image.reference, wanted))
    else:
        run.items.append(item_of_verdict(image.spot, judgement))
    if judgement.verdict == "platformChild":
        print_warning(f"{where}: {judgement.message}: left as it is")
    if request.policy and policy_is_the_charts(place) and place.form == "values":
        print_message(f"{where}: no policy is set: only the chart knows which value does that")
    if stays_always(image.reference, wanted):
        print_warning(f"{where} gets policy Always by default even with a digest, as its tag is latest; see --policy")


def _warn_of_platform(request: PinRequest, intended: Sequence[Intended]) -> None:
    if request.platform and any(each.wanted.digest for each in intended):
        print_warning(f"nodes of other platforms than {request.platform} cannot run what is pinned to its images")


def _check(run: Run, judged: Sequence[tuple[_Image, PinVerdict]]) -> int:
    for image, judgement in judged:
        item = item_of_verdict(image.spot, judgement)
        run.items.append(item)
        if judgement.verdict == "failed":
            run.errors.append(refusal(item, judgement.message))
        elif judgement.verdict == "current" and judgement.message:
            print_message(f"{item.file}:{item.line}: {item.old}: {judgement.message}")
    run.sort()
    found = sum(item.gate is not None for item in run.items)
    if run.request.output:
        show(run)
    else:
        print_gates(run.items, sys.stdout)
    for error in run.errors:
        print_message(str(error))
    if not run.errors and not run.request.output:
        print_message(
            f"{found} of {len(judged)} images need a look." if found else f"All {len(judged)} images are pinned."
        )
    return 1 if run.errors else GATED if found else 0
