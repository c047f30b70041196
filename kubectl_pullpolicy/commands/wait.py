"""wait: are the images there? For scripts: it ends when they are, or as soon as waiting is in vain."""

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubectl_pullpolicy.cluster.reconnect import heals
from kubectl_pullpolicy.commands.sources import open_source
from kubectl_pullpolicy.commands.terminal import colour, say, warn
from kubectl_pullpolicy.core.explain.grouping import folded
from kubectl_pullpolicy.core.explain.wait import Awaiting, Look, Verdict
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.k8s.times import duration_seconds
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Source
from kubectl_pullpolicy.errors import NotFoundError, PullPolicyError, UsageError
from kubectl_pullpolicy.options import ConnectionFlags, OutputFlags, SelectionFlags
from kubectl_pullpolicy.printers import Style, print_json, print_narratives, print_yaml
from kubectl_pullpolicy.printers.wait import causes, progress, target_word

FORMATS = ("", "json", "yaml", "name")
DOES_NOT_HEAL, TIMED_OUT = 3, 4
PAUSE = 1.0  # seconds between two looks
WEEK = 7 * 24 * 3600.0  # what a negative time means to kubectl wait


@dataclass(frozen=True)
class Request:
    """What only wait has. `timeout`: a Go duration; 0 looks once, a negative one waits for a week."""

    targets: tuple[str, ...] = ()
    timeout: str = "5m"


@dataclass(frozen=True)
class Ended:
    """What came of waiting: the last look at each target, and the verdict."""

    looks: dict[Target, Look]
    verdict: Verdict

    @property
    def exit_code(self) -> int:
        """0 pulled, 3 in vain, 4 timed out."""
        return {"pulled": 0, "failed": DOES_NOT_HEAL, "waiting": TIMED_OUT}[self.verdict]


def run(request: Request, connection: ConnectionFlags, output: OutputFlags) -> int:
    """Waits for the images of the targets. Returns the exit code. Raises PullPolicyError."""
    targets, limit = parse_targets(request.targets), timeout_seconds(request.timeout)
    if output.output not in FORMATS:
        allowed = ", ".join(name for name in FORMATS if name)
        raise UsageError(f'unable to match a printer for the output format "{output.output}", allowed: {allowed}')
    if not targets or any(target.name is None for target in targets):
        raise UsageError("name what to wait for: pod/NAME, deploy/NAME, ...")
    source, _ = open_source(connection, SelectionFlags(), demo=False, now="", warn=warn)
    return wait_for(source, targets, connection.namespace or source.namespace or "", limit, output)


def timeout_seconds(text: str) -> float:
    """The seconds that a --timeout means. Raises UsageError."""
    limit = duration_seconds(text)
    if limit is None:
        raise UsageError(f'invalid argument "{text}" for "--timeout" flag: time: invalid duration "{text}"')
    return WEEK if limit < 0 else limit


def wait_for(
    source: Source, targets: Sequence[Target], namespace: str, limit: float, output: OutputFlags | None
) -> int:
    """Follows these targets until their images are there, and says how it ended. Returns the exit code.

    Without `output` standard output is somebody else's, and stays as it is.
    """
    waiting = {target: Awaiting(source, target, namespace) for target in dict.fromkeys(targets)}
    ended = _followed(waiting, limit, quiet=output is None or bool(output.output))
    if output is not None:
        _print(ended, source, output)
    _say(ended)
    return ended.exit_code


def _followed(waiting: dict[Target, Awaiting], limit: float, *, quiet: bool) -> Ended:
    deadline = time.monotonic() + limit
    looks: dict[Target, Look] = {}
    said: dict[Target, str] = {}
    verdicts: dict[Target, Verdict] = dict.fromkeys(waiting, "waiting")
    while True:
        for target in [target for target, verdict in verdicts.items() if verdict == "waiting"]:
            try:
                looks[target], verdicts[target] = waiting[target].look()
            except PullPolicyError as error:
                # A server that is away for a moment; and before the first answer nothing is known to come back.
                if target not in looks or not heals(error) or time.monotonic() > deadline:
                    raise _gone(error, target, seen=target in looks) from error
                continue
            line = progress(target_word(target), looks[target])
            if not quiet and said.get(target) != line:
                said[target] = line
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
        if "failed" in verdicts.values():
            return Ended(looks, "failed")
        if "waiting" not in verdicts.values():
            return Ended(looks, "pulled")
        if time.monotonic() + PAUSE > deadline:
            return Ended(looks, "waiting")
        time.sleep(PAUSE)


def _gone(error: PullPolicyError, target: Target, *, seen: bool) -> PullPolicyError:
    if seen and isinstance(error, NotFoundError):
        return NotFoundError(f"error: {target_word(target)} was deleted while its images were waited for", 404)
    return error


def _print(ended: Ended, source: Source, output: OutputFlags) -> None:
    """The Pods that tell why it ended so."""
    pods = _telling(ended)
    if output.output == "json":
        print_json([pods], tuple, sys.stdout)
    elif output.output == "yaml":
        print_yaml([pods], tuple, sys.stdout)
    elif output.output == "name":
        sys.stdout.writelines(f"{target_word(target)}\n" for target, look in ended.looks.items() if look.done)
    elif pods:
        sys.stdout.write("\n")
        print_narratives(folded([pods]), Style(lambda: source.now, colour=colour(sys.stdout)), sys.stdout)
    sys.stdout.flush()


def _say(ended: Ended) -> None:
    """Why it did not end well."""
    if ended.verdict == "pulled":
        # Nothing was waited for: not the same as images that are there.
        for note in (note for look in ended.looks.values() if not look.due.pods for note in look.notes):
            say(note)
        return
    open_ones = {target: look for target, look in ended.looks.items() if not look.done}
    names = ", ".join(map(target_word, open_ones))
    for look in open_ones.values():
        for note in look.notes:
            say(note)
    if ended.verdict == "failed":
        say(f"error: {names}: {causes(open_ones.values())} does not heal by itself")
    else:
        say(f"error: timed out waiting for the images of {names}")


def _telling(ended: Ended) -> list[SubjectExplanation]:
    return [pod for look in ended.looks.values() for pod in _pods_of(look, ended.verdict)]


def _pods_of(look: Look, verdict: Verdict) -> Iterable[SubjectExplanation]:
    """Those that cannot pull; at a time-out also those that something else keeps waiting."""
    if verdict == "waiting":
        return look.unfinished
    return look.failing
