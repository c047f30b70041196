"""explain: what is the policy, and why?"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, RegistryFlags, SelectionFlags
from kubectl_pullpolicy.flags.repeat import selector_flags, source_flags
from kubectl_pullpolicy.printers import Style, print_json, print_names, print_narratives, print_table, print_yaml
from kubectl_pullpolicy.sources import open_source
from kubectl_pullpolicy.terminal import print_message, print_warning, use_colour

if TYPE_CHECKING:
    from kubectl_pullpolicy.lookups.probe import Prober
from kubectl_pullpolicy.flags.requests import ExplainRequest

FORMATS = ("", "json", "yaml", "name", "wide")
Pages = Iterator[list[SubjectExplanation]]


@dataclass
class Counts:
    """What was seen while pages went by: counts, sentences about workloads, and the errors of single targets."""

    containers: int = 0
    failing: int = 0
    shown: int = 0
    notes: list[str] = field(default_factory=list)
    errors: list[PullPolicyError] = field(default_factory=list)


@dataclass(frozen=True)
class ExplainRun:
    """One run: what was asked, of what, and what was seen."""

    request: ExplainRequest
    targets: tuple[Target, ...]
    selection: Selection
    container: str
    output: OutputFlags
    source: Source
    query: Query
    tally: Counts
    prober: "Prober | None" = None
    place: str = ""  # flags of a command that reads there, too

    @property
    def named(self) -> bool:
        """Whether single objects were named: then the full text is the usual form."""
        return any(target.name is not None for target in self.targets)


def run(
    request: ExplainRequest,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
    registries: RegistryFlags,
) -> int:
    """Explains what the flags select, on standard output. Returns the exit code. Raises PullPolicyError."""
    targets = parse_targets(request.targets)
    _check(request, targets, selection, output)
    if request.watch or request.watch_only:
        from kubectl_pullpolicy.commands.explain_watch import run_watch

        return run_watch(request, targets, connection, selection, output)
    if request.image:
        return _run_image(request, output, registries)
    source, server = open_source(connection, selection, demo=request.demo, now=request.now, print_warning=print_warning)
    prober = _prober(request, registries, source)
    recorder = None
    if request.record:
        from kubectl_pullpolicy.files import Recorder

        source = recorder = Recorder(source, server, source.namespace or "")
    namespace = None if selection.all_namespaces else connection.namespace or source.namespace
    selected = Selection(namespace, selection.selector, selection.field_selector)
    query = Query(source, credentials=request.credentials_wanted)
    place = source_flags(connection, selection, demo=request.demo)
    asked = ExplainRun(request, targets, selected, selection.container, output, source, query, Counts(), prober, place)
    _print(asked)
    if recorder is not None:
        recorder.write(request.record)
    return _close(asked)


def _check(
    request: ExplainRequest, targets: tuple[Target, ...], selection: SelectionFlags, output: OutputFlags
) -> None:
    check_format(output.output, FORMATS)
    check_names(targets, selection)
    if request.credentials and request.no_secrets:
        raise UsageError("--credentials cannot be used with --no-secrets")
    check_probe(output, probe=request.probe, demo=request.demo)
    if request.policy and not request.image:
        raise UsageError("--policy goes with --image")
    if request.policy:
        check_policy(request.policy, PULL_POLICIES)
    if request.image and (targets or selection.filename or request.demo):
        raise UsageError("--image takes no target and no file")


def _prober(request: ExplainRequest, registries: RegistryFlags, source: Source | None) -> "Prober | None":
    """What asks registries, where that is wanted; without a source with this machine's credentials."""
    if not request.probe:
        return None
    from kubectl_pullpolicy.lookups.probe import open_prober

    return open_prober(registries, source, no_secrets=request.no_secrets)


