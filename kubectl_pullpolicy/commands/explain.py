"""explain: what is the policy, and why?"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from kubectl_pullpolicy.core.explain.explainer import explain_image
from kubectl_pullpolicy.core.explain.grouping import grouped_pods
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.pod_templates import PULL_POLICIES
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation, filter_containers
from kubectl_pullpolicy.core.source.interface import Selection, Source
from kubectl_pullpolicy.errors import PullPolicyError, UsageError
from kubectl_pullpolicy.flags.checks import check_format, check_names, check_policy, check_probe
from kubectl_pullpolicy.flags.requests import ExplainRequest
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.sources import OpenedSource, open_request
from kubectl_pullpolicy.terminal import print_message, print_warning, use_colour

if TYPE_CHECKING:
    from kubectl_pullpolicy.lookups.probe import Prober

Pages = Iterator[list[SubjectExplanation]]


@dataclass
class ExplainSummary:
    """What the closing lines say: counts of containers, notes on workloads, and the errors of single targets."""

    containers: int = 0
    failing: int = 0
    shown: int = 0
    notes: list[str] = field(default_factory=list)
    errors: list[PullPolicyError] = field(default_factory=list)


@dataclass(frozen=True)
class ExplainRun:
    """One run: the request, what it reads, and the summary of what was read."""

    request: ExplainRequest
    targets: tuple[Target, ...]
    opened: OpenedSource
    query: Query
    summary: ExplainSummary
    prober: "Prober | None" = None

    @property
    def source(self) -> Source:
        """The source to read."""
        return self.opened.source

    @property
    def selection(self) -> Selection:
        """The objects to read."""
        return self.opened.selection

    @property
    def form(self) -> str:
        """The output format."""
        return self.request.output.output

    @property
    def named(self) -> bool:
        """Whether a target names an object: the full text is then the default."""
        return any(target.name is not None for target in self.targets)


def run(request: ExplainRequest) -> int:
    """Print the explanations of what the flags select. Returns the exit code. Raises PullPolicyError."""
    targets = parse_targets(request.targets)
    _check(request, targets)
    if request.flags.watch or request.flags.watch_only:
        from kubectl_pullpolicy.commands.explain_watch import run_watch

        return run_watch(request, targets)
    if request.flags.image:
        return _run_image(request)
    opened = open_request(request, print_warning)
    prober = _prober(request, opened.unrecorded)
    query = Query(opened.source, credentials=request.credentials_wanted)
    explain_run = ExplainRun(request, targets, opened, query, ExplainSummary(), prober)
    _print(explain_run)
    opened.write_recording(request.recording.record)
    return _close(explain_run)


def _check(request: ExplainRequest, targets: tuple[Target, ...]) -> None:
    flags = request.flags
    check_format(request.output.output, request.output.formats)
    check_names(targets, request.selection)
    if flags.credentials and flags.no_secrets:
        raise UsageError("--credentials cannot be used with --no-secrets")
    check_probe(request.output, probe=flags.probe, demo=request.recording.demo)
    if flags.policy and not flags.image:
        raise UsageError("--policy goes with --image")
    if flags.policy:
        check_policy(flags.policy, PULL_POLICIES)
    if flags.image and (targets or request.selection.filename or request.recording.demo):
        raise UsageError("--image takes no target and no file")


def _prober(request: ExplainRequest, source: Source | None) -> "Prober | None":
    """Return the prober of registries for --probe. Without a source it uses this machine's credentials."""
    if not request.flags.probe:
        return None
    from kubectl_pullpolicy.lookups.probe import open_prober

    return open_prober(request.registries, source, no_secrets=request.flags.no_secrets)


def _run_image(request: ExplainRequest) -> int:
    from datetime import UTC, datetime

    explanation = explain_image(request.flags.image, request.flags.policy)
    subject = SubjectExplanation("", "", "", None, None, False, "", (), (explanation,))
    prober = _prober(request, None)
    if prober is not None:
        [subject] = prober.probed([subject])
    style = Style(lambda: datetime.now(UTC), use_colour=use_colour(sys.stdout))
    if request.output.output in {"json", "yaml"}:
        _print_structured(request.output.output, [[subject]], tuple)
    else:
        from kubectl_pullpolicy.printers.explanation import print_explanations_in_full

        print_explanations_in_full([[subject]], style, sys.stdout)
    return 0


def _all_pages(explain_run: ExplainRun) -> Pages:
    if not explain_run.targets:
        yield from explain_run.query.listed(explain_run.selection)
    for target in explain_run.targets:
        try:
            yield from _target_pages(explain_run, target)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(explain_run.targets) == 1:
                raise
            explain_run.summary.errors.append(error)


def _target_pages(explain_run: ExplainRun, target: Target) -> Pages:
    if target.name is not None:
        return explain_run.query.named(target, explain_run.selection.namespace)
    if target.info.kind == "Pod":
        return explain_run.query.listed(explain_run.selection)
    return explain_run.query.templates(target.info.kind, target.info.api_version, explain_run.selection)


