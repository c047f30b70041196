"""imagePullPolicy: the default rule, and who wrote a stored value.

The rule is the API server's (pkg/apis/core/v1/defaults.go:SetDefaults_Container, v1.37.2): no policy and a tag equal to
`latest`, written or implied, gives Always; everything else, unreadable images included, IfNotPresent. It is applied
when an object is written, to templates too, and the value is stored: it does not follow a later change of the image.
"""

from typing import NamedTuple

from kubectl_pullpolicy.core.k8s.managed_fields import FieldOwner
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer
from kubectl_pullpolicy.core.policy.defaulting import default_ground, default_policy
from kubectl_pullpolicy.core.report.evidence import Certainty, Evidence
from kubectl_pullpolicy.core.report.explanation import FreshBytes, Policy, Reason
from kubectl_pullpolicy.core.source.snapshot import Revision


class PolicyReason(NamedTuple):
    """Why a policy is what it is. `other` is what the reason compares with: an earlier image, or another policy."""

    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    other: str = ""
    unread: tuple[str, ...] = ()


class Provenance(NamedTuple):
    """What one stored object shows about the origin of its containers' policies.

    `frozen`: a Pod, whose policies cannot change once it is created; `unchanged`: its spec never changed at all
    (metadata.generation 1). `history`: earlier revisions, newest first.
    """

    name: str
    last_applied: tuple[DeclaredContainer, ...] | None
    field_owners: tuple[FieldOwner, ...]
    history: tuple[Revision, ...] = ()
    frozen: bool = False
    unchanged: bool = False


def why(policy: str, image: str, policy_reason: PolicyReason) -> str:
    """The reason in a few words, as the table's WHY column has it."""
    ground, other = default_ground(image), policy_reason.other
    words: dict[Reason, str] = {
        "Explicit": "explicit",
        "Default": f"default for {ground}",
        "StaleDefault": f"stale default, was {other}" if other else "stale default",
        "Edited": f"edited, manifest says {other}" if other else "edited, manifest sets none",
        "Admission": f"set at admission, was {other}" if other else "set at admission",
        "Static": "static pod",
        "MatchesDefault": f"matches default for {ground}",
        "DiffersFromDefault": f"differs from default {default_policy(image)}",
        "DiffersFromTemplate": f"differs from template's {other}",
    }
    return words[policy_reason.reason]


def policy_of(
    value: str, image: str, policy_reason: PolicyReason, next_start: str | None, fresh: FreshBytes | None = None
) -> Policy:
    """The Policy of an explanation."""
    words = why(value, image, policy_reason)
    return Policy(value, policy_reason.reason, words, policy_reason.evidence, next_start, policy_reason.unread, fresh)


def manifest_reason(container: DeclaredContainer, source: str = "the manifest") -> PolicyReason:
    """A container that is not stored yet: what the API server would make of it."""
    if container.policy:
        return PolicyReason("Explicit", (Evidence(source, f"sets {container.policy}", "certain"),))
    detail = "sets no policy: the API server would store the default"
    return PolicyReason("Default", (Evidence(source, detail, "certain"),))


def stored_reason(container: DeclaredContainer, provenance: Provenance) -> PolicyReason:
    """Return the reason of a stored container's policy: by last-applied first, then managedFields, then history."""
    for judge in (_by_last_applied, _by_managed_fields, _by_history):
        policy_reason = judge(container, provenance)
        if policy_reason is not None:
            return policy_reason
    if container.policy == "Never":
        return PolicyReason("Explicit", (Evidence("the value", "is Never, which is never a default", "certain"),))
    if container.policy == default_policy(container.image):
        return PolicyReason(
            "MatchesDefault", (_no_evidence(provenance, "the value is the one that the tag rule gives"),)
        )
    detail = f"the tag rule gives {default_policy(container.image)} for this image"
    return PolicyReason("DiffersFromDefault", (_no_evidence(provenance, detail),), default_policy(container.image))


def _no_evidence(provenance: Provenance, detail: str) -> Evidence:
    return Evidence(provenance.name, f"does not show who wrote the policy; {detail}", "inferred")


def _by_last_applied(container: DeclaredContainer, provenance: Provenance) -> PolicyReason | None:
    applied = next((c for c in provenance.last_applied or () if c.key == container.key), None)
    if applied is None:
        return None
    source = f"the manifest last applied to {provenance.name}"
    if applied.policy == container.policy:
        return PolicyReason("Explicit", (Evidence(source, f"sets {applied.policy}", "certain"),))
    if applied.policy:
        detail = f"sets {applied.policy}, but {container.policy} is stored"
        reason: Reason = "Admission" if provenance.frozen else "Edited"
        more = (_cannot_change(),) if provenance.frozen else ()
        return PolicyReason(reason, (Evidence(source, detail, "certain"), *more), applied.policy)
    return _by_silent_manifest(container, applied, provenance, Evidence(source, "sets no policy", "certain"))


