"""--probe: asks the registries about explained images, with the credentials that the kubelet would offer.

Passwords come from the API server, by name, of those Secrets alone that match an image; they go to the registry that
their key names, and are kept nowhere else. Images of files are asked for with the credentials of this machine.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from kubectl_pullpolicy.core.diagnosis.registry_probe import LookupResults, probe_of
from kubectl_pullpolicy.core.images.reference import parse, parse_or_none
from kubectl_pullpolicy.core.report.explanation import Explanation, SubjectExplanation
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError
from kubectl_pullpolicy.flags.options import RegistryFlags
from kubectl_pullpolicy.lookups.resolver import open_resolver
from kubectl_pullpolicy.registry.keychain import Credential
from kubectl_pullpolicy.registry.probe import ProbeRequest, probe
from kubectl_pullpolicy.registry.pull_secret_keychain import PullSecretKeychain
from kubectl_pullpolicy.registry.resolver import Resolver

if TYPE_CHECKING:
    Offers = Callable[[Explanation], Sequence[Credential]]


@runtime_checkable
class SecretReader(Protocol):
    """What has whole SecretReader."""

    def secret(self, namespace: str, name: str) -> bytes:
        """Return a Secret as the API server sends it. Raises PullPolicyError."""
        ...


def open_prober(flags: RegistryFlags, source: object, *, no_secrets: bool) -> "Prober":
    """Return a prober with the credentials of a cluster's Pods, or else of this machine. Raises FileError."""
    resolver = open_resolver(flags)
    if isinstance(source, SecretReader):
        return Prober(resolver, _nothing if no_secrets else PodCredentials(source).offered)
    return Prober(resolver, lambda explained: resolver.credentials(parse(explained.image)))


class Prober:
    """Adds a Probe to explanations; asks once for the same image with the same credentials."""

    def __init__(self, resolver: Resolver, offers: "Offers") -> None:
        self._resolver = resolver
        self._offers = offers
        self._known: dict[ProbeRequest, LookupResults] = {}

    def probed(self, page: Sequence[SubjectExplanation]) -> list[SubjectExplanation]:
        """Return the same subjects, with the answers of registries."""
        asked = {each: self._question(each) for subject in page for each in subject.containers}
        new = [question for question in asked.values() if question is not None and question not in self._known]
        self._known.update(probe(self._resolver, new))
        return [
            msgspec.structs.replace(
                subject, containers=tuple(self._answered(each, asked[each]) for each in subject.containers)
            )
            for subject in page
        ]

    def _answered(self, explained: Explanation, question: ProbeRequest | None) -> Explanation:
        findings = self._known.get(question) if question is not None else None
        if question is None or findings is None:
            return explained
        return msgspec.structs.replace(explained, probe=probe_of(question.reference, findings, explained))

    def _question(self, explained: Explanation) -> ProbeRequest | None:
        """None for an image that cannot be read."""
        reference = parse_or_none(explained.image)
        if reference is None:
            return None
        node = explained.node
        platform = (node.os, node.architecture) if node is not None else ("", "")
        return ProbeRequest(reference, tuple(self._offers(explained)), platform)


class PodCredentials:
    """The credentials that the kubelet would offer for a container, in its order, each with its Secret's name."""

    def __init__(self, secrets: SecretReader) -> None:
        self._secrets = secrets
        self._documents: dict[tuple[str, str], bytes | None] = {}

    def offered(self, explained: Explanation) -> Sequence[Credential]:
        """Return the logins of the Secrets that match. Runtimes ignore those without a user name, too."""
        matching = [each.source for each in explained.credentials or () if each.verdict == "Offered"]
        read = [(name, self._document(explained.namespace, name)) for name in matching]
        held = PullSecretKeychain([(name, document) for name, document in read if document is not None])
        reference = parse(explained.image)
        return held.credentials(reference.registry, reference.repository)

    def _document(self, namespace: str, name: str) -> bytes | None:
        """Return a Secret, read once; None if it was deleted or is forbidden."""
        key = namespace, name
        if key not in self._documents:
            try:
                self._documents[key] = self._secrets.secret(*key)
            except (ForbiddenError, NotFoundError):
                self._documents[key] = None
        return self._documents[key]


def _nothing(_: Explanation) -> Sequence[Credential]:
    return ()
