"""The kubectl commands that undo a change, or make one that the API refuses."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from shlex import quote
from typing import Any

from kubectl_pullpolicy.core.k8s.kinds import KindInfo
from kubectl_pullpolicy.core.k8s.objects import controller_of
from kubectl_pullpolicy.core.k8s.pod_templates import is_pull_policy
from kubectl_pullpolicy.core.plans.container_fields import LiveContainer
from kubectl_pullpolicy.core.plans.json_patch import JsonPatch, compact, json_patch, reverse
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject, ObjectPlan, target_of
from kubectl_pullpolicy.core.report.evidence import with_flags

TARGETS = 50  # names in one command: a line that a terminal and a shell still take
# kubectl pkg/polymorphichelpers/updatepodspec.go: what `kubectl set image` changes.
_SET_IMAGE = frozenset({"Pod", "ReplicationController", "Deployment", "DaemonSet", "Job", "CronJob"})
_SET_IMAGE |= {"ReplicaSet", "StatefulSet"}


def undo_command(live: LiveObject, change: Change, containers: tuple[LiveContainer, ...]) -> str:
    """Return the command that undoes this change."""
    target, namespace = quote(target_of(live.info, live.ref.name)), _namespace(live.ref.namespace)
    unique = sum(slot.name == change.container for slot in containers) == 1
    # A custom resource may hold any text: `set` takes the three policies only.
    if change.field == "imagePullPolicy" and unique and (change.old is None or is_pull_policy(change.old)):
        return _set(change.old, (target,), change.container, namespace)
    if change.field == "image" and live.kind in _SET_IMAGE and change.container_kind != "imageVolume":
        return f"kubectl set image {target} {quote(f'{change.container}={change.old}')}{namespace}"
    return patch_command(live.info, live.ref.name, live.ref.namespace, (reverse(change),))


def patch_command(info: KindInfo, name: str, namespace: str, changes: Iterable[Change]) -> str:
    """Return `kubectl patch` with these changes."""
    text = compact(json_patch(changes))
    return f"kubectl patch {quote(info.resource)} {quote(name)}{_namespace(namespace)} --type=json -p {quote(text)}"


def undo_commands(plans: Iterable[ObjectPlan], flags: str = "") -> tuple[str, ...]:
    """Return the commands that undo all of these: one for all objects of a namespace with the same old value.

    `flags`: those of the cluster, which the commands of the plans have already.
    """
    targets_by_value: dict[tuple[str | None, str, str], list[str]] = defaultdict(list)
    others: list[str] = []
    for plan in plans:
        for change in plan.changes:
            if change.field == "imagePullPolicy" and change.revert.startswith("kubectl pullpolicy "):
                key = change.old, change.container, plan.ref.namespace
                targets_by_value[key].append(quote(plan.target))
            else:
                others.append(change.revert)
    return (*(with_flags(command, flags) for command in _joined(targets_by_value)), *others)


def _joined(targets_by_value: dict[tuple[str | None, str, str], list[str]]) -> Iterator[str]:
    for (old, container, namespace), targets in targets_by_value.items():
        for start in range(0, len(targets), TARGETS):
            yield _set(old, targets[start : start + TARGETS], container, _namespace(namespace))


def _set(old: str | None, targets: Iterable[str], container: str, namespace: str) -> str:
    return f"kubectl pullpolicy set {old or 'Default'} {' '.join(targets)} -c {quote(container)}{namespace}"


def _namespace(namespace: str) -> str:
    return f" -n {quote(namespace)}" if namespace else ""


# What the Job controller adds, which another Job may not have: pkg/registry/batch/job/strategy.go:generateSelector.
_LABELS_OF_ONE_JOB = ("controller-uid", "batch.kubernetes.io/controller-uid")


def replace_pod_command(live: LiveObject, changes: Iterable[Change]) -> str:
    """Return the command that replaces a Pod by one with these changes."""
    return _replace_command("pod", live, json_patch(changes))


def replace_job_command(live: LiveObject, changes: Iterable[Change]) -> str:
    """Return the command that replaces a Job by one with these changes, which starts over; "" for a CronJob's Job."""
    if controller_of(live.metadata) is not None:
        return ""
    spec = live.tree.get("spec") or {}
    removed: JsonPatch = []
    if not spec.get("manualSelector"):
        labels: Any = (spec.get("template") or {}).get("metadata") or {}
        labels = labels.get("labels") or {}
        removed = [{"op": "remove", "path": "/spec/selector"}] if "selector" in spec else []
        pointers = [
            f"/spec/template/metadata/labels/{label.replace('/', '~1')}"
            for label in _LABELS_OF_ONE_JOB
            if label in labels
        ]
        removed += [{"op": "remove", "path": pointer} for pointer in pointers]
    return _replace_command("job", live, [*json_patch(changes), *removed])


def _replace_command(word: str, live: LiveObject, operations: JsonPatch) -> str:
    name, namespace = quote(live.ref.name), quote(live.ref.namespace)
    return (
        f"kubectl get {word} {name} -n {namespace} -o json | "
        f"kubectl patch --local -f - --type=json -p {quote(compact(operations))} -o json | "
        "kubectl replace --force -f -"
    )
