"""Resolves references in parallel, one look-up per distinct reference. A failure is a value.

The endpoint of a registry is determined once (scheme, challenge, one token for all repositories). Then several threads
send requests. A slow registry delays only its own references.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TypeVar

from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved
from kubectl_pullpolicy.registry import manifests
from kubectl_pullpolicy.registry import tags as tag_lists
from kubectl_pullpolicy.registry.endpoint import Endpoint, open_endpoint
from kubectl_pullpolicy.registry.failure import RegistryError
from kubectl_pullpolicy.registry.fan_out import QueryGroup, TimeLimit, run_groups
from kubectl_pullpolicy.registry.keychain import ANONYMOUS, Credential, Keychain
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.settings import DEFAULTS, Settings
from kubectl_pullpolicy.registry.transport import RegistryTransport

T = TypeVar("T")
Query = Callable[[Session, ImageReference], T]

# Another credential may change these. Registries also answer "not found" if the credential has no access.
CREDENTIALS_MATTER = frozenset({"Unauthorized", "Denied", "NotFound"})


class Resolver:
    """Asks registries with the credentials of a Keychain and keeps their endpoints. Safe for several threads."""

    def __init__(self, keychain: Keychain, settings: Settings = DEFAULTS) -> None:
        self._keychain = keychain
        self._settings = settings
        self._transport = RegistryTransport(settings)
        self._endpoints: dict[str, Endpoint | Failure] = {}
        self._sessions: dict[tuple[str, Credential], Session] = {}
        self._too_slow: dict[str, Failure] = {}  # registries that were given up: no later look-up waits for them
        self._lock = threading.Lock()
        self._open_locks: dict[str, threading.Lock] = {}

    def with_keychain(self, keychain: Keychain) -> "Resolver":
        """Return a Resolver with other credentials that shares the endpoints and sessions."""
        sibling = copy(self)
        sibling._keychain = keychain
        return sibling

    def credentials(self, reference: ImageReference) -> Sequence[Credential]:
        """Return the Keychain's credentials for this image."""
        return self._keychain.credentials(reference.registry, reference.repository)

    def resolve(
        self, references: Iterable[ImageReference], progress: Callable[[int, int], None] = lambda done, of: None
    ) -> dict[ImageReference, Resolved | Failure]:
        """Return what each reference resolves to now: its digest if it has one, else its tag.

        `progress(done, of)` is called after each look-up.
        """
        equal: dict[tuple[str, str], list[ImageReference]] = {}
        for reference in dict.fromkeys(references):
            equal.setdefault((reference.name, reference.digest or reference.effective_tag), []).append(reference)
        results: dict[ImageReference, Resolved | Failure] = {}
        for count, (query, answer) in enumerate(
            self._run_queries([first for first, *_ in equal.values()], manifests.resolve), 1
        ):
            same = equal[query.name, query.digest or query.effective_tag]
            results.update(dict.fromkeys(same, answer))
            progress(count, len(equal))
        return results

    def resolve_one(self, reference: ImageReference) -> Resolved | Failure:
        """Resolve one reference."""
        return self._run_query(reference, manifests.resolve)

    def platforms(self, reference: ImageReference) -> tuple[Platform, ...] | Failure:
        """Return the platforms of an index without attestations, or of a single image; () for other artifacts."""
        return self._run_query(reference, manifests.platforms)

    def platforms_of(
        self, references: Iterable[ImageReference]
    ) -> dict[ImageReference, tuple[Platform, ...] | Failure]:
        """Return the platforms of several references, in parallel."""
        return dict(self._run_queries(list(dict.fromkeys(references)), manifests.platforms))

    def tags(self, reference: ImageReference) -> tuple[str, ...] | Failure:
        """Return all tags of the reference's repository."""
        pages = self._settings.limits.pages
        return self._run_query(reference, lambda session, image: tag_lists.tags(session, image.repository, pages))

    def _run_query(self, reference: ImageReference, ask: Query[T]) -> T | Failure:
        [(_, answer)] = self._run_queries([reference], ask)
        return answer

    def _run_queries(
        self, references: Sequence[ImageReference], ask: Query[T]
    ) -> Iterator[tuple[ImageReference, T | Failure]]:
        """Yield the answers as they arrive. A registry that takes too long answers with Failures."""
        by_registry: dict[str, list[ImageReference]] = {}
        for reference in references:
            by_registry.setdefault(reference.registry, []).append(reference)
        groups = [self._query_group(registry, group, ask) for registry, group in by_registry.items()]
        limits = self._settings.limits
        width = max(1, min(limits.per_host, limits.threads // max(1, len(groups))))
        return run_groups(groups, width)

    def _query_group(
        self, registry: str, references: Sequence[ImageReference], ask: Query[T]
    ) -> QueryGroup[ImageReference, T | Failure]:
        limits = self._settings.limits
        seconds = limits.look_up + limits.look_up_per_image * (len(references) - 1)

        def prepare() -> Callable[[ImageReference], T | Failure]:
            endpoint = self._endpoint(registry)
            if isinstance(endpoint, Failure):
                return lambda reference: endpoint
            sessions = self._prepared(endpoint, {reference.repository for reference in references})
            return lambda reference: _first_answer(sessions[reference.repository], reference, ask)

        def give_up(_: ImageReference) -> T | Failure:
            failure = Failure("Unreachable", f"{registry} did not answer within {seconds:.0f}s")
            return self._too_slow.setdefault(registry, failure)

        return QueryGroup(references, prepare, TimeLimit(seconds, give_up))

    def _endpoint(self, registry: str) -> Endpoint | Failure:
        """Return the endpoint, determined once per registry."""
        with self._lock:
            opening = self._open_locks.setdefault(registry, threading.Lock())
        if registry in self._too_slow:  # the thread that was given up may still hold the lock
            return self._too_slow[registry]
        with opening:
            if registry not in self._endpoints:
                try:
                    self._endpoints[registry] = open_endpoint(registry, self._transport, self._settings)
                except RegistryError as error:
                    self._endpoints[registry] = error.failure()
            return self._endpoints[registry]

    def _prepared(self, endpoint: Endpoint, repositories: Iterable[str]) -> dict[str, list[Session]]:
        """Return the sessions to try for each repository. The first session has its token."""
        sessions: dict[str, list[Session]] = {}
        for repository in repositories:
            credentials = self._keychain.credentials(endpoint.registry, repository) or (ANONYMOUS,)
            sessions[repository] = [self._session(endpoint, credential) for credential in credentials]
        first: dict[Session, list[str]] = {}
        for repository, (session, *_) in sessions.items():
            first.setdefault(session, []).append(repository)
        for session, group in first.items():
            session.prepare(group)
        return sessions

    def _session(self, endpoint: Endpoint, credential: Credential) -> Session:
        with self._lock:
            key = endpoint.registry, credential
            if key not in self._sessions:
                self._sessions[key] = Session(endpoint, credential, self._transport)
            return self._sessions[key]


def _first_answer(sessions: Sequence[Session], reference: ImageReference, ask: Query[T]) -> T | Failure:
    """Return the first answer that is no failure, else the last failure; "not found" outweighs "denied"."""
    failure = Failure("BadAnswer", "nothing was asked")
    for session in sessions:
        try:
            return ask(session, reference)
        except RegistryError as error:
            redacted = session.failure(error)
            if redacted.kind not in CREDENTIALS_MATTER:
                return redacted
            failure = failure if failure.kind == "NotFound" else redacted
    return failure
