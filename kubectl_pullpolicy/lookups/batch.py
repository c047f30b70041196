"""Look-ups of many references: one for each distinct reference and the credentials that it is asked with."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved
from kubectl_pullpolicy.parallel import together
from kubectl_pullpolicy.printers.progress import Progress
from kubectl_pullpolicy.registry import Credential, FixedKeychain, Keychain, Resolver

T = TypeVar("T")
GROUPS = 4  # sets of credentials in use at the same time

Platforms = tuple[Platform, ...] | Failure


class Lookup(NamedTuple):
    """A reference, and the credentials to try in turn."""

    reference: ImageReference
    credentials: tuple[Credential, ...]


def lookup_with(keychain: Keychain, reference: ImageReference) -> Lookup:
    """Return the look-up of a reference with what a keychain has for it."""
    return Lookup(reference, tuple(keychain.credentials(reference.registry, reference.repository)))


class Registries:
    """Asks each look-up once, and keeps its answer."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._resolved: dict[Lookup, Resolved | Failure] = {}
        self._platforms: dict[Lookup, Platforms] = {}

    def resolved(self, lookups: Iterable[Lookup]) -> Mapping[Lookup, Resolved | Failure]:
        """Return what each reference resolves to."""
        new = [lookup for lookup in dict.fromkeys(lookups) if lookup not in self._resolved]
        progress = _SharedProgress(len(new))
        self._resolved |= self._in_groups(new, lambda resolver, refs: resolver.resolve(refs, progress.count))
        progress.clear()
        return self._resolved

    def platforms(self, lookups: Iterable[Lookup]) -> Mapping[Lookup, Platforms]:
        """Return the platforms of the index or image that each reference resolves to."""
        new = [lookup for lookup in dict.fromkeys(lookups) if lookup not in self._platforms]
        self._platforms |= self._in_groups(new, lambda resolver, references: resolver.platforms_of(references))
        return self._platforms

    def _in_groups(
        self,
        lookups: Sequence[Lookup],
        ask: Callable[[Resolver, Sequence[ImageReference]], Mapping[ImageReference, T]],
    ) -> dict[Lookup, T]:
        groups: dict[tuple[Credential, ...], list[ImageReference]] = {}
        for reference, credentials in lookups:
            groups.setdefault(credentials, []).append(reference)

        def answered(credentials: tuple[Credential, ...]) -> Iterator[dict[Lookup, T]]:
            answers = ask(self._resolver.with_keychain(FixedKeychain(credentials)), groups[credentials])
            yield {Lookup(reference, credentials): answer for reference, answer in answers.items()}

        by_lookup: dict[Lookup, T] = {}
        for answers in together(map(answered, groups), GROUPS):
            by_lookup |= answers
        return by_lookup


class _SharedProgress:
    """The progress of resolvers in several threads."""

    def __init__(self, total: int) -> None:
        self._progress = Progress(sys.stderr, total)
        self._lock = threading.Lock()
        self._total = total
        self._done = 0

    def count(self, done: int, total: int) -> None:
        """Count one more answer; the numbers are those of one resolver."""
        with self._lock:
            self._done += 1
            self._progress.show(min(self._done, self._total))

    def clear(self) -> None:
        """Remove the progress line."""
        self._progress.clear()
