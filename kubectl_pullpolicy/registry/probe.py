"""What is asked of registries to probe an image: does it exist, for whom, for which platforms; if not, what is there.

Each credential is tried as the kubelet would try it, then nobody's. What else is asked goes with the first that got an
answer.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kubectl_pullpolicy.core.diagnosis.registry_probe import ANONYMOUSLY, Attempt, Findings, fitting
from kubectl_pullpolicy.core.images.reference import ImageReference, parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry.fan_out import Lane, answers
from kubectl_pullpolicy.registry.keychain import ANONYMOUS, Anonymous, Credential, Fixed
from kubectl_pullpolicy.registry.resolver import Resolver

WIDTH = 8  # questions about one registry at the same time; each is several requests
SILENCE = 300.0  # seconds
# Where the registry itself is not to be had, other credentials get no other answer.
_NOBODY_GETS_MORE = frozenset({"Unreachable", "ServerError"})


class ProbeRequest(NamedTuple):
    """An image, whose credentials to try, and the os and architecture of the node ("" where not known)."""

    reference: ImageReference
    credentials: tuple[Credential, ...] = ()
    platform: tuple[str, str] = ("", "")


def probe(resolver: Resolver, questions: Iterable[ProbeRequest]) -> dict[ProbeRequest, Findings]:
    """Asks all of them, each registry's beside the others'. A question that got stuck is left out."""
    by_registry: dict[str, list[ProbeRequest]] = {}
    for question in dict.fromkeys(questions):
        by_registry.setdefault(question.reference.registry, []).append(question)

    def prepare() -> Callable[[ProbeRequest], Findings]:
        return lambda question: _findings(resolver, question)

    lanes = [Lane(group, prepare) for group in by_registry.values()]
    return dict(answers(lanes, WIDTH, SILENCE))


def _findings(resolver: Resolver, question: ProbeRequest) -> Findings:
    reference, tried = question.reference, _tried(resolver, question)
    attempts = tuple(Attempt(_source(credential), answer) for credential, answer in tried)
    for credential, answer in tried:
        if isinstance(answer, Resolved):
            return _described(resolver.using(Fixed((credential,))), question, answer, attempts)
    for credential, answer in tried:
        if isinstance(answer, Failure) and answer.kind == "NotFound":
            asker = resolver.using(Fixed((credential,)))
            if not reference.digest:
                return Findings(attempts, tags=asker.tags(reference))
            now = asker.exists(parse(f"{reference.name}:{reference.tag}")) if reference.tag else None
            return Findings(attempts, tag_now=now)
    return Findings(attempts)


def _tried(resolver: Resolver, question: ProbeRequest) -> list[tuple[Credential, Resolved | Failure]]:
    """Every credential, and at last none."""
    tried: list[tuple[Credential, Resolved | Failure]] = []
    named = [each for each in question.credentials if not isinstance(each, Anonymous)]
    nobody = next((each for each in question.credentials if isinstance(each, Anonymous)), ANONYMOUS)
    for credential in (*named, nobody):
        answer = resolver.using(Fixed((credential,))).exists(question.reference)
        tried.append((credential, answer))
        if isinstance(answer, Failure) and answer.kind in _NOBODY_GETS_MORE:
            break
    return tried


def _source(credential: Credential) -> str:
    return ANONYMOUSLY if isinstance(credential, Anonymous) else credential.source


def _described(resolver: Resolver, question: ProbeRequest, found: Resolved, attempts: tuple[Attempt, ...]) -> Findings:
    """Of an image that is there: its platforms, and whether the node's is really to be had."""
    platforms = resolver.platforms(question.reference)
    if isinstance(platforms, Failure) or found.kind != "index":
        return Findings(attempts, platforms)
    taken = fitting(platforms, *question.platform)
    if taken is None or not taken.digest:
        return Findings(attempts, platforms)
    child = parse(f"{question.reference.name}@{taken.digest}")
    return Findings(attempts, platforms, resolver.exists(child))
