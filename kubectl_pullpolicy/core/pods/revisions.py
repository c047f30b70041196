"""The revision that a Pod was created from, and the workload that decided its policies.

A Pod is compared with its own revision, never with its owner's present template. That is its ReplicaSet, the
ControllerRevision of its label `controller-revision-hash` (DaemonSet, StatefulSet), or its Job. A ReplicationController
keeps no revisions.
"""

from typing import NamedTuple

from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer
from kubectl_pullpolicy.core.k8s.rollouts import REVISION_LABEL
from kubectl_pullpolicy.core.source.reads import Forbidden, Known
from kubectl_pullpolicy.core.source.snapshot import Owner, Snapshot


class PodRevision(NamedTuple):
    """The revision that a Pod was created from.

    `revision`: its containers, None if they are not known; `name`: the object that declares them; `proves`: they are as
    they were then, so that a difference was made later; `owner`: the topmost workload that was read; `number`: the
    revision's, 0 if not known; `unread`: what was forbidden.
    """

    name: str
    revision: tuple[DeclaredContainer, ...] | None
    proves: bool
    owner: Owner | None
    number: int = 0
    unread: tuple[str, ...] = ()


def revision_name(pod: Pod, controller: ObjectRef) -> str:
    """The name of the ControllerRevision that a DaemonSet's or StatefulSet's Pod was made from; "" without the label.

    A StatefulSet writes the whole name into the label, a DaemonSet the hash alone.
    """
    label = (meta(pod).labels or {}).get(REVISION_LABEL) or ""
    if not label or controller.kind == "StatefulSet":
        return label
    return f"{controller.name}-{label}"


def revision_of(pod: Pod, context: Snapshot) -> tuple[str, int]:
    """The revision that a Pod was made from, KIND/NAME, and its number; ("", 0) for Pods of kinds without revisions."""
    controller = controller_of(meta(pod))
    if controller is None:
        return "", 0
    if controller.kind in {"DaemonSet", "StatefulSet"}:
        name = revision_name(pod, controller)
        number = next((r.number for r in context.history(controller) if r.ref.name == name), 0)
        return (f"ControllerRevision/{name}" if name else ""), number
    fact = context.owner(controller)
    if not isinstance(fact, Known) or fact.value.controller is None:
        return "", 0
    return str(controller), fact.value.revision


def pod_revision(pod: Pod, context: Snapshot) -> PodRevision | None:
    """Return the revision that this Pod was created from; None for a Pod without a controller."""
    controller = controller_of(meta(pod))
    if controller is None:
        return None
    fact = context.owner(controller)
    unread = _unread(context, controller)
    if not isinstance(fact, Known):
        return PodRevision(str(controller), None, False, None, unread=unread)
    nearest = fact.value
    if controller.kind in {"DaemonSet", "StatefulSet"}:
        name = revision_name(pod, controller)
        revision = next((r for r in context.history(controller) if r.ref.name == name), None)
        if revision is not None:
            return PodRevision(str(revision.ref), revision.containers, True, nearest, revision.number, unread)
        return PodRevision(str(controller), nearest.containers, False, nearest, unread=unread)
    top = nearest
    if nearest.controller is not None:
        above = context.owner(nearest.controller)
        top = above.value if isinstance(above, Known) else nearest
        unread += _unread(context, nearest.controller)
    # A Job's template cannot change, and a Deployment never edits its ReplicaSets. One without a Deployment is its
    # user's, who may have edited it since.
    proves = controller.kind == "Job" or (controller.kind == "ReplicaSet" and nearest.controller is not None)
    return PodRevision(str(controller), nearest.containers, proves, top, nearest.revision, unread)


def _unread(context: Snapshot, ref: ObjectRef) -> tuple[str, ...]:
    fact = context.owner(ref)
    if not isinstance(fact, Forbidden) or fact.status != 403:  # other failures are said once, for all Pods
        return ()
    info = kind_info(ref.kind)
    return (f"{fact.verb} {info.resource if info is not None else fact.resource}",)