def _by_silent_manifest(
    container: DeclaredContainer, applied: DeclaredContainer, provenance: Provenance, silent: Evidence
) -> PolicyReason | None:
    """The last-applied manifest sets no policy: a default of this image or of an earlier one, or an edit."""
    policy, default = container.policy, default_policy(container.image)
    writer = _policy_writer(container, provenance)
    if policy == default and writer is None and policy == default_policy(applied.image):
        return PolicyReason("Default", (silent,))
    if policy == default:
        return None if writer is None else PolicyReason("Edited", (silent, _written_by(writer, "inferred")))
    if policy == "Never" or writer is not None:
        more = () if writer is None else (_written_by(writer, "certain"),)
        return PolicyReason("Admission" if provenance.frozen else "Edited", (silent, *more))
    if applied.image != container.image and policy == default_policy(applied.image):
        detail = f"has image {applied.image}, whose default is {policy}"
        return PolicyReason("StaleDefault", (silent, Evidence(silent.source, detail, "certain")), applied.image)
    if provenance.frozen and provenance.unchanged:
        detail = "never changed since it was created (generation 1)"
        return PolicyReason("Admission", (silent, Evidence("the Pod itself", detail, "certain")), default)
    earlier = _earlier_image(container, provenance)
    if earlier is not None:
        return PolicyReason("StaleDefault", (silent, earlier[1]), earlier[0])
    if provenance.frozen:
        return None
    detail = f"name nobody else who wrote it, and {policy} is not the default of this image: an earlier one left it"
    return PolicyReason("StaleDefault", (silent, Evidence("managedFields", detail, "inferred")))


def _by_managed_fields(container: DeclaredContainer, provenance: Provenance) -> PolicyReason | None:
    owners = tuple(owner for owner in provenance.field_owners if owner.key == container.key)
    default = default_policy(container.image)
    applier = next((o for o in owners if o.operation == "Apply" and o.policy), None)
    if applier is not None:
        evidence = Evidence(
            f"managedFields of {provenance.name}", f"tell that {applier.manager} applied the policy", "certain"
        )
        return PolicyReason("Explicit", (evidence,))
    writer = _policy_writer(container, provenance)
    if writer is not None:
        certainty: Certainty = "certain" if container.policy != default else "inferred"
        return PolicyReason("Explicit", (_written_by(writer, certainty),))
    applier = next((o for o in owners if o.operation == "Apply" and o.image), None)
    if applier is not None and not any(o.policy for o in owners):
        detail = f"tell that {applier.manager} applied the image and nobody owns the policy: it is a default"
        evidence = Evidence(f"managedFields of {provenance.name}", detail, "certain")
        if container.policy == default:
            return PolicyReason("Default", (evidence,))
        earlier = _earlier_image(container, provenance)
        return PolicyReason(
            "StaleDefault", (evidence, *((earlier[1],) if earlier else ())), earlier[0] if earlier else ""
        )
    return _by_later_image(container, owners, provenance)


def _by_later_image(
    container: DeclaredContainer, owners: tuple[FieldOwner, ...], provenance: Provenance
) -> PolicyReason | None:
    """The creator still owns the policy, and another manager changed the image since."""
    creator = next((o for o in owners if o.policy and o.created and not o.image), None)
    changer = next((o for o in owners if o.image and not o.policy), None)
    if creator is None or changer is None or container.policy in {default_policy(container.image), "Never"}:
        return None
    detail = f"tell that {creator.manager} wrote the policy and {changer.manager} changed the image later"
    evidence = Evidence(f"managedFields of {provenance.name}", detail, "inferred")
    earlier = _earlier_image(container, provenance)
    return PolicyReason("StaleDefault", (evidence, *((earlier[1],) if earlier else ())), earlier[0] if earlier else "")


def _by_history(container: DeclaredContainer, provenance: Provenance) -> PolicyReason | None:
    if container.policy == default_policy(container.image):
        return None
    earlier = _earlier_image(container, provenance)
    return None if earlier is None else PolicyReason("StaleDefault", (earlier[1],), earlier[0])


def _earlier_image(container: DeclaredContainer, provenance: Provenance) -> tuple[str, Evidence] | None:
    """The newest earlier revision of this container whose image gives the policy that is stored now."""
    for revision in provenance.history:
        old = next((c for c in revision.containers if c.key == container.key), None)
        if old is None or old.image == container.image or old.policy != container.policy:
            continue
        if default_policy(old.image) == container.policy:
            detail = f"had image {old.image}, whose default is {container.policy}"
            return old.image, Evidence(str(revision.ref), detail, "inferred")
    return None


def _policy_writer(container: DeclaredContainer, provenance: Provenance) -> FieldOwner | None:
    """Return the manager that wrote only this policy: it owns neither the image nor the container."""
    owners = (owner for owner in provenance.field_owners if owner.key == container.key and owner.operation == "Update")
    return next((owner for owner in owners if owner.policy and not owner.image and not owner.created), None)


def _written_by(writer: FieldOwner, certainty: str) -> Evidence:
    if certainty == "certain":
        return Evidence("managedFields", f"tell that {writer.manager} wrote the policy", "certain")
    return Evidence(
        "managedFields",
        f"tell that {writer.manager} wrote the policy, or removed it so that it became the default",
        "inferred",
    )


def _cannot_change() -> Evidence:
    return Evidence("the API server", "lets no policy of a Pod change after it is created", "certain")
