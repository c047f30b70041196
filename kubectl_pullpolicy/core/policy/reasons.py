"""Why a Pod's or a template's policy is what it is: by the Pod, its revision and its owner together."""

from kubectl_pullpolicy.core.k8s.managed_fields import field_owners, last_applied
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer, is_mirror
from kubectl_pullpolicy.core.pods.revisions import PodRevision, pod_revision
from kubectl_pullpolicy.core.policy.defaulting import default_policy
from kubectl_pullpolicy.core.policy.provenance import PolicyReason, Provenance, manifest_reason, stored_reason
from kubectl_pullpolicy.core.report.evidence import Evidence
from kubectl_pullpolicy.core.source.snapshot import Owner, Revision, Snapshot


class PolicyReasons:
    """Judges containers from a Snapshot."""

    def __init__(self, context: Snapshot) -> None:
        self._context = context

    def of_pod(self, pod: Pod, container: DeclaredContainer) -> PolicyReason:
        """Why a container of a stored Pod has its policy."""
        metadata = meta(pod)
        if not container.policy:  # a dump of odd origin: an API server always stores one
            return manifest_reason(container, "the Pod")
        if is_mirror(metadata):
            detail = "marks a static Pod: the kubelet runs a file of its node, whatever value the API shows"
            return PolicyReason("Static", (Evidence("annotation kubernetes.io/config.mirror", detail, "certain"),))
        controller = controller_of(metadata)
        if controller is None or container.kind == "ephemeral":
            return stored_reason(container, _pod_author(pod))
        origin = pod_revision(pod, self._context)
        unread = origin.unread if origin is not None else ()
        return self._by_origin(container, origin)._replace(unread=unread)

    def of_template(self, container: DeclaredContainer, owner: Owner) -> PolicyReason:
        """Why a container of a stored template has its policy."""
        history = self._earlier(owner.ref, owner.revision)
        return stored_reason(container, Provenance(str(owner.ref), owner.last_applied, owner.field_owners, history))

    def _by_origin(self, container: DeclaredContainer, origin: PodRevision | None) -> PolicyReason:
        if origin is None or origin.revision is None:
            return stored_reason(container, Provenance("the Pod", None, ()))
        declared = next((c for c in origin.revision if c.key == container.key), None)
        if declared is None:
            return _injected(container, origin)
        # A template of a foreign kind may hold none: then the Pod got the default.
        before = declared.policy or default_policy(declared.image)
        if before != container.policy:
            return _differing(before, origin, "" if declared.policy else "sets no policy, which gives ")
        owner = origin.owner
        if owner is not None and owner.container(declared.key) == declared:
            return self.of_template(declared, owner)
        history = self._earlier(owner.ref, origin.number) if owner is not None else ()
        return stored_reason(declared, Provenance(origin.name, None, (), history))

    def _earlier(self, ref: ObjectRef, number: int) -> tuple[Revision, ...]:
        """Return the revisions before this one; all if its number is not known."""
        return tuple(r for r in self._context.history(ref) if r.number < number or not number)


def _pod_author(pod: Pod) -> Provenance:
    metadata = meta(pod)
    applied, owners = last_applied("Pod", metadata), field_owners("Pod", metadata)
    return Provenance("the Pod", applied, owners, (), True, metadata.generation == 1)


def _injected(container: DeclaredContainer, origin: PodRevision) -> PolicyReason:
    matches = container.policy == default_policy(container.image)
    detail = "does not declare this container: something added it when the Pod was created"
    evidence = Evidence(origin.name, detail, "certain" if origin.proves else "inferred")
    return PolicyReason("MatchesDefault" if matches else "Admission", (evidence,))


def _differing(before: str, origin: PodRevision, unset: str) -> PolicyReason:
    declares = f"{unset}{before}" if unset else f"declares {before}"
    if not origin.proves:
        detail = f"{declares} now; whether it did when the Pod was made is not known"
        return PolicyReason("DiffersFromTemplate", (Evidence(origin.name, detail, "inferred"),), before)
    detail = f"from which the Pod was made, {declares}; the policy of a Pod cannot change after it is created"
    return PolicyReason("Admission", (Evidence(origin.name, detail, "certain"),), before)
