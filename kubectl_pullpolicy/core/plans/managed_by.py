"""What will write the old value again, and when: Argo CD, Flux, Helm, kubectl apply, an operator, server-side apply.

Sources: Argo CD docs "Resource Tracking" (annotation argocd.argoproj.io/tracking-id, since 3.0 the default); Flux docs
of Kustomization and HelmRelease (labels kustomize.toolkit.fluxcd.io/*, helm.toolkit.fluxcd.io/*, annotations reconcile
and ssa); Helm docs "Labels and Annotations"; kubectl's three-way merge, which leaves a field alone that the manifest
does not set; Kubernetes docs "Server-Side Apply" (managedFields).
"""

from collections.abc import Iterator, Mapping

from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.managed_fields import LAST_APPLIED, field_owners, last_applied
from kubectl_pullpolicy.core.k8s.objects import ObjectMeta, controller_of
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject, Reverter, Tool

_ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
_ARGO_LABEL = "argocd.argoproj.io/instance"
_ARGO_MANAGERS = frozenset({"argocd-controller", "argocd-application-controller"})
_KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
_HELM_RELEASE = "helm.toolkit.fluxcd.io"
_RELEASE_NAME, _RELEASE_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_FLUX_MANAGERS = frozenset({"kustomize-controller", "helm-controller"})

Labels = Mapping[str, str | None]


def reverters(live: LiveObject, changes: tuple[Change, ...]) -> tuple[Reverter, ...]:
    """Return what will revert these changes; those for which a write is refused come first."""
    metadata = live.metadata
    found = [*_tools(metadata), *_operator(metadata)]
    if not found:
        found += [*_helm(metadata), *_kubectl_apply(live, metadata, changes)]
    known = {reverter.tool for reverter in found}
    found += [owner for owner in _appliers(live, metadata, changes) if owner.tool not in known]
    return tuple(sorted(found, key=lambda reverter: not reverter.refuses))


def _tools(metadata: ObjectMeta) -> Iterator[Reverter]:
    labels, annotations = metadata.labels or {}, metadata.annotations or {}
    yield from _argo(labels, annotations, metadata)
    yield from _flux(labels, annotations)


def _argo(labels: Labels, annotations: Labels, metadata: ObjectMeta) -> Iterator[Reverter]:
    tracking, evidence = annotations.get(_ARGO_TRACKING), f"annotation {_ARGO_TRACKING}"
    application = tracking.partition(":")[0] if tracking else labels.get(_ARGO_LABEL) or ""
    if not tracking and application:
        evidence = f"label {_ARGO_LABEL}"
    managers = {entry.manager for entry in metadata.managed_fields or () if entry is not None}
    if not application and managers & _ARGO_MANAGERS:
        # The label of its older default is also what Helm charts set: it counts only where Argo CD wrote the object.
        application, evidence = labels.get("app.kubernetes.io/instance") or "", "managedFields"
    if application or managers & _ARGO_MANAGERS:
        name = application.replace("_", "/", 1) if application else "unknown"
        when = "at once where selfHeal is on, else at its next sync, if its manifests set the field"
        yield Reverter("Argo CD", name, when, evidence, f"the manifests of its application {name}", refuses=True)


def _flux(labels: Labels, annotations: Labels) -> Iterator[Reverter]:
    name, namespace = labels.get(f"{_KUSTOMIZE}/name"), labels.get(f"{_KUSTOMIZE}/namespace") or ""
    off = annotations.get(f"{_KUSTOMIZE}/reconcile") == "disabled"
    once = annotations.get(f"{_KUSTOMIZE}/ssa") in {"IfNotPresent", "Ignore"}
    if name and not off and not once:
        source = f"the manifests of Kustomization {namespace}/{name}"
        evidence = f"label {_KUSTOMIZE}/name"
        yield Reverter(
            "Flux",
            f"{namespace}/{name}",
            "at its next reconciliation, if its manifests set the field",
            evidence,
            source,
            refuses=True,
        )
    name, namespace = labels.get(f"{_HELM_RELEASE}/name"), labels.get(f"{_HELM_RELEASE}/namespace") or ""
    if name:
        when = "at once where drift detection is on, else at its next upgrade"
        source = f"the values of HelmRelease {namespace}/{name}"
        yield Reverter("Flux", f"{namespace}/{name}", when, f"label {_HELM_RELEASE}/name", source, refuses=True)


def _operator(metadata: ObjectMeta) -> Iterator[Reverter]:
    controller = controller_of(metadata)
    if controller is None:
        return
    info = kind_info(controller.kind)
    if info is not None and info.api_version == controller.api_version:
        return
    evidence = f"its controller is a {controller.kind} of {controller.api_version}"
    when = "as soon as its controller looks, if that sets the field"
    yield Reverter("operator", str(controller), when, evidence, str(controller), refuses=True)


def _helm(metadata: ObjectMeta) -> Iterator[Reverter]:
    annotations = metadata.annotations or {}
    name = annotations.get(_RELEASE_NAME)
    if name and (metadata.labels or {}).get("app.kubernetes.io/managed-by") == "Helm":
        namespace = annotations.get(_RELEASE_NAMESPACE) or metadata.namespace or ""
        source = f"the values of release {name} (helm get values {name} -n {namespace})"
        when, evidence = "at its next release", f"annotation {_RELEASE_NAME}"
        yield Reverter("Helm", f"{namespace}/{name}", when, evidence, source, refuses=False)


def _kubectl_apply(live: LiveObject, metadata: ObjectMeta, changes: tuple[Change, ...]) -> Iterator[Reverter]:
    """The last-applied manifest, if it sets one of these fields: the next apply sets it again."""
    applied = {c.key: c for c in last_applied(live.info.kind, metadata) or ()}
    conflicting = []
    for change in changes:
        container = applied.get((change.container_kind == "imageVolume", change.container))
        value = "" if container is None else container.policy if change.field == "imagePullPolicy" else container.image
        if value and value != change.new:
            conflicting.append(f"{change.container}: {value}")
    if conflicting:
        evidence = f"annotation {LAST_APPLIED} ({', '.join(conflicting)})"
        yield Reverter(
            "kubectl apply", "", "at the next kubectl apply", evidence, "the manifest that is applied", refuses=False
        )


def _appliers(live: LiveObject, metadata: ObjectMeta, changes: tuple[Change, ...]) -> Iterator[Reverter]:
    """Managers that own one of the fields by server-side apply: a write would take it from them."""
    owned: dict[str, list[str]] = {}
    for owner in field_owners(live.info.kind, metadata):
        for change in changes:
            same = owner.key == (change.container_kind == "imageVolume", change.container)
            has = owner.policy if change.field == "imagePullPolicy" else owner.image
            if owner.operation == "Apply" and same and has:
                owned.setdefault(owner.manager, []).append(f"{change.container}'s {change.field}")
    for manager, fields in owned.items():
        evidence = f"managedFields: it applied {', '.join(fields)}"
        tool: Tool = (
            "Argo CD" if manager in _ARGO_MANAGERS else "Flux" if manager in _FLUX_MANAGERS else "server-side apply"
        )
        instead = f"what {manager} applies"
        yield Reverter(tool, manager, "at its next apply, or that one conflicts", evidence, instead, refuses=True)
