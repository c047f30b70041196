"""Many references, each with the credentials of its own object: one look-up per distinct reference and credentials."""

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
GROUPS = 4  # credentials with which is asked at the same time

Platforms = tuple[Platform, ...] | Failure


class Lookup(NamedTuple):
    """A reference, and the credentials to try."""

    reference: ImageReference
    credentials: tuple[Credential, ...]


def question(reference: ImageReference, keychain: Keychain) -> Lookup:
    """What is asked of this reference."""
    return Lookup(reference, tuple(keychain.credentials(reference.registry, reference.repository)))


class Registries:
    """Remembers what was answered."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._resolved: dict[Lookup, Resolved | Failure] = {}
        self._platforms: dict[Lookup, Platforms] = {}

    def resolved(self, questions: Iterable[Lookup]) -> Mapping[Lookup, Resolved | Failure]:
        """What each stands for."""
        wanted = [each for each in dict.fromkeys(questions) if each not in self._resolved]
        progress, lock, counts = Progress(sys.stderr, len(wanted)), threading.Lock(), [0]

        def ask(
            resolver: Resolver, references: Sequence[ImageReference]
        ) -> Mapping[ImageReference, Resolved | Failure]:
            def count(done: int, of: int) -> None:
                with lock:
                    counts[0] += 1
                    progress.show(min(counts[0], len(wanted)))

            return resolver.resolve(references, count)

        self._resolved |= self._in_groups(wanted, ask)
        progress.clear()
        return self._resolved

    def platforms(self, questions: Iterable[Lookup]) -> Mapping[Lookup, Platforms]:
        """The platforms of the index, or of the image, that each stands for."""
        wanted = [each for each in dict.fromkeys(questions) if each not in self._platforms]
        self._platforms |= self._in_groups(wanted, lambda resolver, references: resolver.platforms_of(references))
        return self._platforms

    def _in_groups(
        self,
        wanted: Sequence[Lookup],
        ask: Callable[[Resolver, Sequence[ImageReference]], Mapping[ImageReference, T]],
    ) -> dict[Lookup, T]:
        groups: dict[tuple[Credential, ...], list[ImageReference]] = {}
        for reference, credentials in wanted:
            groups.setdefault(credentials, []).append(reference)

        def answered(credentials: tuple[Credential, ...]) -> Iterator[dict[Lookup, T]]:
            answers = ask(self._resolver.with_keychain(FixedKeychain(credentials)), groups[credentials])
            yield {Lookup(each, credentials): answer for each, answer in answers.items()}

        found: dict[Lookup, T] = {}
        for answers in together(map(answered, groups), GROUPS):
            found |= answers
        return found
