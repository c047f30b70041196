"""How the kubelet treats each pull secret that counts for an image, and what cannot be known.

Source: k8s.io/kubernetes v1.37.2 pkg/kubelet/kubelet_pods.go:getPullSecretsForPod: it skips what it cannot get.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from kubectl_pullpolicy.core.credentials.image_pull_secrets import (
    PullSecretList,
    PullSecretUser,
    pull_secret_lists,
    pull_secret_user,
)
from kubectl_pullpolicy.core.credentials.keyring import (
    OfferedEntry,
    UnreadableSecret,
    key_of,
    keyring_lookup,
    offered_entries,
    repository_of,
    unreadable_secret,
)
from kubectl_pullpolicy.core.credentials.wording import ANONYMOUS, NODE, NONE_LISTED, SecretFinding, detail_of
from kubectl_pullpolicy.core.k8s.objects import Event, Pod, PullSecret, SecretEntry, Workload, present
from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.core.report.pull_failure import Credential, CredentialMatch, CredentialVerdict
from kubectl_pullpolicy.core.source.reads import Absent, Fact, Forbidden, Known
from kubectl_pullpolicy.core.source.snapshot import Snapshot

_UNRETRIEVED = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")


class CredentialQuery(NamedTuple):
    """An image, the time of its pull (for expired tokens), and the version of the node's kubelet."""

    image: str
    now: datetime | None = None
    kubelet: str = ""


def credentials_of(subject: Pod | Workload, query: CredentialQuery, snapshot: Snapshot) -> tuple[Credential, ...]:
    """Return what is known of the credentials for one image, in the order of the lists; unknown ones come last."""
    user = pull_secret_user(subject)
    if user is None:
        return ()
    events = snapshot.events(subject) if isinstance(subject, Pod) else ()
    judge = _ListJudge(user, query, snapshot, _unretrieved(events))
    found = [credential for each in pull_secret_lists(user, snapshot) for credential in judge.judged(each)]
    found += judge.unknown_accounts(listed=bool(found))
    matched = any(match.attempt is not None for credential in found for match in credential.matches)
    return (*found, *((ANONYMOUS,) if matched else ()), NODE)


class _ListJudge:
    """Judges Secrets for one image. `unretrieved` are those that the kubelet says it could not get."""

    def __init__(
        self, user: PullSecretUser, query: CredentialQuery, snapshot: Snapshot, unretrieved: frozenset[str]
    ) -> None:
        self._user, self._query, self._snapshot, self._unretrieved = user, query, snapshot, unretrieved
        self._repository = repository_of(query.image)
        read = [each for each in pull_secret_lists(user, snapshot) if not each.ignored]
        self._names = [name for each in read for name in each.names]
        secrets = [self._known(name) for name in self._names]
        self._offers = offered_entries(secrets, query.image)
        self._unreadable = unreadable_secret(secrets)

    def judged(self, secrets: PullSecretList) -> Iterator[Credential]:
        """Return a Credential for each name of a list."""
        for place, name in enumerate(secrets.names):
            secret = self._known(name)
            entries = present(secret.entries) if secret is not None else ()
            found = tuple(self._matches(secrets, place, entries))
            verdict = self._verdict(secrets, name, found)
            secret_finding = SecretFinding(
                verdict, name, secrets, secret, found, len(self._offers), self._repository or self._query.image
            )
            detail = detail_of(secret_finding, self._unreadable_name(), self._query.kubelet)
            if verdict == "Absent" and not isinstance(self._fact(name), Absent):
                detail = "the kubelet could not get it (event FailedToRetrieveImagePullSecret) and goes on without it"
            keys = tuple(dict.fromkeys(str(key_of(entry)) for entry in entries))
            yield Credential(name, secrets.kind, secrets.holder, keys, found, verdict, detail)

    def unknown_accounts(self, *, listed: bool) -> Iterator[Credential]:
        """Return the Credential of a ServiceAccount whose list is unknown, or of no list at all."""
        user = self._user
        fact = self._snapshot.service_account(user.namespace, user.service_account)
        if isinstance(fact, Forbidden):
            detail = f"unknown: cannot {fact.verb} {fact.resource}: forbidden"
            yield Credential("", "ServiceAccount", user.service_account, (), (), "Forbidden", detail)
        elif isinstance(fact, Absent):
            detail = "does not exist, so it has no secrets to copy"
            yield Credential("", "ServiceAccount", user.service_account, (), (), "Absent", detail)
        elif isinstance(fact, Known) or not user.service_account:
            if not listed:
                yield NONE_LISTED(user.service_account, "Pod" if user.created else "template")
        elif not listed:
            detail = "unknown: not read; it may list secrets"
            yield Credential("", "ServiceAccount", user.service_account, (), (), "Unknown", detail)

    def _known(self, name: str) -> PullSecret | None:
        fact = self._fact(name)
        return fact.value if isinstance(fact, Known) else None

    def _fact(self, name: str) -> Fact[PullSecret]:
        return self._snapshot.secret(self._user.namespace, name)

    def _unreadable_name(self) -> str:
        """Return the name of the Secret that invalidates the keyring, "" for none."""
        return self._names[self._unreadable.secret] if isinstance(self._unreadable, UnreadableSecret) else ""

    def _matches(
        self, secrets: PullSecretList, place: int, entries: Iterable[SecretEntry]
    ) -> Iterator[CredentialMatch]:
        if not secrets.ignored and self._unreadable is None:
            for number, offer in enumerate(self._offers, 1):
                if offer.secret == place:
                    yield self._match(offer, number)
            return
        found = keyring_lookup([(key_of(entry), entry) for entry in entries], self._repository or "")
        yield from (self._match(OfferedEntry(place, entry), None) for entry in found)

    def _match(self, offer: OfferedEntry, attempt: int | None) -> CredentialMatch:
        entry, expires = offer.entry, parse_time(offer.entry.expires)
        now = self._query.now
        expired = None if expires is None or now is None else expires <= now
        return CredentialMatch(str(key_of(entry)), attempt, bool(entry.empty), entry.expires, expired)

    def _verdict(self, secrets: PullSecretList, name: str, found: tuple[CredentialMatch, ...]) -> CredentialVerdict:
        fact = self._fact(name)
        if not name:
            return "NoName"
        if isinstance(fact, Absent):
            return "Absent"
        if not isinstance(fact, Known):
            return "Absent" if name in self._unretrieved else "Forbidden" if isinstance(fact, Forbidden) else "Unknown"
        if secrets.ignored:
            return "Ignored"
        problem = fact.value.problem
        verdicts: dict[str | None, CredentialVerdict] = {
            "wrongType": "WrongType", "noData": "NoData", "notBase64": "Unknown"
        }  # fmt: skip
        if problem is not None:
            return verdicts.get(problem, "Malformed")
        if self._unreadable is not None:
            return "Unused"
        return "Offered" if found else "NoMatch"


def _unretrieved(events: Iterable[Event]) -> frozenset[str]:
    """Return the Secrets that the kubelet could not get, by its events: reading them needs no RBAC for Secrets."""
    texts = (each.message or "" for each in events if each.reason == "FailedToRetrieveImagePullSecret")
    found = (match for match in map(_UNRETRIEVED.search, texts) if match is not None)
    return frozenset(name.strip() for match in found for name in match[1].split(","))
