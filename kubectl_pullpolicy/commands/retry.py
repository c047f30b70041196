"""retry: make the kubelet pull now, by replacing Pods that are deep in back-off."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_pullpolicy.cluster import WritableCluster, open_writable
from kubectl_pullpolicy.cluster.delete import delete_pod
from kubectl_pullpolicy.core.backoff.retry import NotRetried, Retried, Retry, retry_of
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.plans.wording import counted
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import PullPolicyError, ServerError, UsageError
from kubectl_pullpolicy.flags.checks import check_output, check_selects, check_targets, timeout_seconds
from kubectl_pullpolicy.flags.options import AskFlags, ConnectionFlags, OutputFlags, PlanOutputFlags, SelectionFlags
from kubectl_pullpolicy.printers.plans.retry import print_deleted, print_retries, print_retry_documents
from kubectl_pullpolicy.terminal import confirm, print_message, print_warning
from kubectl_pullpolicy.writes.apply import place
from kubectl_pullpolicy.writes.wait import wait_for

ATTEMPTS = 3
CONFLICT = 409


@dataclass(frozen=True)
class RetryRequest:
    """What only retry has. `timeout`: a Go duration, with `wait`."""

    targets: tuple[str, ...] = ()
    kill_running: bool = False
    wait: bool = False
    timeout: str = "5m"


def run(
    request: RetryRequest,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    flags: AskFlags,
    output: PlanOutputFlags,
) -> int:
    """Replaces the Pods that may be replaced. Returns the exit code. Raises PullPolicyError."""
    check_output(flags, output)
    if output.output == "patch":
        raise UsageError("retry changes no object that Git could hold: -o patch has nothing to print")
    if selection.filename:
        raise UsageError("retry replaces Pods of a cluster: --filename cannot be used with it")
    check_selects(request.targets, selection, flags)
    limit = timeout_seconds(request.timeout)
    targets = parse_targets(request.targets)
    if targets:
        check_targets(targets, selection, flags)
    writable = open_writable(connection, print_warning)
    namespace = None if selection.all_namespaces else writable.source.namespace
    errors: list[PullPolicyError] = []
    selected = Selection(namespace, selection.selector, selection.field_selector)
    judged = list(_judged(request, targets, selected, Query(writable.source), errors))
    for error in errors:
        print_message(str(error))
    if not judged:
        if not errors:
            print_message(f"No resources found{f' in {namespace} namespace.' if namespace else ''}")
        return int(bool(errors))
    return _carry_out(_RetryRun(request, flags, output, writable, limit), judged, failed=bool(errors))


@dataclass(frozen=True)
class _RetryRun:
    request: RetryRequest
    flags: AskFlags
    output: PlanOutputFlags
    writable: WritableCluster
    limit: float


def _judged(
    request: RetryRequest,
    targets: Sequence[Target],
    selected: Selection,
    query: Query,
    errors: list[PullPolicyError],
) -> Iterator[Retry | NotRetried]:
    """Every Pod that is meant, once."""
    seen: set[tuple[str, str]] = set()
    pod = kind_info("Pod")
    assert pod is not None
    for target in targets or (Target(pod, None),):
        try:
            for found, explained in _pods(target, selected, query):
                if (explained.namespace, explained.name) not in seen:
                    seen.add((explained.namespace, explained.name))
                    yield retry_of(found, explained, kill_running=request.kill_running)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(targets) < 2:
                raise
            errors.append(error)


def _pods(target: Target, selected: Selection, query: Query) -> Iterator[tuple[Pod, SubjectExplanation]]:
    ref = ObjectRef(target.info.api_version, target.info.kind, selected.namespace or "", target.name or "")
    if target.name is None:
        if ref.kind != "Pod":
            raise UsageError(f"--selector and --all select Pods here; name the {target.info.plural} that are meant")
        yield from (pair for page in query.listed_pods(selected) for pair in page)
    elif ref.kind == "Pod":
        yield query.pod(ref)
    else:
        workload = query.workload(ref)
        yield from (pair for page in query.pods_of(ref, workload) for pair in page)


def _carry_out(run: _RetryRun, judged: Sequence[Retry | NotRetried], *, failed: bool) -> int:
    meant = [each for each in judged if isinstance(each, Retry)]
    left = [each for each in judged if isinstance(each, NotRetried)]
    structured, dry_run = bool(run.output.output), run.flags.dry_run
    asks = bool(meant) and dry_run == "none" and not run.flags.yes
    if not structured or asks:
        print_retries(judged, sys.stderr if structured else sys.stdout, no_headers=run.output.no_headers)
    for each in left:
        if each.command:
            print_message(f"pod/{each.pod.name}: {each.reason}; this does it all the same:\n  {each.command}")
    if asks and not confirm(_question(meant, run.writable)):
        print_message("Nothing was deleted.")
        return 0
    done = [] if dry_run == "client" else [_deleted(each, run) for each in meant]
    if structured:
        print_retry_documents(judged, done, run.output.output, dry_run, sys.stdout)
    sys.stdout.flush()
    vain = not meant and _was_named(run, left)
    if vain:
        print_message("error: no Pod was deleted: none of those that are named may be")
    code = int(failed or any(each.error for each in done) or vain)
    if code or dry_run != "none" or not run.request.wait or not done:
        return code
    return _awaited(run, done)


def _was_named(run: _RetryRun, left: Sequence[NotRetried]) -> bool:
    return bool(run.request.targets) and bool(left)


def _deleted(each: Retry, run: _RetryRun) -> Retried:
    try:
        _delete(each, run)
    except PullPolicyError as error:
        print_message(str(error))
        return Retried(each, str(error))
    if not run.output.output:
        print_deleted(each, run.flags.dry_run, sys.stdout)
    return Retried(each)


def _delete(meant: Retry, run: _RetryRun) -> None:
    """Judges a Pod that has changed once more: its containers may run since. Raises PullPolicyError."""
    judged, attempts = meant, ATTEMPTS
    while True:
        attempts -= 1
        try:
            delete_pod(run.writable.transport, judged, server_dry_run=run.flags.dry_run == "server")
        except ServerError as error:
            if error.status != CONFLICT or not attempts:
                raise
        else:
            return
        name, namespace = meant.pod.name, meant.pod.namespace
        found = Query(run.writable.source).pod(ObjectRef("v1", "Pod", namespace, name))
        again = retry_of(*found, kill_running=run.request.kill_running)
        if isinstance(again, NotRetried):
            raise PullPolicyError(f"error: pod/{name} was not deleted: it changed meanwhile: {again.reason}")
        if again.uid != meant.uid:
            raise PullPolicyError(f"error: pod/{name} was not deleted: another Pod has its name by now")
        judged = again


def _question(meant: Sequence[Retry], writable: WritableCluster) -> str:
    namespaces = sorted({each.pod.namespace for each in meant})
    inside = f"namespace {namespaces[0]}" if len(namespaces) == 1 else counted(len(namespaces), "namespace")
    return f"Delete {counted(len(meant), 'Pod')} in {inside} of {place(writable)}, for their controllers to make anew?"


def _awaited(run: _RetryRun, done: Sequence[Retried]) -> int:
    """What becomes of the Pods that are made instead, by namespace."""
    code = 0
    for namespace in sorted({each.retry.pod.namespace for each in done}):
        targets = [
            Target(info, each.retry.owner.name)
            for each in done
            if each.retry.pod.namespace == namespace and (info := kind_info(each.retry.owner.kind)) is not None
        ]
        form = None if run.output.output else OutputFlags()
        code = max(code, wait_for(run.writable.source, targets, namespace, run.limit, form))
    return code
