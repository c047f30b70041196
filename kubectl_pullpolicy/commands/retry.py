"""retry: make the kubelet pull now, by replacing Pods that are deep in back-off."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_pullpolicy.cluster import WritableCluster, open_writable
from kubectl_pullpolicy.core.backoff.retry import NotRetried, Retried, Retry, retry_of
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.plans.wording import counted
from kubectl_pullpolicy.core.report.evidence import placed
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import PullPolicyError, UsageError
from kubectl_pullpolicy.flags.checks import check_output, check_selects, check_targets, timeout_seconds
from kubectl_pullpolicy.flags.options import AskFlags, ConnectionFlags, OutputFlags, PlanOutputFlags, SelectionFlags
from kubectl_pullpolicy.flags.repeat import command_again
from kubectl_pullpolicy.printers.plans.retry import print_deleted, print_retries, print_retry_documents
from kubectl_pullpolicy.terminal import check_streams, confirm, print_message, print_warning
from kubectl_pullpolicy.writes.apply import place
from kubectl_pullpolicy.writes.delete import PodDeletion
from kubectl_pullpolicy.writes.interrupts import Interrupts, check_output_stream, result_stream
from kubectl_pullpolicy.writes.wait import WaitOutput, wait_for_all


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
    return _carry_out(
        _RetryRun(request, flags, output, writable, limit, connection.repeated), judged, failed=bool(errors)
    )


@dataclass(frozen=True)
class _RetryRun:
    request: RetryRequest
    flags: AskFlags
    output: PlanOutputFlags
    writable: WritableCluster
    limit: float
    command_flags: str


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
    if run.flags.dry_run == "none":
        check_streams()
    with result_stream() as output:
        judged = [placed(each, run.command_flags) for each in judged]
        retries = [each for each in judged if isinstance(each, Retry)]
        left = [each for each in judged if isinstance(each, NotRetried)]
        structured, dry_run = bool(run.output.output), run.flags.dry_run
        asks = bool(retries) and dry_run == "none" and not run.flags.yes
        if not structured or asks:
            print_retries(judged, sys.stderr if structured else sys.stdout, no_headers=run.output.no_headers)
        for each in left:
            if each.command:
                print_message(f"pod/{each.pod.name}: {each.reason}; this does it all the same:\n  {each.command}")
        check_output_stream(output)
        if asks and not confirm(_question(retries, run.writable)):
            print_message("Nothing was deleted.")
            return 0
        with Interrupts() as interrupts:
            done = [] if dry_run == "client" else list(_deleted(run, retries, interrupts))
            if structured:
                print_retry_documents(judged, done, run.output.output, dry_run, sys.stdout)
            sys.stdout.flush()
            if interrupts.exit_code:
                _print_interruption(run, retries, done)
                return interrupts.exit_code
        in_vain = not retries and _was_named(run, left)
        if in_vain:
            print_message("error: no Pod was deleted: none of those that are named may be")
        check_output_stream(output)
        code = int(failed or any(each.error for each in done) or in_vain)
        if code or dry_run != "none" or not run.request.wait or not done:
            return code
        return _awaited(run, done)


def _deleted(run: _RetryRun, retries: Sequence[Retry], interrupts: Interrupts) -> Iterator[Retried]:
    """Delete the Pods one by one, until a signal comes. Return what became of each."""
    for each in retries:
        if interrupts.stopped.is_set():
            return
        retried = Retried(each, f"error: it is unknown whether pod/{each.pod.name} was deleted", unknown=True)
        with interrupts.waiting():
            kill, dry = run.request.kill_running, run.flags.dry_run == "server"
            retried = PodDeletion(run.writable, each, kill_running=kill, server_dry_run=dry).result()
        if retried.error:
            print_message(retried.error)
        elif not run.output.output:
            print_deleted(each, run.flags.dry_run, sys.stdout)
            sys.stdout.flush()
        yield retried


def _print_interruption(run: _RetryRun, retries: Sequence[Retry], done: Sequence[Retried]) -> None:
    """Print what is done, and the command that goes on. A deletion has no undo: the controllers replace the Pods."""
    count = sum(not each.error for each in done)
    verb = "would be deleted" if run.flags.dry_run != "none" else "were deleted"
    print_message(f"Interrupted: {count} of {len(retries)} Pods {verb}; the same command does the rest:")
    print_message(f"  {command_again()}")


def _was_named(run: _RetryRun, left: Sequence[NotRetried]) -> bool:
    return bool(run.request.targets) and bool(left)


def _question(meant: Sequence[Retry], writable: WritableCluster) -> str:
    namespaces = sorted({each.pod.namespace for each in meant})
    inside = f"namespace {namespaces[0]}" if len(namespaces) == 1 else counted(len(namespaces), "namespace")
    return f"Delete {counted(len(meant), 'Pod')} in {inside} of {place(writable)}, for their controllers to make anew?"


def _awaited(run: _RetryRun, done: Sequence[Retried]) -> int:
    """Wait for the Pods that replace the deleted ones. Returns the exit code."""
    targets: dict[str, list[Target]] = {}
    for retried in sorted((each.retry for each in done), key=lambda retry: retry.pod.namespace):
        info = kind_info(retried.owner.kind)
        if info is not None:
            targets.setdefault(retried.pod.namespace, []).append(Target(info, retried.owner.name))
    output = WaitOutput(None if run.output.output else OutputFlags(), run.command_flags)
    return wait_for_all(run.writable.source, targets, run.limit, output)
