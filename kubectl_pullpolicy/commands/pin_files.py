"""pin -f: tags replaced by digests in manifests, kustomizations and values of charts, every other byte kept.

Each distinct reference is looked up once, all in parallel. An image that cannot be resolved is reported and left as it
is; the others are pinned. The cluster is not read.
"""

import sys
from collections.abc import Iterator, Sequence

from kubectl_pullpolicy.core.images.pin_verdicts import RegistryAnswers, platforms_reference
from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.manifests.changes import ImageChange, UnreadableImage
from kubectl_pullpolicy.core.pins.files import decide, stays_always
from kubectl_pullpolicy.core.pins.request import PinRequest
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import check_policy
from kubectl_pullpolicy.flags.options import RegistryFlags
from kubectl_pullpolicy.lookups.resolver import open_resolver
from kubectl_pullpolicy.printers.plans.file_plan import print_gates
from kubectl_pullpolicy.printers.progress import Progress
from kubectl_pullpolicy.terminal import print_message, print_warning
from kubectl_pullpolicy.writes.files import FileRequest, FileRun, carry_out, read_files, show, show_errors

GATED = 3


def run_files(request: PinRequest, files: FileRequest, registries: RegistryFlags) -> int:
    """Pin the images. Return the exit code, 3 if `--check` found something. Raises PullPolicyError."""
    _check_flags(request, files)
    run = read_files(files)
    images = dict(_resolvable(run, request))
    answers = _answers(request, list(images.values()), registries)
    for change, reference in images.items():
        decide(change, request.verdict(reference, answers), request)
        run.changes.append(change)
        if change.result == "failed":
            run.refuse(change, change.message)
        if not request.check:
            _comment_on(change, request)
    if request.check:
        return _show_check(run, list(images))
    if request.platform and any(change.digest for change in images):
        print_warning(f"nodes of other platforms than {request.platform} cannot run what is pinned to its images")
    code = carry_out(run)
    if not run.changes and not run.errors:
        print_message("No images to pin.")
    return code


def _check_flags(request: PinRequest, files: FileRequest) -> None:
    if request.policy:
        check_policy(request.policy)
    if request.check and (files.write or files.diff or request.update or request.policy or request.drop_tag):
        raise UsageError("--check changes nothing: no --write, --diff, --update, --policy or --drop-tag with it")


def _resolvable(run: FileRun, request: PinRequest) -> Iterator[tuple[ImageChange, ImageReference]]:
    """Yield the images that a registry can be asked for; report the others."""
    for change in run.images():
        if request.ignores(change.field.image):
            continue
        if change.reference is not None:
            yield change, change.reference
        elif change.unreadable is not None:
            _report_unreadable(run, change, change.unreadable)


def _report_unreadable(run: FileRun, change: ImageChange, unreadable: UnreadableImage) -> None:
    """A broken image is an error; one that is completed outside the file is a note."""
    if unreadable.kind == "broken":
        run.refuse(change, unreadable.reason)
    else:
        change.end("skipped", unreadable.reason)
    if unreadable.kind == "elsewhere":
        print_message(f"{change.file}:{change.line}: {change.field.container} is left as it is: {unreadable.reason}")
    if change.field.image:
        run.changes.append(change)


def _answers(request: PinRequest, references: Sequence[ImageReference], registries: RegistryFlags) -> RegistryAnswers:
    """Return what the registries say; no registry is opened if nothing is to be looked up."""
    lookups = [lookup for reference in references for lookup in request.lookups(reference)]
    if not lookups:
        return RegistryAnswers({}, {})
    resolver = open_resolver(registries)
    progress = Progress(sys.stderr, len(lookups))
    resolved = resolver.resolve(lookups, lambda done, total: progress.show(done))
    progress.clear()
    answers = RegistryAnswers(resolved, {})
    tags = {platforms_reference(reference, answers, request.platform) for reference in references}
    return answers._replace(platforms=resolver.platforms_of(sorted(tag for tag in tags if tag is not None)))


def _comment_on(change: ImageChange, request: PinRequest) -> None:
    """Warn of what a pin does not solve."""
    place = f"{change.file}:{change.line}: {change.field.image}"
    if change.verdict is not None and change.verdict.verdict == "platformChild":
        print_warning(f"{place}: {change.verdict.message}: left as it is")
    if request.policy and change.field.policy_is_unknown and change.field.form == "values":
        print_message(f"{place}: no policy is set: only the chart knows which value does that")
    if stays_always(change):
        print_warning(f"{place} gets policy Always by default even with a digest, as its tag is latest; see --policy")


def _show_check(run: FileRun, images: Sequence[ImageChange]) -> int:
    for change in images:
        if change.result == "unchanged" and change.message and change.items[0].gate is None:
            print_message(f"{change.file}:{change.line}: {change.field.image}: {change.message}")
    if run.request.output:
        show(run)
    else:
        print_gates(run.items, sys.stdout)
    show_errors(run)
    gated = sum(item.gate is not None for item in run.items)
    if not run.errors and not run.request.output:
        print_message(
            f"{gated} of {len(images)} images need a look." if gated else f"All {len(images)} images are pinned."
        )
    return 1 if run.errors else GATED if gated else 0
