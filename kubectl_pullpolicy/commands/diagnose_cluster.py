"""diagnose, of a cluster, a dump or a recording: what is failing?"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.incidents.failing_pods import FailingPods
from kubectl_pullpolicy.core.incidents.incidents import Incidents
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.report.explanation import API_VERSION, SubjectExplanation
from kubectl_pullpolicy.core.report.incident import Incident, IncidentList
from kubectl_pullpolicy.core.source.interface import Selection, Source
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.checks import check_format, check_names, check_probe
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, RegistryFlags, SelectionFlags
from kubectl_pullpolicy.flags.repeat import selector_flags, source_flags
from kubectl_pullpolicy.flags.requests import DiagnoseRequest
from kubectl_pullpolicy.printers import Style, print_names
from kubectl_pullpolicy.printers.incidents import print_incident_list, print_incidents, print_incidents_in_full
from kubectl_pullpolicy.sources import open_source
from kubectl_pullpolicy.terminal import print_message, print_warning, use_colour

FORMATS = ("", "json", "yaml", "name", "wide")


@dataclass(frozen=True)
class DiagnoseRun:
    """One run: what was asked, of what, and what was seen."""

    request: DiagnoseRequest
    targets: tuple[Target, ...]
    selection: Selection
    output: OutputFlags
    source: Source
    query: Query
    failures: FailingPods
    probe: Callable[[tuple[Incident, ...]], tuple[Incident, ...]]
    place: str  # flags of a command that reads there, too
    errors: list[PullPolicyError] = field(default_factory=list)

    @property
    def in_full(self) -> bool:
        """Whether to print each incident in full: where that was asked for, or single objects were named."""
        return self.request.details or self.request.probe or any(target.name is not None for target in self.targets)


def run_cluster(
    request: DiagnoseRequest,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
    registries: RegistryFlags,
) -> int:
    """Tells what fails among what the flags select. Returns the exit code. Raises PullPolicyError."""
    targets = parse_targets(request.targets)
    _check(targets, selection, output)
    check_probe(output, probe=request.probe, demo=request.demo)
    source, server = open_source(connection, selection, demo=request.demo, now=request.now, print_warning=print_warning)
    probe = _probe(request, registries, source)
    recorder = None
    if request.record:
        from kubectl_pullpolicy.files import Recorder

        source = recorder = Recorder(source, server, source.namespace or "")
    namespace = None if selection.all_namespaces else connection.namespace or source.namespace
    selected = Selection(namespace, selection.selector, selection.field_selector)
    # A table tells of no Secret, so none is read for it.
    told = request.details or any(target.name for target in targets) or output.output in {"json", "yaml"}
    credentials: CredentialsWanted = "failing" if told and not request.no_secrets else "never"
    query = Query(source, "failures", credentials)
    failures = FailingPods(source, query, selection.container)
    place = source_flags(connection, selection, demo=request.demo)
    asked = DiagnoseRun(request, targets, selected, output, source, query, failures, probe, place)
    incidents = _answer(asked)
    if recorder is not None:
        recorder.write(request.record)
    return _close(asked, incidents)


def _check(targets: tuple[Target, ...], selection: SelectionFlags, output: OutputFlags) -> None:
    check_format(output.output, FORMATS)
    check_names(targets, selection)


def _answer(asked: DiagnoseRun) -> Incidents:
    """Reads, and prints."""
    incidents = Incidents()
    if asked.output.output == "name":
        print_names(_counted(asked, incidents), sys.stdout)
        return incidents
    for _ in _counted(asked, incidents):
        pass
    platforms = asked.failures.platforms() if incidents.failing else None
    found = incidents.found(asked.failures.image_usage, platforms, asked.selection.namespace)
    _print(asked, incidents, asked.probe(found))
    return incidents


def _probe(
    request: DiagnoseRequest, registries: RegistryFlags, source: Source
) -> Callable[[tuple[Incident, ...]], tuple[Incident, ...]]:
    """What asks the registries about the examples of incidents, where that is wanted."""
    if not request.probe:
        return lambda incidents: incidents
    from kubectl_pullpolicy.lookups.incident_probe import probed_incidents
    from kubectl_pullpolicy.lookups.probe import open_prober

    prober = open_prober(registries, source, no_secrets=request.no_secrets)
    query = Query(source, credentials="never" if request.no_secrets else "failing")
    return lambda incidents: probed_incidents(incidents, prober, query)


def _counted(asked: DiagnoseRun, incidents: Incidents) -> Iterator[list[SubjectExplanation]]:
    """The pages of failing Pods, taken into account on their way."""
    for page in _found(asked):
        for subject in page:
            incidents.take(subject)
        yield page


def _found(asked: DiagnoseRun) -> Iterator[list[SubjectExplanation]]:
    for target in asked.targets or (None,):
        try:
            yield from asked.failures.of_target(target, asked.selection)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(asked.targets) < 2:
                raise
            asked.errors.append(error)


def _print(asked: DiagnoseRun, incidents: Incidents, found: tuple[Incident, ...]) -> None:
    form = asked.output.output
    everywhere = asked.selection.namespace is None
    style = Style(lambda: asked.source.now, everywhere, asked.output.no_headers, form == "wide", use_colour(sys.stdout))
    if form in {"json", "yaml"}:
        counts = asked.failures.pods, incidents.failing
        print_incident_list(
            IncidentList(API_VERSION, "IncidentList", found, *counts, asked.query.refusals()), form, sys.stdout
        )
    elif asked.in_full and form == "":
        print_incidents_in_full(found, style, sys.stdout)
    else:
        print_incidents(found, style, sys.stdout)


def _close(asked: DiagnoseRun, incidents: Incidents) -> int:
    """What is said on standard error when all is printed, and the exit code."""
    sys.stdout.flush()
    structured = asked.output.output in {"json", "yaml"}
    for refusal in () if structured else asked.query.refusals():
        print_message(f"{refusal}: what it would tell is missing")
    errors = [*asked.source.errors, *asked.errors]
    for error in errors:
        print_message(str(error))
    if not errors and not structured and asked.output.output != "name":
        _summarise(asked, incidents)
    return 1 if errors else 0


def _summarise(asked: DiagnoseRun, incidents: Incidents) -> None:
    """The closing line."""
    pods, namespace = asked.failures.pods, asked.selection.namespace
    where = f" in {namespace} namespace" if namespace is not None else ""
    if pods == 0:
        print_message(
            f"No resources found in {namespace} namespace." if namespace is not None else "No resources found"
        )
    elif incidents.failing == 0:
        print_message(f"None of {pods:,} Pods{where} waits for its image.")
    elif not asked.in_full:
        flag = f"-n {namespace}" if namespace is not None else "-A"
        causes = "1 cause" if incidents.causes == 1 else f"{incidents.causes} causes"
        one = f"kubectl pullpolicy explain POD {_own(namespace)}{asked.place}"
        more = f"kubectl pullpolicy diagnose --details {flag}{selector_flags(asked.selection)}{asked.place}, {one}"
        print_message(f"{causes}, {incidents.failing:,} of {pods:,} Pods. In full: {more}")


def _own(namespace: str | None) -> str:
    return f"-n {namespace}" if namespace is not None else "-n NS"
