"""Whether admission keeps a policy: a Pod of the changed template, created by a server-side dry run.

AlwaysPullImages and mutating webhooks run for dry runs, too (those that declare side effects refuse them); nothing is
stored. Source: Kubernetes docs "Dry-run"; plugin/pkg/admission/alwayspullimages seen on 1.37.
"""

from typing import Any

from kubectl_pullpolicy.core.k8s.kinds import spec_path
from kubectl_pullpolicy.core.plans.container_fields import live_containers
from kubectl_pullpolicy.core.plans.json_patch import patched
from kubectl_pullpolicy.core.plans.plan import LiveObject, ObjectPlan

PREFIX = "pullpolicy-probe-"


def probe_pod(live: LiveObject, plan: ObjectPlan) -> dict[str, Any]:
    """Return the Pod that the changed template would create."""
    template: Any = patched(live.tree, plan.changes)
    for key in spec_path(live.kind)[:-1]:
        template = template[key]
    template_metadata = template.get("metadata") or {}
    metadata = {key: template_metadata[key] for key in ("labels", "annotations") if template_metadata.get(key)}
    metadata |= {"generateName": PREFIX, "namespace": live.ref.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def overridden_policies(plan: ObjectPlan, answer: Any) -> tuple[str, ...]:
    """Return the policies that admission changed; none if it kept them."""
    stored = {
        (container.kind == "imageVolume", container.name): container.policy
        for container in live_containers("Pod", answer)
    }
    found = []
    for change in plan.changes:
        policy = stored.get((change.container_kind == "imageVolume", change.container))
        if change.field == "imagePullPolicy" and change.new is not None and policy not in {None, change.new}:
            found.append(
                f"container {change.container}: admission makes it {policy} (seen by a dry run: AlwaysPullImages, a "
                f"webhook or a policy engine): {change.new} has no effect on new Pods"
            )
    return tuple(found)
