"""Adds to an explanation what is known of its pull secrets, where they were looked at, and what they call for."""

import re

import msgspec

from kubectl_pullpolicy.core.credential_remedies import CAUSES, Wearer, credential_remedies, refused_by_mirror
from kubectl_pullpolicy.core.credentials import Wanted, credentials_of
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, Workload, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import workload_ref
from kubectl_pullpolicy.core.keyring import repository_of
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.pull_failure import Credential, Remedy
from kubectl_pullpolicy.core.secret_lists import Asking, credential_needs, subscriber
from kubectl_pullpolicy.core.source.reads import Get, NotAsked
from kubectl_pullpolicy.core.source.snapshot import Context

# Where nobody has judged the message.
_OF_ACCESS = re.compile(r"\b401\b|\b403\b|authori[sz]|denied|credential", re.IGNORECASE)

_REFUSED = re.compile(r"\b40[13]\b")


def advised(explained: Explanation, subject: Pod | Workload, context: Context, asking: Asking) -> Explanation:
    """The explanation with its credentials, and the remedies that they call for, which know more than the general.

    For a container of which credentials are asked for.
    """
    failing = explained.status is not None and explained.status.pull_failing
    if not _tells(subject, explained.image, context):
        return explained
    kubelet = explained.node.kubelet_version if explained.node is not None else ""
    wanted = Wanted(explained.image, asking.now() if asking.now is not None else None, kubelet)
    found = credentials_of(subject, wanted, context)
    remedies = _remedies(found, explained, _wearer(subject, explained, context)) if failing else ()
    if _is_mirror(explained):
        return msgspec.structs.replace(explained, credentials=found, remedies=(*explained.remedies, *remedies))
    # The general commands make a Secret of a usual name, which may be there already.
    others = tuple(each for each in explained.remedies if not (remedies and each.command))
    return msgspec.structs.replace(explained, credentials=found, remedies=(*remedies, *others))


def _remedies(found: tuple[Credential, ...], explained: Explanation, wearer: Wearer) -> tuple[Remedy, ...]:
    spoilt = any(each.verdict == "Malformed" for each in found)
    message = explained.status.message if explained.status is not None else ""
    if _is_mirror(explained):
        # The runtime sends it what the kubelet offers for the image's registry: it may be right to refuse that.
        refused = _REFUSED.search(message) is not None
        return refused_by_mirror(found, wearer) if refused else ()
    told = explained.diagnosis.cause in CAUSES if explained.diagnosis is not None else _OF_ACCESS.search(message)
    return credential_remedies(found, wearer) if spoilt or told else ()


def _is_mirror(explained: Explanation) -> bool:
    return explained.diagnosis is not None and explained.diagnosis.cause == "Mirror"


def _tells(subject: Pod | Workload, image: str, context: Context) -> bool:
    """Whether anything can be said: lists do not ask, and files may know nothing; then all would be unknown."""
    who = subscriber(subject)
    if who is None or repository_of(image) is None:
        return False
    needs = tuple(credential_needs(subject, context))
    asked = [need for need in needs if context.answered(need)]
    named = any(isinstance(need, Get) and need.ref.kind == "Secret" for need in asked)
    return named or any(not isinstance(context.outcome(need), NotAsked) for need in asked)


def _wearer(subject: Pod | Workload, explained: Explanation, context: Context) -> Wearer:
    metadata = meta(subject)
    if isinstance(subject, Workload):
        return Wearer(workload_ref(subject), explained.image)
    controller = controller_of(metadata)
    own = ObjectRef("v1", "Pod", metadata.namespace or "", metadata.name or "")
    return Wearer(context.root(controller) if controller is not None else own, explained.image)
