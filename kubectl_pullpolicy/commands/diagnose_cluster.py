"""diagnose of a cluster, saved output of kubectl get or a recording: what is failing?"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.incidents.failing_pods import FailingPods
from kubectl_pullpolicy.core.incidents.incidents import Incidents
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.report.evidence import placed
from kubectl_pullpolicy.core.report.explanation import API_VERSION, SubjectExplanation
from kubectl_pullpolicy.core.report.incident import Incident, IncidentList
from kubectl_pullpolicy.core.source.interface import Selection, Source
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.checks import check_format, check_names, check_probe
from kubectl_pullpolicy.flags.repeat import selector_flags, source_flags
from kubectl_pullpolicy.flags.requests import DiagnoseRequest
from kubectl_pullpolicy.printers.incidents import print_incident_list, print_incidents, print_incidents_in_full
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.sources import OpenedSource, open_request
from kubectl_pullpolicy.terminal import print_message, print_warning, use_colour


@dataclass(frozen=True)
class DiagnoseRun:
    """One run: the request, what it reads, and the errors of single targets."""

    request: DiagnoseRequest
    targets: tuple[Target, ...]
    opened: OpenedSource
    query: Query
    failures: FailingPods
    probe: Callable[[tuple[Incident, ...]], tuple[Incident, ...]]
    errors: list[PullPolicyError] = field(default_factory=list)

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
    def in_full(self) -> bool:
        """Whether to print each incident in full: with --details or --probe, or if a target names an object."""
        flags, probing = self.request.flags, self.request.probing
        return flags.details or probing.probe or any(target.name is not None for target in self.targets)


def run_cluster(request: DiagnoseRequest) -> int:
    """Print what fails among the objects that the flags select. Returns the exit code. Raises PullPolicyError."""
    targets = parse_targets(request.targets)
    check_format(request.output.output, request.output.formats)
    check_names(targets, request.selection)
    check_probe(request.output, probe=request.probing.probe, demo=request.recording.demo)
    opened = open_request(request, print_warning)
    probe = _probe(request, opened.unrecorded)
    query = Query(opened.source, "failures", _credentials_wanted(request, targets))
    failures = FailingPods(opened.source, query, request.selection.container)
    diagnose_run = DiagnoseRun(request, targets, opened, query, failures, probe)
    incidents = _answer(diagnose_run)
    opened.write_recording(request.recording.record)
    return _close(diagnose_run, incidents)


def _credentials_wanted(request: DiagnoseRequest, targets: tuple[Target, ...]) -> CredentialsWanted:
    """A table shows no Secret, so none is read for it."""
    shown = request.flags.details or any(target.name for target in targets) or request.output.output in {"json", "yaml"}
    return "failing" if shown and not request.probing.no_secrets else "never"


def _answer(diagnose_run: DiagnoseRun) -> Incidents:
    """Read and print the incidents."""
    incidents = Incidents()
    if diagnose_run.form == "name":
        from kubectl_pullpolicy.printers.structured import print_names

        print_names(_counted(diagnose_run, incidents), sys.stdout)
        return incidents
    for _ in _counted(diagnose_run, incidents):
        pass
    platforms = diagnose_run.failures.platforms() if incidents.failing else None
    listed = incidents.found(diagnose_run.failures.image_usage, platforms, diagnose_run.selection.namespace)
    flags = diagnose_run.request.connection.repeated
    _print(diagnose_run, incidents, tuple(placed(each, flags) for each in diagnose_run.probe(listed)))
    return incidents


def _probe(request: DiagnoseRequest, source: Source) -> Callable[[tuple[Incident, ...]], tuple[Incident, ...]]:
    """Return the function that asks registries about the examples of incidents, with --probe."""
    if not request.probing.probe:
        return lambda incidents: incidents
    from kubectl_pullpolicy.lookups.incident_probe import probed_incidents
    from kubectl_pullpolicy.lookups.probe import open_prober

    no_secrets = request.probing.no_secrets
    prober = open_prober(request.registries, source, no_secrets=no_secrets)
    query = Query(source, credentials="never" if no_secrets else "failing")
    return lambda incidents: probed_incidents(incidents, prober, query)


def _counted(diagnose_run: DiagnoseRun, incidents: Incidents) -> Iterator[list[SubjectExplanation]]:
    """Yield the pages of failing Pods, and add them to the incidents."""
    for page in _pages(diagnose_run):
        for subject in page:
            incidents.take(subject)
        yield page


def _pages(diagnose_run: DiagnoseRun) -> Iterator[list[SubjectExplanation]]:
    for target in diagnose_run.targets or (None,):
        try:
            yield from diagnose_run.failures.of_target(target, diagnose_run.selection)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(diagnose_run.targets) < 2:
                raise
            diagnose_run.errors.append(error)


def _print(diagnose_run: DiagnoseRun, incidents: Incidents, listed: tuple[Incident, ...]) -> None:
    form = diagnose_run.form
    everywhere = diagnose_run.selection.namespace is None
    no_headers, wide = diagnose_run.request.output.no_headers, form == "wide"
    style = Style(lambda: diagnose_run.source.now, everywhere, no_headers, wide, use_colour(sys.stdout))
    if form in {"json", "yaml"}:
        counts = diagnose_run.failures.pods, incidents.failing
        print_incident_list(
            IncidentList(API_VERSION, "IncidentList", listed, *counts, diagnose_run.query.refusals()), form, sys.stdout
        )
    elif diagnose_run.in_full and form == "":
        print_incidents_in_full(listed, style, sys.stdout)
    else:
        print_incidents(listed, style, sys.stdout)


def _close(diagnose_run: DiagnoseRun, incidents: Incidents) -> int:
    """Print the closing lines on standard error. Returns the exit code."""
    sys.stdout.flush()
    structured = diagnose_run.form in {"json", "yaml"}
    for refusal in () if structured else diagnose_run.query.refusals():
        print_message(f"{refusal}: what it would tell is missing")
    errors = [*diagnose_run.source.errors, *diagnose_run.errors]
    for text in dict.fromkeys(map(str, errors)):
        print_message(text)
    if not errors and not structured and diagnose_run.form != "name":
        _summarise(diagnose_run, incidents)
    return 1 if errors else 0


def _summarise(diagnose_run: DiagnoseRun, incidents: Incidents) -> None:
    """Print the closing line."""
    pods, namespace = diagnose_run.failures.pods, diagnose_run.selection.namespace
    where = f" in {namespace} namespace" if namespace is not None else ""
    if pods == 0:
        print_message(
            f"No resources found in {namespace} namespace." if namespace is not None else "No resources found"
        )
    elif incidents.failing == 0:
        print_message(f"None of {pods:,} Pods{where} waits for its image.")
    elif not diagnose_run.in_full:
        flag = f"-n {namespace}" if namespace is not None else "-A"
        causes = "1 cause" if incidents.causes == 1 else f"{incidents.causes} causes"
        place = source_flags(diagnose_run.request)
        one = f"kubectl pullpolicy explain POD -n {namespace or 'NS'}{place}"
        more = f"kubectl pullpolicy diagnose --details {flag}{selector_flags(diagnose_run.selection)}{place}, {one}"
        print_message(f"{causes}, {incidents.failing:,} of {pods:,} Pods. In full: {more}")
