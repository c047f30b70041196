"""pin TARGET: replaces tags by digests in Pod templates; planned, shown and written as `set` does it.

One look-up per distinct reference and credentials, all in parallel. What cannot be resolved is an error and stays as it
is; everything else is pinned all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from kubectl_pullpolicy.cluster import ClusterSource
from kubectl_pullpolicy.commands.pin_check import report_check
from kubectl_pullpolicy.core.k8s.objects import Node, ObjectRef
from kubectl_pullpolicy.core.pins.workloads import (
    ContainerKey,
    JudgedImage,
    LivePinRequest,
    desired_edits,
    edits_by_container,
    images_of,
    node_platform,
    policy_warning,
)
from kubectl_pullpolicy.core.plans.plan import FieldEdit, LiveObject, NoEdit, ObjectPlan
from kubectl_pullpolicy.core.plans.planner import plan
from kubectl_pullpolicy.core.source.reads import ListOf
from kubectl_pullpolicy.errors import PinError, UsageError
from kubectl_pullpolicy.flags.checks import (
    check_manager,
    check_output,
    check_policy,
    timeout_seconds,
)
from kubectl_pullpolicy.flags.options import (
    ConnectionFlags,
    PlanOutputFlags,
    RegistryFlags,
    SelectionFlags,
    WaitFlags,
    WriteFlags,
)
from kubectl_pullpolicy.lookups.batch import Registries
from kubectl_pullpolicy.lookups.pins import Judge
from kubectl_pullpolicy.lookups.pod_credentials import NoPullCredentials, PullCredentials
from kubectl_pullpolicy.lookups.resolver import open_resolver
from kubectl_pullpolicy.lookups.running_pins import RunningJudge
from kubectl_pullpolicy.lookups.running_pods import RunningPods
from kubectl_pullpolicy.printers.plans.plan import diff
from kubectl_pullpolicy.terminal import print_warning
from kubectl_pullpolicy.writes.apply import WriteRun, write
from kubectl_pullpolicy.writes.selection import (
    TargetSearch,
    live_objects,
    no_container_error,
    open_search,
    report_nothing_found,
)
from kubectl_pullpolicy.writes.wait import wait_for_rollout

NOUN = "image"


@dataclass(frozen=True)
class Flags:
    """The flags beside the request."""

    connection: ConnectionFlags = field(default_factory=ConnectionFlags)
    selection: SelectionFlags = field(default_factory=SelectionFlags)
    write: WriteFlags = field(default_factory=WriteFlags)
    output: PlanOutputFlags = field(default_factory=PlanOutputFlags)
    registries: RegistryFlags = field(default_factory=RegistryFlags)
    awaited: WaitFlags = field(default_factory=WaitFlags)
    no_secrets: bool = False


@dataclass
class _PinPlanner:
    """Plans objects by what their images become. `warnings`: what their plans warn of."""

    search: TargetSearch
    path: tuple[str, ...]
    edits: dict[ObjectRef, dict[ContainerKey, tuple[FieldEdit | NoEdit, ...]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    warnings: dict[ObjectRef, list[str]] = field(default_factory=lambda: defaultdict(list))

    def plan(self, live: LiveObject) -> ObjectPlan:
        """Return the plan of an object; of one that has changed, with the same edits of the same containers."""
        ref = live.ref
        made = plan(replace(live, path=self.path), edits_by_container(self.edits.get(ref, {})))
        named = tuple(self.search.writable.live.named.get(ref, ()))
        return msgspec.structs.replace(made, warnings=tuple(self.warnings.get(ref, ())), named=named)


def run_live(targets: Sequence[str], request: LivePinRequest, flags: Flags) -> int:
    """Pin the images of live objects. Return the exit code: 3 if `--check` found something. Raises PullPolicyError."""
    _verify(request, flags)
    limit = timeout_seconds(flags.awaited.timeout) if flags.awaited.wait else None
    search = open_search(targets, flags.connection, flags.selection, flags.write)
    lives = [replace(live, path=request.path) for live in live_objects(search)]
    if request.path and any(live.kind for live in lives):
        raise UsageError("--path is for kinds of one's own: where Pods are made in those of Kubernetes is known")
    judged = _judged(lives, request, flags, search)
    if request.check and judged:
        search.errors.extend(_error(each) for each in judged if each.verdict.verdict == "failed")
        return report_check(judged, search, flags.output)
    planner = _planner(judged, request, search)
    planned = _planned(lives, planner, request)
    if not planned and not search.errors:
        return report_nothing_found(flags.selection, search.selection.namespace)
    if request.platform and any(each.changes for _, each in planned):
        _warn_of_platforms(request.platform, search.writable.source)
    diffs = [diff(*each) for each in planned] if flags.write.diff else []
    write_run = WriteRun(NOUN, search, flags.write, flags.output, planner.plan, diffs)
    return wait_for_rollout(write(write_run, [each for _, each in planned]), write_run, limit)


def _verify(request: LivePinRequest, flags: Flags) -> None:
    check_output(flags.write, flags.output)
    check_manager(flags.write)
    if request.policy:
        check_policy(request.policy)
    changing = flags.write.diff or request.update or request.policy or request.drop_tag or flags.awaited.wait
    if request.check and (changing or request.running or flags.output.output == "patch"):
        raise UsageError(
            "--check changes nothing: no --diff, --update, --policy, --drop-tag, --from=running, --wait, -o patch"
        )
    if request.running and request.update:
        raise UsageError("--update follows tags at the registry: it cannot be used with --from=running")


def _judged(
    lives: Sequence[LiveObject], request: LivePinRequest, flags: Flags, search: TargetSearch
) -> list[JudgedImage]:
    images = [image for live in lives for image in images_of(live, request)]
    credentials = NoPullCredentials() if flags.no_secrets else PullCredentials(search.writable.source)
    credentials.read({image.live.ref: image.live for image in images}.values())
    registries = Registries(open_resolver(flags.registries))
    search.notes.extend(credentials.notes)
    if not request.running:
        return Judge(request, registries, credentials).judged(images)
    pods = RunningPods(search.writable.source)
    pods.read(list({image.live.ref: image.live for image in images}.values()))
    search.notes.extend(pods.notes)
    return RunningJudge(request.platform, registries, credentials, pods).judged(images)


def _planned(
    lives: Sequence[LiveObject], planner: _PinPlanner, request: LivePinRequest
) -> list[tuple[LiveObject, ObjectPlan]]:
    """Return what was found, with its plan. A named object without such a container is an error."""
    planned = []
    for live in lives:
        made = planner.plan(live)
        error = None if request.ignore else no_container_error(live, made, request.container)
        if error is not None and planner.search.named:
            planner.search.errors.append(error)
        elif made.changes or made.unchanged or made.skipped:
            planned.append((live, made))
    return planned


def _warn_of_platforms(platform: str, source: ClusterSource) -> None:
    """Warn of nodes whose platform is another than that of the pinned images."""
    others: set[str] = set()
    for reading in source.read([ListOf("v1", "Node", None)]):
        if reading.outcome is not None:
            print_warning(
                f"nodes of other platforms than {platform} cannot run its images; which nodes there are was not seen"
            )
            return
        others |= {node_platform(thing) for thing in reading.objects if isinstance(thing, Node)}
    others = {each for each in others if each and not platform.startswith(each)}
    if others:
        print_warning(f"nodes of {', '.join(sorted(others))} cannot run what is pinned to images for {platform}")


def _planner(judged: Iterable[JudgedImage], request: LivePinRequest, search: TargetSearch) -> _PinPlanner:
    """Return the planner for these images. What failed is added to the errors of the search."""
    planner = _PinPlanner(search, request.path)
    for each in judged:
        ref, key = each.key
        planner.edits[ref][key] = desired_edits(each, request)
        warning = policy_warning(each, planner.edits[ref][key], request)
        if warning:
            planner.warnings[ref].append(warning)
        verdict = each.verdict
        if verdict.verdict == "failed":
            search.errors.append(_error(each))
        elif verdict.verdict == "platformChild":
            print_warning(f"{_where(each)}: {verdict.message}: left as it is")
        elif verdict.verdict == "pin" and verdict.message:
            print_warning(f"{_where(each)}: {verdict.message}")
    return planner


def _where(judged: JudgedImage) -> str:
    live, container, *_ = judged.image
    return f"{live.info.kind.lower()}/{live.ref.name}: container {container.name}: {container.image}"


def _error(judged: JudgedImage) -> PinError:
    return PinError(f"error: {_where(judged)}: {judged.verdict.message}")