def _pages(explain_run: ExplainRun) -> Pages:
    """Yield the pages, narrowed to the containers that the flags select, and count them."""
    summary, flags = explain_run.summary, explain_run.request.flags
    container = explain_run.request.selection.container
    for page in _all_pages(explain_run):
        filtered = [filter_containers(subject, container, failing=flags.failing) for subject in page]
        shown = [subject for subject in filtered if subject is not None]
        summary.containers += sum(len(subject.containers) for subject in page)
        summary.shown += sum(len(subject.containers) for subject in shown)
        summary.notes += [f"{s.target}: {note}" for s in page if s.kind != "Pod" for note in s.notes]
        summary.failing += sum(
            c.status is not None and c.status.pull_failing for subject in page for c in subject.containers
        )
        yield _placed(
            explain_run.prober.probed(shown) if explain_run.prober is not None else shown, explain_run.request
        )


def _placed(page: list[SubjectExplanation], request: ExplainRequest) -> list[SubjectExplanation]:
    """Return a page whose commands reach the same cluster."""
    flags = request.connection.repeated
    if not flags:
        return page
    from kubectl_pullpolicy.core.report.evidence import placed

    return [placed(subject, flags) for subject in page]


def _print(explain_run: ExplainRun) -> None:
    """Print the pages. Printers are imported where they are used: start-up time is a feature."""
    form, pages, flags = explain_run.form, _pages(explain_run), explain_run.request.flags
    if form in {"json", "yaml", "name"}:
        _print_structured(form, pages, lambda: (*explain_run.query.refusals(), *explain_run.summary.notes))
        return
    everywhere, wide = explain_run.selection.namespace is None, form == "wide"
    no_headers = explain_run.request.output.no_headers
    style = Style(lambda: explain_run.source.now, everywhere, no_headers, wide, use_colour(sys.stdout))
    if form == "" and (flags.details or flags.probe or explain_run.named):
        from kubectl_pullpolicy.printers.explanation import print_explanations_in_full

        print_explanations_in_full(grouped_pods(pages), style, sys.stdout)
    else:
        from kubectl_pullpolicy.printers.table import print_table

        print_table(pages, style, sys.stdout)


def _print_structured(
    form: str, pages: Iterable[Sequence[SubjectExplanation]], notes: Callable[[], Sequence[str]]
) -> None:
    """Print a whole document also if the pages break off: then a note says so, and the error is raised."""
    from kubectl_pullpolicy.printers.structured import print_json, print_names, print_yaml

    partial = _PartialPages(pages)
    if form == "json":
        print_json(partial.pages(), lambda: (*notes(), *partial.notes), sys.stdout)
    elif form == "yaml":
        print_yaml(partial.pages(), lambda: (*notes(), *partial.notes), sys.stdout)
    else:
        print_names(partial.pages(), sys.stdout)
    if partial.error is not None:
        sys.stdout.flush()
        raise partial.error


class _PartialPages:
    """Pages up to an error. An error before the first page is raised at once, so that nothing is printed."""

    def __init__(self, pages: Iterable[Sequence[SubjectExplanation]]) -> None:
        self._rest = iter(pages)
        self._first = list(islice(self._rest, 1))
        self.error: PullPolicyError | KeyboardInterrupt | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing, and why."""
        return () if self.error is None else (f"incomplete: {str(self.error) or 'interrupted'}",)

    def pages(self) -> Iterator[Sequence[SubjectExplanation]]:
        """Yield the pages. An error ends them, and is kept."""
        try:
            while self._first:  # and do not keep it
                yield self._first.pop()
            yield from self._rest
        except (PullPolicyError, KeyboardInterrupt) as error:
            self.error = error


def _close(explain_run: ExplainRun) -> int:
    """Print the closing lines on standard error. Returns the exit code."""
    sys.stdout.flush()
    structured = explain_run.form in {"json", "yaml"}
    for refusal in () if structured else explain_run.query.refusals():
        print_message(f"{refusal}: reasons that it would prove are missing")
    errors = [*explain_run.source.errors, *explain_run.summary.errors]
    for text in dict.fromkeys(map(str, errors)):
        print_message(text)
    if not errors and not structured and explain_run.form != "name":
        _summarise(explain_run)
    return 1 if errors else 0


def _summarise(explain_run: ExplainRun) -> None:
    """Print the closing line of a table. Raises UsageError if no Pod has the container of -c."""
    summary, namespace, request = explain_run.summary, explain_run.selection.namespace, explain_run.request
    where = f" in {namespace} namespace" if namespace is not None else ""
    if summary.containers == 0:
        print_message(
            f"No resources found in {namespace} namespace." if namespace is not None else "No resources found"
        )
    elif summary.shown == 0 and request.flags.failing:
        print_message(f"None of {summary.containers} containers{where} waits for its image.")
    elif summary.shown == 0:
        raise UsageError(f"container {request.selection.container} is not in any of the Pods{where}")
    elif summary.failing and not request.flags.details and not explain_run.targets:
        from kubectl_pullpolicy.flags.repeat import selector_flags, source_flags

        flag = f"-n {namespace}" if namespace is not None else "-A"
        repeated = selector_flags(explain_run.selection) + source_flags(request)
        more = f"kubectl pullpolicy explain --failing --details {flag}{repeated}"
        print_message(f"{summary.failing} of {summary.containers} containers cannot pull. In full: {more}")
