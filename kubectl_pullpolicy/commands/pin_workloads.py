"""pin TARGET: digests in the place of tags where Pods are made, planned, shown and written as `set` does it.

One look-up per distinct reference and credentials, all in parallel. What cannot be resolved stays as it is and is told;
everything else is pinned all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from kubectl_pullpolicy.cluster import ClusterSource, WritableCluster, open_writable
from kubectl_pullpolicy.commands.pin_check import report_check
from kubectl_pullpolicy.core.k8s.objects import Node, ObjectRef
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.pins.workloads import (
    ContainerKey,
    JudgedImage,
    LivePinRequest,
    edits,
    edits_by_container,
    images_of,
    node_platform,
    policy_warning,
)
from kubectl_pullpolicy.core.plans.plan import FieldEdit, LiveObject, NoEdit, ObjectPlan
from kubectl_pullpolicy.core.plans.planner import plan
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import ListOf
from kubectl_pullpolicy.errors import PinError, UsageError
from kubectl_pullpolicy.flags.checks import (
    check_manager,
    check_output,
    check_policy,
    check_selects,
    check_targets,
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
    report_nothing_found,
    with_names,
)
from kubectl_pullpolicy.writes.wait import wait_for_rollout

NOUN = "image"


@dataclass(frozen=True)
class Flags:
    """What was given besides the request."""

    connection: ConnectionFlags = field(default_factory=ConnectionFlags)
    selection: SelectionFlags = field(default_factory=SelectionFlags)
    write: WriteFlags = field(default_factory=WriteFlags)
    output: PlanOutputFlags = field(default_factory=PlanOutputFlags)
    registries: RegistryFlags = field(default_factory=RegistryFlags)
    awaited: WaitFlags = field(default_factory=WaitFlags)
    no_secrets: bool = False


@dataclass
class _Wanted:
    """What is wanted of each object, and what is to be known of it."""

    request: LivePinRequest
    edits: dict[ObjectRef, dict[ContainerKey, tuple[FieldEdit | NoEdit, ...]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    cautions: dict[ObjectRef, list[str]] = field(default_factory=lambda: defaultdict(list))

    def plan(self, live: LiveObject) -> ObjectPlan:
        """Its plan; asked again when it has changed, it still wants the same of the same containers."""
        made = plan(live._replace(path=self.request.path), edits_by_container(self.edits.get(live.ref, {})))
        return msgspec.structs.replace(made, cautions=tuple(self.cautions.get(live.ref, ())))


def run_live(targets: Sequence[str], request: LivePinRequest, flags: Flags) -> int:
    """Pins. Returns the exit code: 3 where `--check` found something. Raises PullPolicyError."""
    _verify(request, flags)
    limit = timeout_seconds(flags.awaited.timeout) if flags.awaited.wait else None
    check_selects(targets, flags.selection, flags.write)
    writable = open_writable(flags.connection, print_warning)
    search = _search(targets, writable, flags)
    lives = [live._replace(path=request.path) for live in live_objects(search)]
    if request.path and any(live.kind for live in lives):
        raise UsageError("--path is for kinds of one's own: where Pods are made in those of Kubernetes is known")
    judged = _judged(lives, request, flags, search)
    if request.check and judged:
        search.errors.extend(_error(each) for each in judged if each.judgement.verdict == "failed")
        return report_check(judged, search, flags.output)
    return _pinned(lives, judged, request, flags, search, limit)


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


def _search(arguments: Sequence[str], writable: WritableCluster, flags: Flags) -> TargetSearch:
    selection = flags.selection
    targets = parse_targets(arguments, writable.live.kind)
    if targets:
        check_targets(targets, selection, flags.write)
    namespace = None if selection.all_namespaces else writable.source.namespace
    return TargetSearch(writable, targets, Selection(namespace, selection.selector, selection.field_selector))


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


def _pinned(  # noqa: PLR0913, PLR0917  what was found, what is wanted, how
    lives: Sequence[LiveObject],
    judged: Sequence[JudgedImage],
    request: LivePinRequest,
    flags: Flags,
    search: TargetSearch,
    limit: float | None,
) -> int:
    wanted = _wanted(judged, request, search)
    plans, diffs = [], []
    for live in lives:
        made = wanted.plan(live)
        error = None if request.ignore else no_container_error(live, made, request.container)
        if error is not None and search.named:
            search.errors.append(error)
        elif made.changes or made.unchanged or made.skipped:
            plans.append(with_names(made, search))
            diffs.append(diff(live, made) if flags.write.diff else "")
    if not plans and not search.errors:
        return report_nothing_found(flags.selection, search.selection.namespace)
    if request.platform and any(made.changes for made in plans):
        _warn_of_platforms(request.platform, search.writable.source)
    writing = WriteRun(
        noun=NOUN,
        writable=search.writable,
        flags=flags.write,
        output=flags.output,
        replan=wanted.plan,
        namespaces=flags.selection.all_namespaces,
        named=search.named,
        notes=tuple(search.notes),
        errors=tuple(search.errors),
        diffs=diffs,
    )
    return wait_for_rollout(write(writing, plans), writing, limit)


def _warn_of_platforms(platform: str, source: ClusterSource) -> None:
    """Pinned to one platform's image, where nodes are of others."""
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


def _wanted(judged: Iterable[JudgedImage], request: LivePinRequest, search: TargetSearch) -> _Wanted:
    """What is wanted; what failed is an error beside it."""
    wanted = _Wanted(request)
    for each in judged:
        ref, key = each.key
        wanted.edits[ref][key] = edits(each, request)
        said = policy_warning(each, wanted.edits[ref][key], request)
        if said:
            wanted.cautions[ref].append(said)
        if each.judgement.verdict == "failed":
            search.errors.append(_error(each))
        elif each.judgement.verdict == "platformChild":
            print_warning(f"{_where(each)}: {each.judgement.message}: left as it is")
        elif each.judgement.verdict == "pin" and each.judgement.message:
            print_warning(f"{_where(each)}: {each.judgement.message}")
    return wanted


def _where(judged: JudgedImage) -> str:
    image = judged.image
    return f"{image.live.info.kind.lower()}/{image.live.ref.name}: container {image.slot.name}: {image.slot.image}"


def _error(judged: JudgedImage) -> PinError:
    return PinError(f"error: {_where(judged)}: {judged.judgement.message}")
