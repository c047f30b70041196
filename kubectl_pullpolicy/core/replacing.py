"""The commands that make anew what cannot be changed: a Pod without a workload, a Job.

`kubectl patch --local` changes the manifest, `kubectl replace --force` deletes the object and creates it again.
"""

from collections.abc import Iterable
from shlex import quote
from typing import Any

from kubectl_pullpolicy.core.json_patch import Operations, compact, json_patch
from kubectl_pullpolicy.core.k8s.objects import controller_of
from kubectl_pullpolicy.core.planned import Change, Live

# What the Job controller adds, which another Job may not have: pkg/registry/batch/job/strategy.go:generateSelector.
_OF_THIS_JOB = ("controller-uid", "batch.kubernetes.io/controller-uid")


def pod_again(live: Live, changes: Iterable[Change]) -> str:
    """The commands that replace a Pod by one with these changes."""
    return _again("pod", live, json_patch(changes))


def job_again(live: Live, changes: Iterable[Change]) -> str:
    """The commands that replace a Job by one with these changes, which runs from its beginning; "" for a CronJob's."""
    if controller_of(live.metadata) is not None:
        return ""
    spec = live.tree.get("spec") or {}
    removed: Operations = []
    if not spec.get("manualSelector"):
        labels: Any = (spec.get("template") or {}).get("metadata") or {}
        held = labels.get("labels") or {}
        removed = [{"op": "remove", "path": "/spec/selector"}] if "selector" in spec else []
        pointers = [
            f"/spec/template/metadata/labels/{label.replace('/', '~1')}" for label in _OF_THIS_JOB if label in held
        ]
        removed += [{"op": "remove", "path": pointer} for pointer in pointers]
    return _again("job", live, [*json_patch(changes), *removed])


def _again(word: str, live: Live, operations: Operations) -> str:
    name, namespace = quote(live.ref.name), quote(live.ref.namespace)
    return (
        f"kubectl get {word} {name} -n {namespace} -o json | "
        f"kubectl patch --local -f - --type=json -p {quote(compact(operations))} -o json | "
        "kubectl replace --force -f -"
    )
