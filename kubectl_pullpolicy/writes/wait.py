"""Wait until images are pulled: for `wait`, and for commands that write with --wait."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_pullpolicy.cluster.reconnect import is_retriable
from kubectl_pullpolicy.cluster.source import ClusterSource
from kubectl_pullpolicy.core.explain.grouping import grouped_pods
from kubectl_pullpolicy.core.explain.wait import WITHOUT_PODS, ImageWait, Verdict, WaitProgress
from kubectl_pullpolicy.core.k8s.kinds import is_built_in
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.plans.plan import ObjectPlan
from kubectl_pullpolicy.core.report.evidence import placed
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.errors import (
    BrokenAnswerError,
    NotFoundError,
    PullPolicyError,
    ServerError,
    TimedOutError,
    UnreadableError,
)
from kubectl_pullpolicy.flags.options import OutputFlags
from kubectl_pullpolicy.printers.explanation import print_explanations_in_full
from kubectl_pullpolicy.printers.structured import print_json, print_yaml
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.printers.wait import cause_names, progress_line, target_name
from kubectl_pullpolicy.terminal import print_message, use_colour
from kubectl_pullpolicy.writes.apply import WriteResult, WriteRun
from kubectl_pullpolicy.writes.interrupts import result_stream

PULL_FAILED, TIMED_OUT = 3, 4
READ_ONCE = 30.0  # seconds that --timeout=0 waits for the answers
FIRST_READS = 3  # failed reads before the first answer
COME_BACK = frozenset({429, 503})
LEAST_WAIT = 0.001  # seconds that are left for the next namespace after the time limit
PAUSE = 1.0  # seconds between two reads of a target


@dataclass(frozen=True)
class WaitResult:
    """The last state of each target, the verdict, and the errors of the last reads that failed."""

    targets: tuple[Target, ...]
    looks: dict[Target, WaitProgress]
    errors: dict[Target, PullPolicyError]
    verdict: Verdict

    @property
    def exit_code(self) -> int:
        """0: pulled, 3: a pull fails permanently, 4: timed out."""
        return {"pulled": 0, "failed": PULL_FAILED, "waiting": TIMED_OUT}[self.verdict]

    @property
    def unfinished(self) -> tuple[Target, ...]:
        """The targets that lack images, as far as is known."""
        return tuple(target for target in self.targets if target not in self.looks or not self.looks[target].done)


class WaitOutput(NamedTuple):
    """How the result is printed; without `flags` nothing goes to standard output. `command_flags`: see TargetSearch."""

    flags: OutputFlags | None
    command_flags: str = ""


def wait_for(source: ClusterSource, targets: Sequence[Target], namespace: str, limit: float, output: WaitOutput) -> int:
    """Follow the targets until their images are pulled, and print the result. Returns the exit code.

    `limit`: seconds for everything, also for a request that gets no answer. 0 reads each target once.
    """
    waits = {target: ImageWait(source, target, namespace) for target in dict.fromkeys(targets)}
    with source.time_limit(limit if limit > 0 else READ_ONCE):
        quiet = output.flags is None or bool(output.flags.output)
        result = _Follower(waits, quiet=quiet).follow(time.monotonic() + limit)
    if output.flags is not None:
        _print(result, source, output.flags, output.command_flags)
    _print_failure(result)
    return result.exit_code


class _Follower:
    """Reads targets again until each has a verdict."""

    def __init__(self, waits: dict[Target, ImageWait], *, quiet: bool) -> None:
        self._waits = waits
        self._quiet = quiet
        self._looks: dict[Target, WaitProgress] = {}
        self._verdicts: dict[Target, Verdict] = dict.fromkeys(waits, "waiting")
        self._errors: dict[Target, PullPolicyError] = {}
        self._failures = dict.fromkeys(waits, 0)
        self._printed: dict[Target, str] = {}

    def follow(self, deadline: float) -> WaitResult:
        """Return the result, at the latest when time.monotonic() reaches the deadline. Raises PullPolicyError."""
        while True:
            for target in [target for target, verdict in self._verdicts.items() if verdict == "waiting"]:
                self._read(target)
            if "failed" in self._verdicts.values():
                return self._result("failed")
            if "waiting" not in self._verdicts.values():
                return self._result("pulled")
            if time.monotonic() + PAUSE > deadline:
                return self._result("waiting")
            time.sleep(PAUSE)

    def _result(self, verdict: Verdict) -> WaitResult:
        return WaitResult(tuple(self._waits), self._looks, self._errors, verdict)

    def _read(self, target: Target) -> None:
        try:
            self._looks[target], self._verdicts[target] = self._waits[target].look()
        except PullPolicyError as error:
            was_read = target in self._looks
            self._failures[target] += 1
            if not _may_pass(error, self._failures[target], was_read=was_read):
                raise _deleted_error(error, target, was_read=was_read) from error
            self._errors[target] = error
            return
        self._errors.pop(target, None)
        line = progress_line(target_name(target), self._looks[target])
        if not self._quiet and self._printed.get(target) != line:
            self._printed[target] = line
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def _may_pass(error: PullPolicyError, failures: int, *, was_read: bool) -> bool:
    """Whether the next read may succeed. A server that never answered may be the wrong one."""
    if isinstance(error, ServerError) and error.status in COME_BACK:
        return True
    if was_read:
        return is_retriable(error) or isinstance(error, UnreadableError)
    bad_answer = isinstance(error, UnreadableError | BrokenAnswerError | TimedOutError)
    return failures < FIRST_READS and (bad_answer or (isinstance(error, ServerError) and is_retriable(error)))


def _deleted_error(error: PullPolicyError, target: Target, *, was_read: bool) -> PullPolicyError:
    if was_read and isinstance(error, NotFoundError):
        return NotFoundError(f"error: {target_name(target)} was deleted while its images were waited for", 404)
    return error


def _print(result: WaitResult, source: ClusterSource, output: OutputFlags, command_flags: str) -> None:
    """Print the Pods that explain the verdict."""
    pods = [placed(pod, command_flags) for pod in _shown_pods(result)]
    if output.output == "json":
        print_json([pods], tuple, sys.stdout)
    elif output.output == "yaml":
        print_yaml([pods], tuple, sys.stdout)
    elif output.output == "name":
        sys.stdout.writelines(f"{target_name(target)}\n" for target, look in result.looks.items() if look.done)
    elif pods:
        sys.stdout.write("\n")
        print_explanations_in_full(
            grouped_pods([pods]), Style(lambda: source.now, use_colour=use_colour(sys.stdout)), sys.stdout
        )
    sys.stdout.flush()


def _print_failure(result: WaitResult) -> None:
    """Print why the images were not pulled."""
    if result.verdict == "pulled":
        # Nothing was waited for: not the same as images that are there.
        for note in (note for look in result.looks.values() if not look.replica_count.pods for note in look.notes):
            print_message(note)
        return
    names = ", ".join(map(target_name, result.unfinished))
    looks = [result.looks[target] for target in result.unfinished if target in result.looks]
    for note in (note for look in looks for note in look.notes):
        print_message(note)
    if result.verdict == "failed":
        print_message(f"error: {names}: {cause_names(looks)} does not heal by itself")
        return
    for text in dict.fromkeys(map(str, result.errors.values())):
        print_message(text)
    print_message(f"error: timed out waiting for the images of {names}")


def _shown_pods(result: WaitResult) -> list[SubjectExplanation]:
    return [pod for look in result.looks.values() for pod in _pods_of(look, result.verdict)]


def _pods_of(look: WaitProgress, verdict: Verdict) -> Iterable[SubjectExplanation]:
    """Return the Pods that cannot pull. After a time-out also those that wait for something else."""
    if verdict == "waiting":
        return look.unfinished
    return look.failing


def wait_for_all(
    source: ClusterSource, targets: Mapping[str, Sequence[Target]], limit: float, output: WaitOutput
) -> int:
    """Wait for the targets of each namespace, with one time limit for all. Returns the exit code."""
    deadline, code = time.monotonic() + limit, 0
    for namespace, named in targets.items():
        seconds = max(deadline - time.monotonic(), LEAST_WAIT) if limit > 0 else limit
        code = max(code, wait_for(source, named, namespace, seconds, output))
    return code


def wait_for_rollout(written: WriteResult, run: WriteRun, limit: float | None) -> int:
    """Return the exit code: of the write, or with --wait (`limit` seconds) of waiting. Raises PullPolicyError."""
    changed = [outcome.plan for outcome in written.outcomes if outcome.status == "changed"]
    if limit is None or written.code or not changed or run.flags.dry_run != "none":
        return written.code
    with result_stream():
        return _wait_for_changed(changed, run, limit)


def _wait_for_changed(changed: Sequence[ObjectPlan], run: WriteRun, limit: float) -> int:
    targets: dict[str, list[Target]] = {}
    for namespace in sorted({plan.ref.namespace for plan in changed}):
        for plan in (plan for plan in changed if plan.ref.namespace == namespace):
            if not is_built_in(plan.info) or plan.info.kind in WITHOUT_PODS:
                print_message(f"{plan.target} makes no Pods now that could be waited for")
            else:
                targets.setdefault(namespace, []).append(Target(plan.info, plan.ref.name))
    output = WaitOutput(None if run.structured else OutputFlags(), run.search.command_flags)
    return wait_for_all(run.search.writable.source, targets, limit, output)
