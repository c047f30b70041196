"""Fixes for a failure of credentials, the best first: existing Secrets are used before new ones are created.

Commands can be pasted. `kubectl patch` merges imagePullSecrets by name, so that a name is added to the list.
"""

import re
import shlex
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialScope, credential_needs, pull_secret_user
from kubectl_pullpolicy.core.credentials.keyring import repository_of
from kubectl_pullpolicy.core.credentials.verdicts import CredentialQuery, credentials_of
from kubectl_pullpolicy.core.diagnosis.causes import CREDENTIAL_CAUSES
from kubectl_pullpolicy.core.diagnosis.remedies import SECRET, RemedyTarget, secret_command
from kubectl_pullpolicy.core.k8s.kinds import is_object_name, kind_info, spec_path
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, Workload, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import workload_ref
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.pull_failure import CauseId, Credential, Remedy
from kubectl_pullpolicy.core.source.reads import Get, NotRead
from kubectl_pullpolicy.core.source.snapshot import Snapshot

# The causes that better credentials may fix.
_FIXABLE: frozenset[CauseId] = CREDENTIAL_CAUSES | {"PullSecretMissing"}
_TEMPLATES_PATCHED = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "CronJob"}
)


class UnpulledImage(NamedTuple):
    """An image that cannot be pulled. `ref`: the top owner of its Pod, or the Pod if it has no controller."""

    ref: ObjectRef
    image: str

    @property
    def namespace(self) -> str:
        """` -n NAMESPACE`, or nothing."""
        return f" -n {shlex.quote(self.ref.namespace)}" if self.ref.namespace else ""


def credential_remedies(credentials: tuple[Credential, ...], unpulled: UnpulledImage) -> tuple[Remedy, ...]:
    """Return the fixes that these credentials call for; none if nothing is wrong with them."""
    malformed = [each for each in credentials if each.verdict == "Malformed"]
    if malformed:
        return tuple(_renewed(each, unpulled, "repair the Secret") for each in malformed)
    usable = [each for each in credentials if each.verdict == "Ignored" and _is_good(each)]
    offered = [each for each in credentials if each.verdict == "Offered"]
    absent = [
        each for each in credentials if each.verdict == "Absent" and each.source and each.kind != "ServiceAccount"
    ]
    found = [_used(each, credentials, unpulled) for each in usable]
    found += [_created(each, unpulled) for each in absent]
    found += [_retyped(each, unpulled) for each in credentials if each.verdict in {"WrongType", "NoData"}]
    stale = [each for each in offered if any(match.expired or match.empty for match in each.matches)]
    for each in stale or (offered if not found else ()):
        token = any(match.expired for match in each.matches)
        found.append(
            _renewed(each, unpulled, "put a fresh token into the Secret" if token else "write the Secret anew")
        )
    known = not any(each.verdict in {"Forbidden", "Unknown"} and each.kind != "Node" for each in credentials)
    return tuple(found) if found or not known else _from_nothing(credentials, unpulled)


def refused_by_mirror(credentials: tuple[Credential, ...], unpulled: UnpulledImage) -> tuple[Remedy, ...]:
    """Return the fixes for Secrets that a mirror refused."""
    offered = [each for each in credentials if each.verdict == "Offered"]
    text = "or correct what the mirror was offered, the Secret"
    return tuple(_renewed(each, unpulled, text) for each in offered)


def _is_good(credential: Credential) -> bool:
    return any(not match.expired and not match.empty for match in credential.matches)


def _used(credential: Credential, credentials: tuple[Credential, ...], unpulled: UnpulledImage) -> Remedy:
    """Return the fix for a matching Secret of the ServiceAccount: the Pod must name it, or be recreated."""
    own = [each for each in credentials if each.kind != "ServiceAccount" and each.source]
    if own or unpulled.ref.kind not in _TEMPLATES_PATCHED | {"Job", "Pod"}:
        return _named(credential.source, unpulled)
    if unpulled.ref.kind in {"Deployment", "StatefulSet", "DaemonSet"}:
        target = shlex.quote(f"{unpulled.ref.kind.lower()}/{unpulled.ref.name}")
        text = f'make the Pods anew: then "{credential.source}" is copied into them'
        return Remedy(text, f"kubectl rollout restart {target}{unpulled.namespace}")
    return Remedy(f'create the {unpulled.ref.kind} anew: then "{credential.source}" is copied into its Pod')


def _named(secret: str, unpulled: UnpulledImage) -> Remedy:
    """Return the fix that adds a Secret to the template."""
    ref = unpulled.ref
    info = kind_info(ref.kind)
    built_in = info is not None and info.api_version == ref.api_version
    if not built_in or ref.kind not in _TEMPLATES_PATCHED:
        fixed = " (its pull secrets cannot be changed)" if ref.kind in {"Pod", "Job"} else ""
        return Remedy(f'create the {ref.kind} anew{fixed}, with "{secret}" among its imagePullSecrets')
    patch: object = {"imagePullSecrets": [{"name": secret}]}
    for key in reversed(spec_path(ref.kind)):
        patch = {key: patch}
    words = f"kubectl patch {ref.kind.lower()} {shlex.quote(ref.name)}{unpulled.namespace}"
    rolls = ref.kind in {"Deployment", "StatefulSet", "DaemonSet"}
    after = f" (rolls {ref})" if rolls else " (for the Pods that are made from then on)"
    command = f"{words} -p {shlex.quote(msgspec.json.encode(patch).decode())}" if is_object_name(secret) else ""
    return Remedy(f'let the Pod use "{secret}"{after}', command)


