"""The default rule and the judgement of stored containers."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.k8s.objects import Workload
from kubectl_pullpolicy.core.policy.defaulting import default_policy
from kubectl_pullpolicy.core.report.explanation import Policy
from kubectl_pullpolicy.core.source.reads import ListOf, Reading
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from tests.harness.builders import applied, container, managed, objects, pod, read, workload

DIGEST = "sha256:" + "a" * 64
# Seen on the API server 1.37.2 (tests/e2e/test_defaults.py asks it again).
DEFAULTS = {
    "nginx": "Always",
    "nginx:latest": "Always",
    "registry.example.com:5000/team/app": "Always",
    "[::1]:5000/app": "Always",
    f"nginx:latest@{DIGEST}": "Always",
    "nginx:1.27": "IfNotPresent",
    f"nginx@{DIGEST}": "IfNotPresent",
    f"nginx:1.27@{DIGEST}": "IfNotPresent",
    "nginx:Latest": "IfNotPresent",
    "localhost:5000": "IfNotPresent",
    DIGEST: "IfNotPresent",
    "Nginx": "IfNotPresent",
    "nginx:": "IfNotPresent",
    "https://x/y:latest": "IfNotPresent",
    "": "IfNotPresent",
}


@pytest.mark.parametrize(("image", "policy"), DEFAULTS.items())
def test_the_default_is_always_only_for_the_tag_latest_written_or_implied(image: str, policy: str) -> None:
    assert default_policy(image) == policy


def explained(kind: str, stored: dict[str, Any], *others: dict[str, Any], **metadata: Any) -> Policy:
    """The policy of the only container of a workload, with what else is known."""
    context = Snapshot()
    context.learn([Reading(ListOf("apps/v1", "ReplicaSet", "shop"), tuple(objects(*others)))])
    subject = read(workload(kind, stored, **metadata))
    assert isinstance(subject, Workload)
    return Explainer(context).explain(subject).containers[0].policy


def certainties(policy: Policy) -> set[str]:
    return {evidence.certainty for evidence in policy.evidence}


KINDS = (
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "CronJob",
    "ReplicationController",
    "PodTemplate",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_in_the_last_applied_manifest_is_explicit_in_every_kind(kind: str) -> None:
    stored = container("nginx:1.27", "Always")
    policy = explained(kind, stored, annotations=applied(kind, stored))
    assert (policy.value, policy.reason, policy.why) == ("Always", "Explicit", "explicit")
    assert {"certain"} == certainties(policy)


def test_a_silent_manifest_and_the_default_of_its_image_is_a_default() -> None:
    annotations = applied("Deployment", container("nginx"))
    policy = explained("Deployment", container("nginx", "Always"), annotations=annotations)
    assert (policy.reason, policy.why) == ("Default", "default for no tag")


def test_a_policy_other_than_the_last_applied_one_was_edited() -> None:
    annotations = applied("Deployment", container("nginx:1.27", "IfNotPresent"))
    policy = explained("Deployment", container("nginx:1.27", "Always"), annotations=annotations)
    assert (policy.reason, policy.why) == ("Edited", "edited, manifest says IfNotPresent")


def test_set_image_after_a_silent_manifest_leaves_a_stale_default() -> None:
    annotations = applied("StatefulSet", container("acme/legacy"))
    policy = explained("StatefulSet", container("acme/legacy:2.0", "Always"), annotations=annotations)
    assert (policy.reason, policy.why) == ("StaleDefault", "stale default, was acme/legacy")
    assert {"certain"} == certainties(policy)


def test_apply_with_another_tag_leaves_a_stale_default_and_history_names_the_earlier_image() -> None:
    annotations = applied("Deployment", container("acme/legacy:2.0"))
    annotations["deployment.kubernetes.io/revision"] = "2"
    first = workload(
        "ReplicaSet",
        container("acme/legacy", "Always"),
        owner="Deployment/web",
        name="web-1",
        annotations={"deployment.kubernetes.io/revision": "1"},
    )
    stored = container("acme/legacy:2.0", "Always")
    assert explained("Deployment", stored, annotations=annotations).why == "stale default"
    policy = explained("Deployment", stored, first, annotations=annotations)
    assert (policy.reason, policy.why) == ("StaleDefault", "stale default, was acme/legacy")
    assert {"certain", "inferred"} == certainties(policy)


def test_a_patch_of_the_policy_after_a_silent_manifest_is_an_edit() -> None:
    annotations = applied("Deployment", container("nginx:1.27"))
    fields = [managed("kubectl-client-side-apply", main="name image"), managed("kubectl-patch", main="policy")]
    stored = container("nginx:1.27", "Always")
    policy = explained("Deployment", stored, annotations=annotations, managedFields=fields)
    assert (policy.reason, policy.why) == ("Edited", "edited, manifest sets none")


def test_an_apply_manager_that_owns_the_policy_wrote_it() -> None:
    fields = [managed("argocd", "Apply", main="name image policy")]
    policy = explained("Deployment", container("nginx:1.27", "IfNotPresent"), managedFields=fields)
    assert ("Explicit", {"certain"}) == (policy.reason, certainties(policy))


@pytest.mark.parametrize(("value", "reason"), [("IfNotPresent", "Default"), ("Always", "StaleDefault")])
def test_an_applied_image_without_an_owner_of_the_policy_has_a_default(value: str, reason: str) -> None:
    fields = [managed("argocd", "Apply", main="name image")]
    policy = explained("Deployment", container("nginx:1.27", value), managedFields=fields)
    assert (reason, {"certain"}) == (policy.reason, certainties(policy))


@pytest.mark.parametrize(("value", "certainty"), [("Always", "certain"), ("IfNotPresent", "inferred")])
def test_a_manager_of_the_policy_alone_wrote_it_but_a_null_patch_looks_the_same(value: str, certainty: str) -> None:
    fields = [managed("kubectl-create", main="name image"), managed("kubectl-patch", main="policy")]
    policy = explained("Deployment", container("nginx:1.27", value), managedFields=fields)
    assert ("Explicit", {certainty}) == (policy.reason, certainties(policy))


def test_an_image_changed_after_the_creator_wrote_the_policy_points_to_a_stale_default() -> None:
    fields = [managed("kubectl-create", main="name policy"), managed("kubectl-set", main="image")]
    policy = explained("Deployment", container("acme/legacy:2.0", "Always"), managedFields=fields)
    assert ("StaleDefault", {"inferred"}) == (policy.reason, certainties(policy))


@pytest.mark.parametrize(
    ("value", "reason", "why"),
    [
        ("IfNotPresent", "MatchesDefault", "matches default for tag 1.27"),
        ("Always", "DiffersFromDefault", "differs from default IfNotPresent"),
        ("Never", "Explicit", "explicit"),
    ],
)
def test_one_manager_of_everything_proves_nothing_but_never_is_never_a_default(
    value: str, reason: str, why: str
) -> None:
    fields = [managed("kubectl-create", main="name image policy")]
    policy = explained("Deployment", container("nginx:1.27", value), managedFields=fields)
    assert (reason, why) == (policy.reason, policy.why)


def test_a_manifest_is_explained_as_what_the_api_server_would_store() -> None:
    manifest = workload("Deployment", container("nginx"), container("nginx", "Never", "other"))
    del manifest["metadata"]["uid"]
    subject = Explainer(Snapshot()).explain(read(manifest))
    assert not subject.stored
    assert [(c.policy.value, c.policy.reason) for c in subject.containers] == [
        ("Always", "Default"),
        ("Never", "Explicit"),
    ]


def of_pod(manifest: dict[str, Any], *others: dict[str, Any]) -> Policy:
    context = Snapshot()
    context.learn([Reading(ListOf("apps/v1", "ReplicaSet", "shop"), tuple(objects(*others)))])
    return Explainer(context).explain(read(manifest)).containers[0].policy


def test_a_pod_that_differs_from_its_replicaset_was_changed_at_admission() -> None:
    made_from = workload("ReplicaSet", container("nginx:1.27", "IfNotPresent"), owner="Deployment/web", name="web-1")
    policy = of_pod(pod(container("nginx:1.27", "Always"), owner="ReplicaSet/web-1"), made_from)
    assert (policy.reason, policy.why) == ("Admission", "set at admission, was IfNotPresent")
    assert {"certain"} == certainties(policy)


def test_a_pod_gets_the_reason_of_the_deployment_that_its_replicaset_still_equals() -> None:
    stored = container("nginx:1.27", "Always")
    owner = workload("Deployment", stored, annotations=applied("Deployment", stored))
    made_from = workload("ReplicaSet", stored, owner="Deployment/web", name="web-1")
    assert of_pod(pod(stored, owner="ReplicaSet/web-1"), made_from, owner).reason == "Explicit"


def test_the_deployments_present_evidence_says_nothing_of_an_old_revision() -> None:
    now, then = container("nginx:1.28", "Always"), container("nginx:1.27", "Always")
    owner = workload("Deployment", now, annotations=applied("Deployment", now))
    made_from = workload("ReplicaSet", then, owner="Deployment/web", name="web-1")
    assert of_pod(pod(then, owner="ReplicaSet/web-1"), made_from, owner).reason == "DiffersFromDefault"


def test_a_daemonsets_pod_is_compared_with_its_own_controllerrevision() -> None:
    old, new = container("nginx:1.27", "IfNotPresent"), container("nginx:1.27", "Always")
    labels = {"labels": {"controller-revision-hash": "abc"}}
    manifest = pod(old, owner="DaemonSet/web", metadata=labels)
    present = workload("DaemonSet", new)
    assert of_pod(manifest, present).reason == "DiffersFromTemplate"
    revision = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": "web-abc",
            "namespace": "shop",
            "ownerReferences": pod(owner="DaemonSet/web")["metadata"]["ownerReferences"],
        },
        "revision": 1,
        "data": {"spec": {"template": {"spec": {"containers": [old]}}}},
    }
    assert of_pod(manifest, present, revision).reason == "MatchesDefault"


def test_a_replicaset_without_a_deployment_may_have_been_edited_since_the_pod_was_made() -> None:
    present = workload("ReplicaSet", container("nginx:1.27", "IfNotPresent"), name="web-1")
    policy = of_pod(pod(container("nginx:1.27", "Always"), owner="ReplicaSet/web-1"), present)
    assert (policy.reason, certainties(policy)) == ("DiffersFromTemplate", {"inferred"})


def test_a_replicationcontrollers_pod_may_only_be_said_to_differ_from_the_template() -> None:
    present = workload("ReplicationController", container("nginx:1.27", "Always"))
    policy = of_pod(pod(container("nginx:1.27", "IfNotPresent"), owner="ReplicationController/web"), present)
    assert ("DiffersFromTemplate", {"inferred"}) == (policy.reason, certainties(policy))


def test_a_container_that_the_template_lacks_was_added_at_admission() -> None:
    made_from = workload("ReplicaSet", container("nginx:1.27", "IfNotPresent"), name="web-1")
    injected = container("envoy:v1", "Always", "proxy")
    assert of_pod(pod(injected, owner="ReplicaSet/web-1"), made_from).reason == "Admission"
    plain = container("envoy:v1", "IfNotPresent", "proxy")
    assert of_pod(pod(plain, owner="ReplicaSet/web-1"), made_from).reason == "MatchesDefault"


def test_a_mirror_pod_is_static_whatever_its_policy() -> None:
    annotations = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    manifest = pod(container("nginx:1.27", "Always"), owner="Node/node-1", metadata=annotations)
    assert (of_pod(manifest).reason, of_pod(manifest).why) == ("Static", "static pod")


def test_a_bare_pod_that_differs_from_its_manifest_was_changed_at_admission() -> None:
    metadata = {"annotations": applied("Pod", container("nginx:1.27", "IfNotPresent"))}
    assert of_pod(pod(container("nginx:1.27", "Always"), metadata=metadata)).reason == "Admission"


def test_a_bare_pod_never_changed_and_off_the_default_of_a_silent_manifest_was_changed_at_admission() -> None:
    metadata = {"annotations": applied("Pod", container("nginx:1.27")), "generation": 1}
    assert of_pod(pod(container("nginx:1.27", "Always"), metadata=metadata)).reason == "Admission"
    metadata["generation"] = 2
    assert of_pod(pod(container("nginx:1.27", "Always"), metadata=metadata)).reason == "DiffersFromDefault"


def test_a_pod_of_an_unknown_kind_of_owner_has_no_evidence() -> None:
    manifest = pod(container("nginx:1.27", "IfNotPresent"), owner="Rollout/web")
    assert of_pod(manifest).reason == "MatchesDefault"
