"""The probe of an image: whether it exists, with which credentials, for which platforms; if not, which tags exist.

Each credential is tried as the kubelet would try it, then none. Further requests use the first that succeeded.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kubectl_pullpolicy.core.diagnosis.registry_probe import NO_SOURCE, LookupAttempt, LookupResults, platform_for_node
from kubectl_pullpolicy.core.images.reference import ImageReference, parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry.fan_out import QueryGroup, run_groups
from kubectl_pullpolicy.registry.keychain import ANONYMOUS, Anonymous, Credential, FixedKeychain
from kubectl_pullpolicy.registry.resolver import Resolver

THREADS_PER_REGISTRY = 8  # each probe sends several requests
# These failures concern the registry itself: other credentials get the same answer.
_SAME_FOR_ALL_CREDENTIALS = frozenset({"Unreachable", "ServerError"})


class ProbeRequest(NamedTuple):
    """An image, the credentials to try, and the node's os and architecture ("" if unknown)."""

    reference: ImageReference
    credentials: tuple[Credential, ...] = ()
    platform: tuple[str, str] = ("", "")


def probe(resolver: Resolver, requests: Iterable[ProbeRequest]) -> dict[ProbeRequest, LookupResults]:
    """Return the findings of each request, all registries in parallel. The resolver limits the time."""
    by_registry: dict[str, list[ProbeRequest]] = {}
    for request in dict.fromkeys(requests):
        by_registry.setdefault(request.reference.registry, []).append(request)

    def prepare() -> Callable[[ProbeRequest], LookupResults]:
        return lambda request: _probe_one(resolver, request)

    groups = [QueryGroup(group, prepare) for group in by_registry.values()]
    return dict(run_groups(groups, THREADS_PER_REGISTRY))


def _probe_one(resolver: Resolver, request: ProbeRequest) -> LookupResults:
    reference, tried = request.reference, _attempts(resolver, request)
    attempts = tuple(LookupAttempt(_source(credential), answer) for credential, answer in tried)
    for credential, answer in tried:
        if isinstance(answer, Resolved):
            return _with_platforms(resolver.with_keychain(FixedKeychain((credential,))), request, answer, attempts)
    for credential, answer in tried:
        if isinstance(answer, Failure) and answer.kind == "NotFound":
            resolver = resolver.with_keychain(FixedKeychain((credential,)))
            if not reference.digest:
                return LookupResults(attempts, tags=resolver.tags(reference))
            tag_now = resolver.resolve_one(parse(f"{reference.name}:{reference.tag}")) if reference.tag else None
            return LookupResults(attempts, tag_now=tag_now)
    return LookupResults(attempts)


def _attempts(resolver: Resolver, request: ProbeRequest) -> list[tuple[Credential, Resolved | Failure]]:
    """Try every credential, then none."""
    tried: list[tuple[Credential, Resolved | Failure]] = []
    credentials = [each for each in request.credentials if not isinstance(each, Anonymous)]
    anonymous = next((each for each in request.credentials if isinstance(each, Anonymous)), ANONYMOUS)
    for credential in (*credentials, anonymous):
        answer = resolver.with_keychain(FixedKeychain((credential,))).resolve_one(request.reference)
        tried.append((credential, answer))
        if isinstance(answer, Failure) and answer.kind in _SAME_FOR_ALL_CREDENTIALS:
            break
    return tried


def _source(credential: Credential) -> str:
    return NO_SOURCE if isinstance(credential, Anonymous) else credential.source


def _with_platforms(
    resolver: Resolver, request: ProbeRequest, resolved: Resolved, attempts: tuple[LookupAttempt, ...]
) -> LookupResults:
    """Return the findings of an image that exists: its platforms, and whether the node's manifest exists."""
    platforms = resolver.platforms(request.reference)
    if isinstance(platforms, Failure) or resolved.kind != "index":
        return LookupResults(attempts, platforms)
    chosen = platform_for_node(platforms, *request.platform)
    if chosen is None or not chosen.digest:
        return LookupResults(attempts, platforms)
    child = parse(f"{request.reference.name}@{chosen.digest}")
    return LookupResults(attempts, platforms, resolver.resolve_one(child))
