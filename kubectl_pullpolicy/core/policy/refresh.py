"""How to get a newer push of an image now: the right command for each policy and each kind of owner.

A restart gives a newer image only if the policy is Always (or the node has none yet). Under IfNotPresent a newer push
is not noticed. A digest names one image, whatever the policy.
"""

import json
from shlex import quote
from typing import Any, NamedTuple

from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.k8s.kinds import spec_path
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer
from kubectl_pullpolicy.core.report.explanation import FreshBytes

_RESTARTABLE = frozenset({"Deployment", "DaemonSet", "StatefulSet"})
# Changing these templates changes nothing of the Pods that are there.
_KEEPS_PODS = frozenset({"ReplicaSet", "ReplicationController", "PodTemplate", "CronJob"})


class TopOwner(NamedTuple):
    """What has to be restarted: the workload that a user would name, or a Pod without one ("Pod").

    `pod` is the Pod in hand, "" for a template; `on_delete`: its Pods are replaced only when they are deleted.
    """

    kind: str
    namespace: str
    name: str
    pod: str = ""
    on_delete: bool = False
    mirror: bool = False


def how_to_update(container: DeclaredContainer, policy: str, owner: TopOwner) -> FreshBytes | None:
    """Return how this container gets a newer push; None if its image cannot be read."""
    reference = parse_or_none(container.image)
    if reference is None:
        return None
    if reference.digest:
        return FreshBytes("the digest fixes the bytes: newer ones have another digest, which must stand here", "")
    if owner.mirror:
        return FreshBytes("a static Pod: change its file on the node", "")
    tag = f'"{reference.effective_tag}"'
    if policy == "Always":
        return _restarted(f"new Pods ask for {tag} anew", owner)
    words = f"a restart keeps what the node has under {tag}" if policy == "IfNotPresent" else "nothing is ever pulled"
    command = _set_always(container, owner)
    if not command:
        return FreshBytes(f"{words}; {_elsewhere(owner)}, with policy Always or with a tag or digest of its own", "")
    later = "; " + _after(owner) if _after(owner) else ""
    return FreshBytes(f"{words}; set Always, or give the new bytes a tag or digest of their own{later}", command)


def _restarted(words: str, owner: TopOwner) -> FreshBytes:
    namespace = f" -n {quote(owner.namespace)}"
    if owner.kind in _RESTARTABLE and not owner.on_delete:
        target = quote(f"{owner.kind.lower()}/{owner.name}")
        return FreshBytes(words, f"kubectl rollout restart {target}{namespace}")
    if owner.kind == "CronJob":
        job = quote(f"{owner.name[:40]}-now")
        return FreshBytes(
            f"{words}: at the next run, or now",
            f"kubectl create job {job} --from=cronjob/{quote(owner.name)}{namespace}",
        )
    if owner.kind == "Job":
        return FreshBytes("a Job's Pods are not made anew: delete the Job and create it again", "")
    if owner.kind == "Pod":
        name = quote(owner.name)
        again = f"kubectl get pod {name}{namespace} -o yaml | kubectl replace --force -f -"
        return FreshBytes("nobody makes this Pod anew: delete it and create it again", again)
    if not owner.pod:
        return FreshBytes(f"{words}; those that are there stay until they are deleted", "")
    return FreshBytes(
        f"{words}: its owner replaces a Pod that is deleted", f"kubectl delete pod {quote(owner.pod)}{namespace}"
    )


def _set_always(container: DeclaredContainer, owner: TopOwner) -> str:
    """Return the patch that sets Always in the template; "" for kinds whose templates cannot change."""
    if owner.kind not in _RESTARTABLE | _KEEPS_PODS:
        return ""
    field: dict[str, Any] = {"imagePullPolicy": "Always"}
    where = "initContainers" if container.kind in {"init", "sidecar"} else "containers"
    if container.kind == "imageVolume":
        where, field = "volumes", {"image": {"pullPolicy": "Always"}}
    if container.kind == "ephemeral":
        return ""
    patch: Any = {where: [{"name": container.name} | field]}
    for key in reversed(spec_path(owner.kind)):
        patch = {key: patch}
    text = json.dumps(patch, separators=(",", ":"))
    return f"kubectl patch {owner.kind.lower()} {quote(owner.name)} -n {quote(owner.namespace)} -p {quote(text)}"


def _after(owner: TopOwner) -> str:
    """What is left to do once the template is changed."""
    if owner.kind in _RESTARTABLE and not owner.on_delete:
        return "this rolls it"
    if owner.kind == "CronJob":
        return "the next run has it"
    return "Pods that are there must be deleted then" if owner.kind != "PodTemplate" else ""


def _elsewhere(owner: TopOwner) -> str:
    if owner.kind in {"Pod", "Job"}:
        return f"a {owner.kind}'s policies cannot change: create it anew"
    return f"change it in {owner.kind}/{owner.name}"
