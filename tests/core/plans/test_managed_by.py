"""Who will write the old value again: recognised by what each tool leaves in an object."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.plans.plan import Reverter
from tests.core.plans.planning import planned
from tests.harness.builders import applied, container, managed, owner_reference, workload


def found(policy: str = "Always", **metadata: Any) -> tuple[Reverter, ...]:
    made = workload("Deployment", container(policy="IfNotPresent"), **metadata)
    return planned(made, policy).reverters


def tools(*reverters: Reverter) -> list[tuple[str, str, bool]]:
    return [(reverter.tool, reverter.name, reverter.refuses) for reverter in reverters]


def test_an_object_of_nobody_has_none() -> None:
    assert found() == ()


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}}, "shop"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "argocd_shop:apps/Deployment:shop/web"}}, "argocd/shop"),
        ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "shop"),
        (
            {
                "labels": {"app.kubernetes.io/instance": "shop"},
                "managedFields": [managed("argocd-controller", "Update", main="image")],
            },
            "shop",
        ),
    ],
)
def test_argo_cd_by_annotation_label_or_manager(metadata: dict[str, Any], name: str) -> None:
    assert tools(*found(**metadata)) == [("Argo CD", name, True)]


def test_the_instance_label_alone_is_not_argo_cd() -> None:
    assert found(labels={"app.kubernetes.io/instance": "web"}) == ()


def test_flux_by_its_labels() -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    (reverter,) = found(labels=labels)
    assert tools(reverter) == [("Flux", "flux-system/apps", True)]
    assert reverter.instead == "the manifests of Kustomization flux-system/apps"
    helm = {"helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop"}
    release = {"app.kubernetes.io/managed-by": "Helm"}
    (reverter,) = found(labels=helm | release, annotations={"meta.helm.sh/release-name": "web"})
    assert reverter.instead == "the values of HelmRelease shop/web"


@pytest.mark.parametrize("annotation", [{"reconcile": "disabled"}, {"ssa": "IfNotPresent"}, {"ssa": "Ignore"}])
def test_an_object_that_flux_leaves_alone_is_free(annotation: dict[str, str]) -> None:
    prefix = "kustomize.toolkit.fluxcd.io"
    labels = {f"{prefix}/name": "apps", f"{prefix}/namespace": "flux-system"}
    assert found(labels=labels, annotations={f"{prefix}/{key}": value for key, value in annotation.items()}) == ()


def test_helm_reverts_at_the_next_release_and_names_its_values() -> None:
    annotations = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}
    (reverter,) = found(labels={"app.kubernetes.io/managed-by": "Helm"}, annotations=annotations)
    assert tools(reverter) == [("Helm", "shop/web", False)]
    assert reverter.instead == "the values of release web (helm get values web -n shop)"


def test_kubectl_apply_reverts_what_its_manifest_sets_and_nothing_else() -> None:
    (reverter,) = found(annotations=applied("Deployment", container(policy="IfNotPresent")))
    assert tools(reverter) == [("kubectl apply", "", False)]
    assert "main: IfNotPresent" in reverter.evidence
    assert found(annotations=applied("Deployment", container())) == ()


def test_an_operator_is_a_controller_of_a_kind_that_kubernetes_does_not_have() -> None:
    reference = owner_reference("Widget/w") | {"apiVersion": "example.com/v1"}
    assert tools(*found(ownerReferences=[reference])) == [("operator", "Widget/w", True)]
    assert found(ownerReferences=[reference | {"controller": False}]) == ()


def test_a_server_side_applier_of_the_field_refuses_and_one_of_another_field_does_not() -> None:
    owner = managed("platform", "Apply", main="image policy")
    assert tools(*found(managedFields=[owner])) == [("server-side apply", "platform", True)]
    assert found(managedFields=[managed("platform", "Apply", main="image")]) == ()
    assert found(managedFields=[managed("platform", "Apply", other="policy")]) == ()
    assert found(managedFields=[managed("kubectl-create", "Update", main="name image policy")]) == ()


def test_a_gitops_tool_that_applies_by_server_side_apply_is_told_once() -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    owner = managed("kustomize-controller", "Apply", main="image policy")
    assert tools(*found(labels=labels, managedFields=[owner])) == [("Flux", "flux-system/apps", True)]
    assert tools(*found(managedFields=[owner])) == [("Flux", "kustomize-controller", True)]


def test_no_change_has_no_reverter() -> None:
    annotations = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}
    assert found("IfNotPresent", annotations=annotations) == ()
