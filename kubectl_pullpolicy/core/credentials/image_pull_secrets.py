"""Which lists of pull secrets count for a Pod or a template, and what must be read of them.

The kubelet reads the list of the Pod alone. The list of a ServiceAccount counts only if admission copied it into a Pod
that listed none when it was created. The two are never merged, and `[{"name": ""}]` is a list, too.
Source: k8s.io/kubernetes v1.37.2 plugin/pkg/admission/serviceaccount/admission.go:Admit.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from kubectl_pullpolicy.core.k8s.objects import (
    LocalObjectReference,
    ObjectMeta,
    ObjectRef,
    Pod,
    Workload,
    meta,
    present,
)
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers, is_mirror, template_of
from kubectl_pullpolicy.core.pods.status import status_of
from kubectl_pullpolicy.core.source.reads import Get, Known, Need, secret_ref, service_account_ref
from kubectl_pullpolicy.core.source.snapshot import Snapshot

# The containers whose credentials are read: those that cannot pull, all, none (--no-secrets).
CredentialsWanted = Literal["failing", "all", "never"]


class CredentialScope(NamedTuple):
    """The containers whose credentials are read; `now` is called when everything is read."""

    wanted: CredentialsWanted = "never"
    now: Callable[[], datetime] | None = None


class PullSecretList(NamedTuple):
    """One list of pull secrets. `ignored` is why the kubelet does not read it, "" if it does."""

    kind: Literal["Pod", "Template", "ServiceAccount"]
    holder: str
    names: tuple[str, ...]
    ignored: str = ""


class PullSecretUser(NamedTuple):
    """A Pod, or a template whose Pods are still to be created, with the names that its own list has ("" too)."""

    listed: tuple[str, ...]
    namespace: str
    service_account: str  # "" for a static Pod, which has none
    created: bool


def pull_secret_user(subject: Pod | Workload) -> PullSecretUser | None:
    """Return the user of pull secrets that a subject is; None if it has no Pod spec."""
    metadata = meta(subject)
    spec = subject.spec if isinstance(subject, Pod) else template_of(subject)
    if spec is None:
        return None
    account = "" if is_mirror(metadata) else spec.service_account_name or "default"
    created = isinstance(subject, Pod) and _is_created(metadata)
    return PullSecretUser(_names(spec.image_pull_secrets), metadata.namespace or "", account, created)


def pull_secret_user_of(spec: Mapping[str, Any], metadata: ObjectMeta, *, created: bool) -> PullSecretUser:
    """Return the user of pull secrets that a Pod spec of any shape makes; `metadata` are those of its object."""
    listed = spec.get("imagePullSecrets")
    names = tuple(
        str(each.get("name") or "") for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict)
    )
    account = "" if is_mirror(metadata) else str(spec.get("serviceAccountName") or "default")
    return PullSecretUser(names, metadata.namespace or "", account, created)


def wants_credentials(subject: Pod | Workload, wanted: CredentialsWanted) -> bool:
    """Return whether the pull secrets of any container are to be read."""
    if wanted == "failing" and isinstance(subject, Pod):
        return any(status_of(subject, each).pull_failing for each in declared_containers(subject.spec))
    return wanted == "all"


def credential_needs(subject: Pod | Workload, snapshot: Snapshot) -> Iterator[Need]:
    """Return what must be read of a subject's pull secrets: the ServiceAccount, then each Secret by name."""
    user = pull_secret_user(subject)
    if user is None:
        return
    if user.service_account:
        yield Get(service_account_ref(user.namespace, user.service_account))
    for each in pull_secret_lists(user, snapshot):
        yield from (Get(secret_ref(user.namespace, name)) for name in each.names if name)


def pull_secret_lists(user: PullSecretUser, snapshot: Snapshot) -> Iterator[PullSecretList]:
    """Return the lists that name pull secrets for it, as far as they are known."""
    own = user.listed
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


def counted_account(user: PullSecretUser) -> ObjectRef | None:
    """Return the ServiceAccount whose list admission would copy; None if the Pods keep a list of their own."""
    if user.listed or user.created or not user.service_account:
        return None
    return service_account_ref(user.namespace, user.service_account)


def offered_secrets(user: PullSecretUser, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names of the Secrets that the kubelet reads for it, in its order."""
    lists = (each for each in pull_secret_lists(user, snapshot) if not each.ignored)
    return tuple(name for each in lists for name in each.names if name)


def _is_created(metadata: ObjectMeta) -> bool:
    return bool(metadata.uid or metadata.resource_version or metadata.creation_timestamp)


def _names(references: tuple[LocalObjectReference | None, ...] | None) -> tuple[str, ...]:
    return tuple(each.name or "" for each in present(references))
