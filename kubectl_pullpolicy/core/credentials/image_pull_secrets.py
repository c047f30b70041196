"""Which lists of pull secrets count for a subject, and what must be read of them.

The kubelet reads the list of the Pod alone. The list of a ServiceAccount counts only where admission copied it: into a
Pod that listed none, when it was created; the two are never merged, and `[{"name": ""}]` is a list, too.
Source: k8s.io/kubernetes v1.37.2 plugin/pkg/admission/serviceaccount/admission.go:Admit.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.k8s.objects import LocalObjectReference, ObjectMeta, Pod, PodSpec, Workload, meta, present
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers, is_mirror, template_of
from kubectl_pullpolicy.core.pods.status import status_of
from kubectl_pullpolicy.core.source.reads import Get, Known, Need, secret_ref, service_account_ref
from kubectl_pullpolicy.core.source.snapshot import Snapshot

# Whose credentials are looked at: of containers that cannot pull, of all, of none (--no-secrets).
CredentialsWanted = Literal["failing", "all", "never"]


class CredentialScope(NamedTuple):
    """Whose credentials are asked for; `now` is called when everything is read."""

    wanted: CredentialsWanted = "never"
    now: Callable[[], datetime] | None = None


class PullSecretList(NamedTuple):
    """One list of pull secrets. `ignored` is why the kubelet does not read it, "" where it does."""

    kind: Literal["Pod", "Template", "ServiceAccount"]
    holder: str
    names: tuple[str, ...]
    ignored: str = ""


class PullSecretUser(NamedTuple):
    """What wants an image: the spec of a Pod, or of a template whose Pods are still to come."""

    spec: PodSpec
    namespace: str
    service_account: str  # "" for a static Pod, which has none
    created: bool


def pull_secret_user(subject: Pod | Workload) -> PullSecretUser | None:
    """Whose pull secrets these are; None where there is no spec."""
    metadata = meta(subject)
    spec = subject.spec if isinstance(subject, Pod) else template_of(subject)
    if spec is None:
        return None
    account = "" if is_mirror(metadata) else spec.service_account_name or "default"
    return PullSecretUser(spec, metadata.namespace or "", account, isinstance(subject, Pod) and _is_created(metadata))


def wants_credentials(subject: Pod | Workload, wanted: CredentialsWanted) -> bool:
    """Whether the pull secrets of any container are to be looked at."""
    if wanted == "failing" and isinstance(subject, Pod):
        return any(status_of(subject, each).pull_failing for each in declared_containers(subject.spec))
    return wanted == "all"


def credential_needs(subject: Pod | Workload, snapshot: Snapshot) -> Iterator[Need]:
    """What must be read of a subject's pull secrets: the ServiceAccount and each Secret by name, in two rounds."""
    user = pull_secret_user(subject)
    if user is None:
        return
    if user.service_account:
        yield Get(service_account_ref(user.namespace, user.service_account))
    for each in pull_secret_lists(user, snapshot):
        yield from (Get(secret_ref(user.namespace, name)) for name in each.names if name)


def pull_secret_lists(user: PullSecretUser, snapshot: Snapshot) -> Iterator[PullSecretList]:
    """The lists that name pull secrets for it, as far as they are known."""
    own = _names(user.spec.image_pull_secrets)
    account = snapshot.service_account(user.namespace, user.service_account)
    copied = _names(account.value.image_pull_secrets) if isinstance(account, Known) else ()
    kind: Literal["Pod", "Template"] = "Pod" if user.created else "Template"
    if own and own == copied and user.created:
        yield PullSecretList("ServiceAccount", user.service_account, own)
        return
    if own:
        yield PullSecretList(kind, "", own)
        rest = tuple(name for name in copied if name not in own)
        why = f"because the {kind if user.created else 'template'} lists secrets of its own"
        if rest:
            yield PullSecretList("ServiceAccount", user.service_account, rest, why)
    elif copied:
        late = "because the Pod was created before the ServiceAccount had it" if user.created else ""
        yield PullSecretList("ServiceAccount", user.service_account, copied, late)


def _is_created(metadata: ObjectMeta) -> bool:
    return bool(metadata.uid or metadata.resource_version or metadata.creation_timestamp)


def _names(references: tuple[LocalObjectReference | None, ...] | None) -> tuple[str, ...]:
    return tuple(each.name or "" for each in present(references))