def _created(credential: Credential, unpulled: UnpulledImage) -> Remedy:
    text = f'create the Secret "{credential.source}" that the Pod names, or copy it from another namespace'
    return Remedy(text, _create(credential.source, unpulled))


def _retyped(credential: Credential, unpulled: UnpulledImage) -> Remedy:
    """A Secret's type cannot be changed."""
    name = shlex.quote(credential.source)
    text = f'create the Secret "{credential.source}" anew, with the type kubernetes.io/dockerconfigjson'
    create = _create(credential.source, unpulled)
    return Remedy(text, f"kubectl delete secret {name}{unpulled.namespace} && {create}" if create else "")


def _renewed(credential: Credential, unpulled: UnpulledImage, text: str) -> Remedy:
    command = _create(credential.source, unpulled, renew=True)
    return Remedy(f'{text} "{credential.source}"; it is used at the next attempt, not earlier', command)


def _from_nothing(credentials: tuple[Credential, ...], unpulled: UnpulledImage) -> tuple[Remedy, ...]:
    """Return the fixes if no known Secret matches: create one, and name it in the template."""
    if repository_of(unpulled.image) is None or not credentials:
        return ()
    taken = {each.source for each in credentials}
    name = SECRET if SECRET not in taken else f"{SECRET}-2"
    create = Remedy(f'create a pull secret, here "{name}"', _create(name, unpulled))
    return (create, _named(name, unpulled))


def _create(name: str, unpulled: UnpulledImage, *, renew: bool = False) -> str:
    registry = (repository_of(unpulled.image) or "").partition("/")[0]
    return secret_command(registry, RemedyTarget(namespace=unpulled.ref.namespace, secret=name), renew=renew)


# For messages without a diagnosis.
_OF_ACCESS = re.compile(r"\b401\b|\b403\b|authori[sz]|denied|credential", re.IGNORECASE)
_REFUSED = re.compile(r"\b40[13]\b")


def with_credentials(
    explained: Explanation, subject: Pod | Workload, snapshot: Snapshot, scope: CredentialScope
) -> Explanation:
    """Return the explanation with its credentials and their fixes, which are more exact than the general ones.

    For a container of which credentials are asked for.
    """
    failing = explained.status is not None and explained.status.pull_failing
    if not _can_judge(subject, explained.image, snapshot):
        return explained
    kubelet = explained.node.kubelet_version if explained.node is not None else ""
    wanted = CredentialQuery(explained.image, scope.now() if scope.now is not None else None, kubelet)
    found = credentials_of(subject, wanted, snapshot)
    remedies = _remedies(found, explained, _unpulled_image(subject, explained, snapshot)) if failing else ()
    if _is_mirror(explained):
        return msgspec.structs.replace(explained, credentials=found, remedies=(*explained.remedies, *remedies))
    # The general commands make a Secret of a usual name, which may be there already.
    others = tuple(each for each in explained.remedies if not (remedies and each.command))
    return msgspec.structs.replace(explained, credentials=found, remedies=(*remedies, *others))


def _remedies(found: tuple[Credential, ...], explained: Explanation, unpulled: UnpulledImage) -> tuple[Remedy, ...]:
    malformed = any(each.verdict == "Malformed" for each in found)
    message = explained.status.message if explained.status is not None else ""
    if _is_mirror(explained):
        # The runtime sends it what the kubelet offers for the image's registry: it may be right to refuse that.
        refused = _REFUSED.search(message) is not None
        return refused_by_mirror(found, unpulled) if refused else ()
    concerns_access = (
        explained.diagnosis.cause in _FIXABLE if explained.diagnosis is not None else _OF_ACCESS.search(message)
    )
    return credential_remedies(found, unpulled) if malformed or concerns_access else ()


def _is_mirror(explained: Explanation) -> bool:
    return explained.diagnosis is not None and explained.diagnosis.cause == "Mirror"


def _can_judge(subject: Pod | Workload, image: str, snapshot: Snapshot) -> bool:
    """Return whether anything was read of the pull secrets: lists do not read them, files may have none."""
    user = pull_secret_user(subject)
    if user is None or repository_of(image) is None:
        return False
    needs = tuple(credential_needs(subject, snapshot))
    asked = [need for need in needs if snapshot.answered(need)]
    named = any(isinstance(need, Get) and need.ref.kind == "Secret" for need in asked)
    return named or any(not isinstance(snapshot.outcome(need), NotRead) for need in asked)


def _unpulled_image(subject: Pod | Workload, explained: Explanation, snapshot: Snapshot) -> UnpulledImage:
    metadata = meta(subject)
    if isinstance(subject, Workload):
        return UnpulledImage(workload_ref(subject), explained.image)
    controller = controller_of(metadata)
    own = ObjectRef("v1", "Pod", metadata.namespace or "", metadata.name or "")
    return UnpulledImage(snapshot.root(controller) if controller is not None else own, explained.image)
