"""Wait until images are pulled: for `wait`, and for commands that write with --wait."""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_pullpolicy.cluster.reconnect import is_retriable
from kubectl_pullpolicy.core.explain.grouping import grouped_pods
from kubectl_pullpolicy.core.explain.wait import WITHOUT_PODS, ImageWait, Verdict, WaitProgress
from kubectl_pullpolicy.core.k8s.kinds import is_built_in
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.plans.plan import ObjectPlan
from kubectl_pullpolicy.core.report.evidence import placed
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Source
from kubectl_pullpolicy.errors import NotFoundError, PullPolicyError
from kubectl_pullpolicy.flags.options import OutputFlags
from kubectl_pullpolicy.printers.explanation import print_explanations_in_full
from kubectl_pullpolicy.printers.structured import print_json, print_yaml
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.printers.wait import cause_names, progress_line, target_name
from kubectl_pullpolicy.terminal import print_message, use_colour
from kubectl_pullpolicy.writes.apply import WriteResult, WriteRun
from kubectl_pullpolicy.writes.interrupts import result_stream

PULL_FAILED, TIMED_OUT = 3, 4
PAUSE = 1.0  # seconds between two reads of a target


@dataclass(frozen=True)
class WaitResult:
    """The last state of each target, and the verdict."""

    looks: dict[Target, WaitProgress]
    verdict: Verdict

    @property
    def exit_code(self) -> int:
        """0: pulled, 3: a pull fails permanently, 4: timed out."""
        return {"pulled": 0, "failed": PULL_FAILED, "waiting": TIMED_OUT}[self.verdict]


class WaitOutput(NamedTuple):
    """How the result is printed; without `flags` nothing goes to standard output. `command_flags`: see TargetSearch."""

    flags: OutputFlags | None
    command_flags: str = ""


def wait_for(source: Source, targets: Sequence[Target], namespace: str, limit: float, output: WaitOutput) -> int:
    """Follow these targets until their images are pulled, and print the result. Return the exit code."""
    waiting = {target: ImageWait(source, target, namespace) for target in dict.fromkeys(targets)}
    result = _followed(waiting, limit, quiet=output.flags is None or bool(output.flags.output))
    if output.flags is not None:
        _print(result, source, output.flags, output.command_flags)
    _print_failure(result)
    return result.exit_code


def _followed(waiting: dict[Target, ImageWait], limit: float, *, quiet: bool) -> WaitResult:
    deadline = time.monotonic() + limit
    looks: dict[Target, WaitProgress] = {}
    printed: dict[Target, str] = {}
    verdicts: dict[Target, Verdict] = dict.fromkeys(waiting, "waiting")
    while True:
        for target in [target for target, verdict in verdicts.items() if verdict == "waiting"]:
            try:
                looks[target], verdicts[target] = waiting[target].look()
            except PullPolicyError as error:
                # A server may be away for a moment, but not before its first answer.
                if target not in looks or not is_retriable(error) or time.monotonic() > deadline:
                    raise _deleted_error(error, target, was_read=target in looks) from error
                continue
            line = progress_line(target_name(target), looks[target])
            if not quiet and printed.get(target) != line:
                printed[target] = line
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
        if "failed" in verdicts.values():
            return WaitResult(looks, "failed")
        if "waiting" not in verdicts.values():
            return WaitResult(looks, "pulled")
        if time.monotonic() + PAUSE > deadline:
            return WaitResult(looks, "waiting")
        time.sleep(PAUSE)


def _deleted_error(error: PullPolicyError, target: Target, *, was_read: bool) -> PullPolicyError:
    if was_read and isinstance(error, NotFoundError):
        return NotFoundError(f"error: {target_name(target)} was deleted while its images were waited for", 404)
    return error


def _print(result: WaitResult, source: Source, output: OutputFlags, command_flags: str) -> None:
    """Print the Pods that show why."""
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
    open_ones = {target: look for target, look in result.looks.items() if not look.done}
    names = ", ".join(map(target_name, open_ones))
    for look in open_ones.values():
        for note in look.notes:
            print_message(note)
    if result.verdict == "failed":
        print_message(f"error: {names}: {cause_names(open_ones.values())} does not heal by itself")
    else:
        print_message(f"error: timed out waiting for the images of {names}")


def _shown_pods(result: WaitResult) -> list[SubjectExplanation]:
    return [pod for look in result.looks.values() for pod in _pods_of(look, result.verdict)]


def _pods_of(look: WaitProgress, verdict: Verdict) -> Iterable[SubjectExplanation]:
    """Return the Pods that cannot pull. After a time-out also those that wait for something else."""
    if verdict == "waiting":
        return look.unfinished
    return look.failing


def wait_for_rollout(written: WriteResult, run: WriteRun, limit: float | None) -> int:
    """Return the exit code: of the write, or with --wait (`limit` seconds) of waiting. Raises PullPolicyError."""
    changed = [outcome.plan for outcome in written.outcomes if outcome.status == "changed"]
    if limit is None or written.code or not changed or run.flags.dry_run != "none":
        return written.code
    with result_stream():
        return _wait_for_changed(changed, run, limit)


def _wait_for_changed(changed: Sequence[ObjectPlan], run: WriteRun, limit: float) -> int:
    code = 0
    for namespace in sorted({plan.ref.namespace for plan in changed}):
        targets = []
        for plan in (plan for plan in changed if plan.ref.namespace == namespace):
            if not is_built_in(plan.info) or plan.info.kind in WITHOUT_PODS:
                print_message(f"{plan.target} makes no Pods now that could be waited for")
            else:
                targets.append(Target(plan.info, plan.ref.name))
        if targets:
            output = WaitOutput(None if run.structured else OutputFlags(), run.search.command_flags)
            code = max(code, wait_for(run.search.writable.source, targets, namespace, limit, output))
    return code
