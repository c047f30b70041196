"""References in, answers out: one look-up per distinct reference, all in parallel, a failure is an answer.

A registry is opened once (scheme, challenge, credentials, one token for all repositories), then asked by several
threads. One that is dead or slow holds up nobody but its own references.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TypeVar

from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved
from kubectl_pullpolicy.registry import manifests
from kubectl_pullpolicy.registry import tags as tag_lists
from kubectl_pullpolicy.registry.endpoint import Endpoint, opened
from kubectl_pullpolicy.registry.failure import RegistryError
from kubectl_pullpolicy.registry.fan_out import Lane, answers
from kubectl_pullpolicy.registry.keychain import ANONYMOUS, Credential, Keychain
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.settings import DEFAULTS, Settings
from kubectl_pullpolicy.registry.transport import RegistryTransport

T = TypeVar("T")
Ask = Callable[[Session, ImageReference], T]

# What another credential may change; registries say "not found" of what may not be seen, too.
OTHERS_MAY = frozenset({"Unauthorized", "Denied", "NotFound"})


class Resolver:
    """Asks registries with the credentials of a Keychain; keeps what it has opened. May be used by several threads."""

    def __init__(self, keychain: Keychain, settings: Settings = DEFAULTS) -> None:
        self._keychain = keychain
        self._settings = settings
        self._transport = RegistryTransport(settings)
        self._endpoints: dict[str, Endpoint | Failure] = {}
        self._sessions: dict[tuple[str, Credential], Session] = {}
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}

    def using(self, keychain: Keychain) -> "Resolver":
        """The same with other credentials: what is known of the registries is shared."""
        sibling = copy(self)
        sibling._keychain = keychain
        return sibling

    def credentials(self, reference: ImageReference) -> Sequence[Credential]:
        """What its Keychain has for this image."""
        return self._keychain.credentials(reference.registry, reference.repository)

    def resolve(
        self, references: Iterable[ImageReference], progress: Callable[[int, int], None] = lambda done, of: None
    ) -> dict[ImageReference, Resolved | Failure]:
        """What each reference stands for now: its digest where it has one, else its tag. `progress(done, of)`."""
        alike: dict[tuple[str, str], list[ImageReference]] = {}
        for reference in dict.fromkeys(references):
            alike.setdefault((reference.name, reference.digest or reference.effective_tag), []).append(reference)
        found: dict[ImageReference, Resolved | Failure] = {}
        for count, (asked, answer) in enumerate(
            self._answers([first for first, *_ in alike.values()], manifests.resolve), 1
        ):
            same = alike[asked.name, asked.digest or asked.effective_tag]
            found.update(dict.fromkeys(same, answer))
            progress(count, len(alike))
        return found

    def exists(self, reference: ImageReference) -> Resolved | Failure:
        """The same for one."""
        return self._one(reference, manifests.resolve)

    def platforms(self, reference: ImageReference) -> tuple[Platform, ...] | Failure:
        """The images of an index without attestations, or the single image's own; () where it is no image."""
        return self._one(reference, manifests.platforms)

    def platforms_of(
        self, references: Iterable[ImageReference]
    ) -> dict[ImageReference, tuple[Platform, ...] | Failure]:
        """The same for several, in parallel."""
        return dict(self._answers(list(dict.fromkeys(references)), manifests.platforms))

    def tags(self, reference: ImageReference) -> tuple[str, ...] | Failure:
        """All tags of the reference's repository."""
        pages = self._settings.limits.pages
        return self._one(reference, lambda session, asked: tag_lists.tags(session, asked.repository, pages))

    def _one(self, reference: ImageReference, ask: Ask[T]) -> T | Failure:
        [(_, answer)] = self._answers([reference], ask)
        return answer

    def _answers(
        self, references: Sequence[ImageReference], ask: Ask[T]
    ) -> Iterator[tuple[ImageReference, T | Failure]]:
        """As they come. Where nothing comes any more, the rest is given up."""
        by_registry: dict[str, list[ImageReference]] = {}
        for reference in references:
            by_registry.setdefault(reference.registry, []).append(reference)
        lanes = [self._lane(registry, group, ask) for registry, group in by_registry.items()]
        limits = self._settings.limits
        width = max(1, min(limits.per_host, limits.threads // max(1, len(lanes))))
        missing = dict.fromkeys(references)
        for reference, answer in answers(lanes, width, limits.silence):
            del missing[reference]
            yield reference, answer
        for reference in missing:
            yield reference, Failure("Unreachable", f"{reference.registry} did not answer within {limits.silence:.0f}s")

    def _lane(
        self, registry: str, references: Sequence[ImageReference], ask: Ask[T]
    ) -> Lane[ImageReference, T | Failure]:
        def prepare() -> Callable[[ImageReference], T | Failure]:
            endpoint = self._endpoint(registry)
            if isinstance(endpoint, Failure):
                return lambda reference: endpoint
            sessions = self._prepared(endpoint, {reference.repository for reference in references})
            return lambda reference: _tried(sessions[reference.repository], reference, ask)

        return Lane(references, prepare)

    def _endpoint(self, registry: str) -> Endpoint | Failure:
        """Decided once per registry."""
        with self._lock:
            opening = self._opening.setdefault(registry, threading.Lock())
        with opening:
            if registry not in self._endpoints:
                try:
                    self._endpoints[registry] = opened(registry, self._transport, self._settings)
                except RegistryError as refusal:
                    self._endpoints[registry] = refusal.failure
            return self._endpoints[registry]

    def _prepared(self, endpoint: Endpoint, repositories: Iterable[str]) -> dict[str, list[Session]]:
        """What to try for each repository; the first has its tokens."""
        found: dict[str, list[Session]] = {}
        for repository in repositories:
            credentials = self._keychain.credentials(endpoint.registry, repository) or (ANONYMOUS,)
            found[repository] = [self._session(endpoint, credential) for credential in credentials]
        first: dict[Session, list[str]] = {}
        for repository, (session, *_) in found.items():
            first.setdefault(session, []).append(repository)
        for session, group in first.items():
            session.prepare(group)
        return found

    def _session(self, endpoint: Endpoint, credential: Credential) -> Session:
        with self._lock:
            key = endpoint.registry, credential
            if key not in self._sessions:
                self._sessions[key] = Session(endpoint, credential, self._transport)
            return self._sessions[key]


def _tried(sessions: Sequence[Session], reference: ImageReference, ask: Ask[T]) -> T | Failure:
    """The answer with the first credential that gets one; else the last failure, but "not found" outweighs "no"."""
    failure = Failure("BadAnswer", "nothing was asked")
    for session in sessions:
        try:
            return ask(session, reference)
        except RegistryError as refusal:
            told = session.told(refusal.failure)
            if told.kind not in OTHERS_MAY:
                return told
            failure = failure if failure.kind == "NotFound" else told
    return failure
