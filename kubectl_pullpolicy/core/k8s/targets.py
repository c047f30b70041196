"""What the arguments name: `pod NAME...`, `TYPE/NAME...`, `TYPE`, as kubectl reads them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.k8s.kinds import TARGET_KINDS, KindInfo, kind_named
from kubectl_pullpolicy.errors import UsageError

_MIXED = (
    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
    "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'"
)


class Target(NamedTuple):
    """A kind, and the name of one object of it; None: all of that kind."""

    info: KindInfo
    name: str | None


CustomKinds = Callable[[str], KindInfo | None]


def _unknown(_: str) -> None:
    """No kinds but those that Kubernetes has."""


def parse_targets(arguments: Sequence[str], foreign: CustomKinds = _unknown) -> tuple[Target, ...]:
    """Return the targets that the arguments name; none for no arguments. `foreign` finds custom resources.

    Raises UsageError.
    """
    if not arguments:
        return ()
    if any("/" in argument for argument in arguments):
        if not all("/" in argument for argument in arguments):
            raise UsageError(_MIXED)
        return tuple(_slashed(argument, foreign) for argument in arguments)
    if "" in arguments[1:]:
        raise UsageError("resource name may not be empty")
    kinds = [_kind(word, foreign) for word in arguments[0].split(",")]
    names: Sequence[str | None] = arguments[1:] or (None,)
    return tuple(Target(info, name) for info in kinds for name in names)


def _slashed(argument: str, foreign: CustomKinds) -> Target:
    word, _, name = argument.partition("/")
    if not word or not name or "/" in name:
        raise UsageError("arguments in resource/name form must have a single resource and name")
    return Target(_kind(word, foreign), name)


# What people name by mistake: `kubectl api-resources` of a cluster without extensions, cut down to the usual ones.
_WITHOUT_CONTAINERS = {
    word: plural
    for plural, words in {
        "services": ("svc", "service"),
        "endpoints": ("ep",),
        "configmaps": ("cm", "configmap"),
        "secrets": ("secret",),
        "serviceaccounts": ("sa", "serviceaccount"),
        "namespaces": ("ns", "namespace"),
        "persistentvolumeclaims": ("pvc", "persistentvolumeclaim"),
        "ingresses.networking.k8s.io": ("ing", "ingress", "ingresses"),
        "horizontalpodautoscalers.autoscaling": ("hpa", "horizontalpodautoscaler", "horizontalpodautoscalers"),
    }.items()
    for word in (plural, *words)
}


def _kind(word: str, foreign: CustomKinds) -> KindInfo:
    info = kind_named(word)
    if info is None and word.lower() in _WITHOUT_CONTAINERS:
        raise UsageError(f"{_WITHOUT_CONTAINERS[word.lower()]} hold no containers; name a Pod or a workload")
    if info is None:
        info = foreign(word)
        if info is not None:
            return info
        raise UsageError(f'the server doesn\'t have a resource type "{word}"')
    if info not in TARGET_KINDS:
        raise UsageError(f"{info.resource} hold no containers; name a Pod or a workload")
    return info
