"""What the kubelet makes of each pull secret that counts for an image, and what cannot be known.

Source: k8s.io/kubernetes v1.37.2 pkg/kubelet/kubelet_pods.go:getPullSecretsForPod: it passes over what it cannot get.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from kubectl_pullpolicy.core.credentials.image_pull_secrets import SecretList, Subscriber, lists_of, subscriber
from kubectl_pullpolicy.core.credentials.keyring import Offer, Spoilt, key_of, looked_up, offers, repository_of, spoilt
from kubectl_pullpolicy.core.credentials.wording import ANONYMOUS, NODE, NONE_LISTED, Told, detail_of
from kubectl_pullpolicy.core.k8s.objects import Event, Pod, PullSecret, SecretEntry, Workload, present
from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.core.report.pull_failure import Credential, CredentialMatch, CredentialVerdict
from kubectl_pullpolicy.core.source.reads import Absent, Fact, Forbidden, Known
from kubectl_pullpolicy.core.source.snapshot import Snapshot

_UNRETRIEVED = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")


class CredentialQuery(NamedTuple):
    """An image, when it is wanted (that tells which tokens have expired), and the version of the node's kubelet."""

    image: str
    now: datetime | None = None
    kubelet: str = ""


def credentials_of(subject: Pod | Workload, wanted: CredentialQuery, context: Snapshot) -> tuple[Credential, ...]:
    """What is known of the credentials for one image, in the order of the lists; at the end what cannot be known."""
    who = subscriber(subject)
    if who is None:
        return ()
    events = context.events(subject) if isinstance(subject, Pod) else ()
    judge = _Judge(who, wanted, context, _unretrieved(events))
    found = [credential for each in lists_of(who, context) for credential in judge.judged(each)]
    found += judge.unknown_accounts(listed=bool(found))
    matched = any(match.attempt is not None for credential in found for match in credential.matches)
    return (*found, *((ANONYMOUS,) if matched else ()), NODE)


class _Judge:
    """Judges Secrets for one image. `missed` are those that the kubelet says it could not get."""

    def __init__(self, who: Subscriber, wanted: CredentialQuery, context: Snapshot, missed: frozenset[str]) -> None:
        self._who, self._wanted, self._context, self._missed = who, wanted, context, missed
        self._repository = repository_of(wanted.image)
        read = [each for each in lists_of(who, context) if not each.ignored]
        self._names = [name for each in read for name in each.names]
        secrets = [self._known(name) for name in self._names]
        self._offers = offers(secrets, wanted.image)
        self._spoilt = spoilt(secrets)

    def judged(self, held: SecretList) -> Iterator[Credential]:
        """A Credential for each name of a list."""
        for place, name in enumerate(held.names):
            secret = self._known(name)
            entries = present(secret.entries) if secret is not None else ()
            found = tuple(self._matches(held, place, entries))
            verdict = self._verdict(held, name, found)
            told = Told(verdict, name, held, secret, found, len(self._offers), self._repository or self._wanted.image)
            detail = detail_of(told, self._spoiling(), self._wanted.kubelet)
            if verdict == "Absent" and not isinstance(self._fact(name), Absent):
                detail = "the kubelet could not get it (event FailedToRetrieveImagePullSecret) and goes on without it"
            keys = tuple(dict.fromkeys(str(key_of(entry)) for entry in entries))
            yield Credential(name, held.kind, held.holder, keys, found, verdict, detail)

    def unknown_accounts(self, *, listed: bool) -> Iterator[Credential]:
        """What is said of the ServiceAccount where its list is not known, or where nobody lists anything."""
        who = self._who
        fact = self._context.service_account(who.namespace, who.service_account)
        if isinstance(fact, Forbidden):
            detail = f"unknown: cannot {fact.verb} {fact.resource}: forbidden"
            yield Credential("", "ServiceAccount", who.service_account, (), (), "Forbidden", detail)
        elif isinstance(fact, Absent):
            detail = "does not exist, so it has no secrets to copy"
            yield Credential("", "ServiceAccount", who.service_account, (), (), "Absent", detail)
        elif isinstance(fact, Known) or not who.service_account:
            if not listed:
                yield NONE_LISTED(who.service_account, "Pod" if who.created else "template")
        elif not listed:
            detail = "unknown: not read; it may list secrets"
            yield Credential("", "ServiceAccount", who.service_account, (), (), "Unknown", detail)

    def _known(self, name: str) -> PullSecret | None:
        fact = self._fact(name)
        return fact.value if isinstance(fact, Known) else None

    def _fact(self, name: str) -> Fact[PullSecret]:
        return self._context.secret(self._who.namespace, name)

    def _spoiling(self) -> str:
        """The name of the Secret that spoils the keyring, "" for none."""
        return self._names[self._spoilt.secret] if isinstance(self._spoilt, Spoilt) else ""

    def _matches(self, held: SecretList, place: int, entries: Iterable[SecretEntry]) -> Iterator[CredentialMatch]:
        if not held.ignored and self._spoilt is None:
            for number, offer in enumerate(self._offers, 1):
                if offer.secret == place:
                    yield self._match(offer, number)
            return
        found = looked_up([(key_of(entry), entry) for entry in entries], self._repository or "")
        yield from (self._match(Offer(place, entry), None) for entry in found)

    def _match(self, offer: Offer, attempt: int | None) -> CredentialMatch:
        entry, expires = offer.entry, parse_time(offer.entry.expires)
        now = self._wanted.now
        expired = None if expires is None or now is None else expires <= now
        return CredentialMatch(str(key_of(entry)), attempt, bool(entry.empty), entry.expires, expired)

    def _verdict(self, held: SecretList, name: str, found: tuple[CredentialMatch, ...]) -> CredentialVerdict:
        fact = self._fact(name)
        if not name:
            return "NoName"
        if isinstance(fact, Absent):
            return "Absent"
        if not isinstance(fact, Known):
            return "Absent" if name in self._missed else "Forbidden" if isinstance(fact, Forbidden) else "Unknown"
        if held.ignored:
            return "Ignored"
        problem = fact.value.problem
        verdicts: dict[str | None, CredentialVerdict] = {
            "wrongType": "WrongType", "noData": "NoData", "notBase64": "Unknown"
        }  # fmt: skip
        if problem is not None:
            return verdicts.get(problem, "Malformed")
        if self._spoilt is not None:
            return "Unused"
        return "Offered" if found else "NoMatch"


def _unretrieved(events: Iterable[Event]) -> frozenset[str]:
    """The Secrets that the kubelet says it could not get: it tells so without a right to read them."""
    texts = (each.message or "" for each in events if each.reason == "FailedToRetrieveImagePullSecret")
    found = (match for match in map(_UNRETRIEVED.search, texts) if match is not None)
    return frozenset(name.strip() for match in found for name in match[1].split(","))