def _run_image(request: ExplainRequest, output: OutputFlags, registries: RegistryFlags) -> int:
    from datetime import UTC, datetime

    explanation = explain_image(request.image, request.policy)
    subject = SubjectExplanation("", "", "", None, None, False, "", (), (explanation,))
    prober = _prober(request, registries, None)
    if prober is not None:
        [subject] = prober.probed([subject])
    style = Style(lambda: datetime.now(UTC), use_colour=use_colour(sys.stdout))
    if output.output == "json":
        print_json([[subject]], tuple, sys.stdout)
    elif output.output == "yaml":
        print_yaml([[subject]], tuple, sys.stdout)
    else:
        print_narratives([[subject]], style, sys.stdout)
    return 0


def _found(asked: ExplainRun) -> Pages:
    if not asked.targets:
        yield from asked.query.listed(asked.selection)
    for target in asked.targets:
        try:
            yield from _found_target(asked, target)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(asked.targets) == 1:
                raise
            asked.tally.errors.append(error)


def _found_target(asked: ExplainRun, target: Target) -> Pages:
    if target.name is not None:
        return asked.query.named(target, asked.selection.namespace)
    if target.info.kind == "Pod":
        return asked.query.listed(asked.selection)
    return asked.query.templates(target.info.kind, target.info.api_version, asked.selection)


def _kept(asked: ExplainRun) -> Pages:
    """The pages with what was asked for, counted on their way."""
    tally = asked.tally
    for page in _found(asked):
        kept = [filter_containers(subject, asked.container, failing=asked.request.failing) for subject in page]
        shown = [subject for subject in kept if subject is not None]
        tally.containers += sum(len(subject.containers) for subject in page)
        tally.shown += sum(len(subject.containers) for subject in shown)
        tally.notes += [f"{s.target}: {note}" for s in page if s.kind != "Pod" for note in s.notes]
        tally.failing += sum(
            c.status is not None and c.status.pull_failing for subject in page for c in subject.containers
        )
        yield asked.prober.probed(shown) if asked.prober is not None else shown


def _print(asked: ExplainRun) -> None:
    form, pages = asked.output.output, _kept(asked)

    def notes() -> tuple[str, ...]:
        return (*asked.query.refusals(), *asked.tally.notes)

    everywhere = asked.selection.namespace is None
    style = Style(lambda: asked.source.now, everywhere, asked.output.no_headers, form == "wide", use_colour(sys.stdout))
    if form == "json":
        print_json(pages, notes, sys.stdout)
    elif form == "yaml":
        print_yaml(pages, notes, sys.stdout)
    elif form == "name":
        print_names(pages, sys.stdout)
    elif form == "" and (asked.request.details or asked.request.probe or asked.named):
        print_narratives(grouped_pods(pages), style, sys.stdout)
    else:
        print_table(pages, style, sys.stdout)


def _close(asked: ExplainRun) -> int:
    """What is said on standard error when all is printed, and the exit code."""
    sys.stdout.flush()
    structured = asked.output.output in {"json", "yaml"}
    for refusal in () if structured else asked.query.refusals():
        print_message(f"{refusal}: reasons that it would prove are missing")
    errors = [*asked.source.errors, *asked.tally.errors]
    for error in errors:
        print_message(str(error))
    if not errors and not structured and asked.output.output != "name":
        _summarise(asked)
    return 1 if errors else 0


def _summarise(asked: ExplainRun) -> None:
    """The closing line of a table. Raises UsageError where -c names no container at all."""
    tally, namespace, request = asked.tally, asked.selection.namespace, asked.request
    where = f" in {namespace} namespace" if namespace is not None else ""
    if tally.containers == 0:
        print_message(
            f"No resources found in {namespace} namespace." if namespace is not None else "No resources found"
        )
    elif tally.shown == 0 and request.failing:
        print_message(f"None of {tally.containers} containers{where} waits for its image.")
    elif tally.shown == 0:
        raise UsageError(f"container {asked.container} is not in any of the Pods{where}")
    elif tally.failing and not request.details and not asked.targets:
        flag = f"-n {namespace}" if namespace is not None else "-A"
        more = f"kubectl pullpolicy explain --failing --details {flag}{selector_flags(asked.selection)}{asked.place}"
        print_message(f"{tally.failing} of {tally.containers} containers cannot pull. In full: {more}")
