"""What is asked of registries to probe an image: does it exist, for whom, for which platforms; if not, what is there.

Each credential is tried as the kubelet would try it, then nobody's. What else is asked goes with the first that got an
answer.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kubectl_pullpolicy.core.diagnosis.registry_probe import NO_SOURCE, LookupAttempt, LookupResults, platform_for_node
from kubectl_pullpolicy.core.images.reference import ImageReference, parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry.fan_out import QueryGroup, run_groups
from kubectl_pullpolicy.registry.keychain import ANONYMOUS, Anonymous, Credential, FixedKeychain
from kubectl_pullpolicy.registry.resolver import Resolver

THREADS_PER_REGISTRY = 8  # questions about one registry at the same time; each is several requests
IDLE_TIMEOUT = 300.0  # seconds
# Where the registry itself is not to be had, other credentials get no other answer.
_SAME_FOR_ALL_CREDENTIALS = frozenset({"Unreachable", "ServerError"})


class ProbeRequest(NamedTuple):
    """An image, whose credentials to try, and the os and architecture of the node ("" where not known)."""

    reference: ImageReference
    credentials: tuple[Credential, ...] = ()
    platform: tuple[str, str] = ("", "")


def probe(resolver: Resolver, requests: Iterable[ProbeRequest]) -> dict[ProbeRequest, LookupResults]:
    """Asks all of them, each registry's beside the others'. A question that got stuck is left out."""
    by_registry: dict[str, list[ProbeRequest]] = {}
    for request in dict.fromkeys(requests):
        by_registry.setdefault(request.reference.registry, []).append(request)

    def prepare() -> Callable[[ProbeRequest], LookupResults]:
        return lambda request: _probe_one(resolver, request)

    groups = [QueryGroup(group, prepare) for group in by_registry.values()]
    return dict(run_groups(groups, THREADS_PER_REGISTRY, IDLE_TIMEOUT))


def _probe_one(resolver: Resolver, request: ProbeRequest) -> LookupResults:
    reference, tried = request.reference, _attempts(resolver, request)
    attempts = tuple(LookupAttempt(_source(credential), answer) for credential, answer in tried)
    for credential, answer in tried:
        if isinstance(answer, Resolved):
            return _with_platforms(resolver.with_keychain(FixedKeychain((credential,))), request, answer, attempts)
    for credential, answer in tried:
        if isinstance(answer, Failure) and answer.kind == "NotFound":
            asker = resolver.with_keychain(FixedKeychain((credential,)))
            if not reference.digest:
                return LookupResults(attempts, tags=asker.tags(reference))
            now = asker.resolve_one(parse(f"{reference.name}:{reference.tag}")) if reference.tag else None
            return LookupResults(attempts, tag_now=now)
    return LookupResults(attempts)


def _attempts(resolver: Resolver, request: ProbeRequest) -> list[tuple[Credential, Resolved | Failure]]:
    """Every credential, and at last none."""
    tried: list[tuple[Credential, Resolved | Failure]] = []
    named = [each for each in request.credentials if not isinstance(each, Anonymous)]
    anonymous = next((each for each in request.credentials if isinstance(each, Anonymous)), ANONYMOUS)
    for credential in (*named, anonymous):
        answer = resolver.with_keychain(FixedKeychain((credential,))).resolve_one(request.reference)
        tried.append((credential, answer))
        if isinstance(answer, Failure) and answer.kind in _SAME_FOR_ALL_CREDENTIALS:
            break
    return tried


def _source(credential: Credential) -> str:
    return NO_SOURCE if isinstance(credential, Anonymous) else credential.source


def _with_platforms(
    resolver: Resolver, request: ProbeRequest, found: Resolved, attempts: tuple[LookupAttempt, ...]
) -> LookupResults:
    """Of an image that is there: its platforms, and whether the node's is really to be had."""
    platforms = resolver.platforms(request.reference)
    if isinstance(platforms, Failure) or found.kind != "index":
        return LookupResults(attempts, platforms)
    taken = platform_for_node(platforms, *request.platform)
    if taken is None or not taken.digest:
        return LookupResults(attempts, platforms)
    child = parse(f"{request.reference.name}@{taken.digest}")
    return LookupResults(attempts, platforms, resolver.resolve_one(child))
