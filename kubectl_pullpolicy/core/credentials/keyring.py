"""The kubelet's keyring: which credentials of a Pod's Secrets it offers for an image, and in which order.

All Secrets go into one keyring. Every entry that matches is tried in turn until one pulls; only where none matches does
the kubelet ask anonymously (or with what the node has, which the API does not show). One entry that it cannot parse
invalidates the keyring: then nothing is pulled at all.
Source: k8s.io/kubernetes v1.37.2 pkg/credentialprovider/keyring.go (Lookup) and secrets/secrets.go; the order was
compared with that code itself (tests/core/credentials/keyring_rows.json).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from kubectl_pullpolicy.core.credentials.auth_keys import FALLBACK, RegistryKey, is_docker_hub, matches
from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.k8s.objects import PullSecret, SecretEntry, present

T = TypeVar("T")

# The kubelet skips these Secrets; any other problem invalidates the keyring.
PASSED_OVER = frozenset({"wrongType", "noData", "notBase64"})


class OfferedEntry(NamedTuple):
    """One entry that the kubelet offers: the index of its Secret in the list, and the entry."""

    secret: int
    entry: SecretEntry


class UnreadableSecret(NamedTuple):
    """The first Secret of the list that the kubelet cannot parse, and what is wrong with it."""

    secret: int
    problem: str


def key_of(entry: SecretEntry) -> RegistryKey:
    """Return the key of an entry."""
    return RegistryKey(entry.host, entry.path, entry.readable is not False)


def repository_of(image: str) -> str | None:
    """Return what the kubelet looks up credentials for: `docker.io/library/nginx`; None for an invalid image."""
    reference = parse_or_none(image)
    return None if reference is None else reference.name


def unreadable_secret(secrets: Sequence[PullSecret | None]) -> UnreadableSecret | None:
    """Return why the kubelet builds no keyring of these Secrets; None if it does. None among them is unreadable."""
    for place, secret in enumerate(secrets):
        if secret is not None and secret.problem and secret.problem not in PASSED_OVER:
            return UnreadableSecret(place, secret.problem)
    return None


def offered_entries(secrets: Sequence[PullSecret | None], image: str) -> tuple[OfferedEntry, ...]:
    """Return what the kubelet offers for an image, in its order; nothing if a Secret invalidates the keyring."""
    repository = repository_of(image)
    if repository is None or unreadable_secret(secrets) is not None:
        return ()
    credentials = [
        (key_of(entry), OfferedEntry(place, entry))
        for place, secret in enumerate(secrets)
        if secret is not None and secret.problem is None
        for entry in present(secret.entries)
    ]
    return keyring_lookup(credentials, repository)


def keyring_lookup(credentials: Iterable[tuple[RegistryKey, T]], repository: str) -> tuple[T, ...]:
    """Return what matches, in the order in which it is tried: keys reverse-sorted, then in the order of the list.

    Where no key matches an image of Docker Hub, those of `index.docker.io`. Keys of one Secret that come down to the
    same (`h`, `https://h`) have no fixed order: the kubelet walks through a Go map.
    """
    readable = [(key, value) for key, value in credentials if key.readable]
    found = sorted(
        ((key, value) for key, value in readable if matches(key, repository)),
        key=lambda pair: str(pair[0]).encode("utf-8", "surrogatepass"),
        reverse=True,
    )
    # sorted(reverse=True) keeps the order of equal ones.
    if not found and is_docker_hub(repository):
        found = [(key, value) for key, value in readable if str(key) == FALLBACK]
    return tuple(value for _, value in found)
