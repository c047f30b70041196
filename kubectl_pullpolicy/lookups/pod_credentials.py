"""Whose credentials registries are asked with for a live object: its Pods' pull secrets, this machine's, then none.

The kubelet reads the list of the Pod; the ServiceAccount's list counts only where the Pod has none (it is copied then).
Secrets are read by name, once each; what is refused or missing is passed over, as the kubelet does, and told.
"""

from collections.abc import Iterable, Iterator, Sequence

from kubectl_pullpolicy.cluster import ClusterSource
from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.core.k8s.objects import ServiceAccount, meta, present
from kubectl_pullpolicy.core.plans.container_fields import pod_spec
from kubectl_pullpolicy.core.plans.plan import LiveObject
from kubectl_pullpolicy.core.source.reads import Forbidden, Get, service_account_ref
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError, PullPolicyError
from kubectl_pullpolicy.parallel import together
from kubectl_pullpolicy.registry import DockerConfigKeychain, Keychain, PullSecretKeychain
from kubectl_pullpolicy.registry.keychain import MultiKeychain

Name = tuple[str, str]  # namespace and name


class PullCredentials:
    """Reads for many objects at once, then has a Keychain for each. `notes`: what could not be read."""

    def __init__(self, source: ClusterSource) -> None:
        self._source = source
        self._machine = DockerConfigKeychain()
        self._accounts: dict[Name, tuple[str, ...]] = {}
        self._documents: dict[Name, bytes] = {}
        self.notes: list[str] = []

    def read(self, lives: Iterable[LiveObject]) -> None:
        """Reads the ServiceAccounts, then the Secrets."""
        held = list(lives)
        accounts = dict.fromkeys(_account(live) for live in held if not _own_names(live))
        self._read_accounts(list(accounts))
        wanted = dict.fromkeys((live.ref.namespace, name) for live in held for name in self._names(live))
        for name, document in together(map(self._secret, wanted), PARALLEL):
            if isinstance(document, bytes):
                self._documents[name] = document
            else:
                self._note(document)

    def keychain(self, live: LiveObject) -> Keychain:
        """What is tried for the images of this object, in its order."""
        namespace = live.ref.namespace
        documents = [
            (name, self._documents[namespace, name])
            for name in self._names(live)
            if (namespace, name) in self._documents
        ]
        return MultiKeychain((PullSecretKeychain(documents), self._machine))

    def _names(self, live: LiveObject) -> Sequence[str]:
        return _own_names(live) or self._accounts.get(_account(live), ())

    def _read_accounts(self, accounts: Sequence[Name]) -> None:
        for reading in self._source.read([Get(service_account_ref(*account)) for account in accounts]):
            for thing in reading.objects:
                if isinstance(thing, ServiceAccount):
                    names = [each.name for each in present(thing.image_pull_secrets) if each.name]
                    self._accounts[meta(thing).namespace or "", meta(thing).name or ""] = tuple(names)
            if isinstance(reading.outcome, Forbidden):
                self._note(f"cannot {reading.outcome.verb} {reading.outcome.resource}: forbidden")

    def _secret(self, name: Name) -> Iterator[tuple[Name, bytes | str]]:
        """The Secret, or why it is not to be had."""
        try:
            yield name, self._source.secret(*name)
        except ForbiddenError:
            yield name, "cannot get secrets: forbidden"
        except NotFoundError:
            yield name, f"pull secret {name[1]} does not exist in namespace {name[0]}"
        except PullPolicyError as error:
            yield name, str(error)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _own_names(live: LiveObject) -> tuple[str, ...]:
    """The names of the Pod's own list."""
    listed = (pod_spec(live.kind, live.tree, live.path) or {}).get("imagePullSecrets")
    items = listed if isinstance(listed, list) else ()
    return tuple(str(item["name"]) for item in items if isinstance(item, dict) and item.get("name"))


def _account(live: LiveObject) -> Name:
    spec = pod_spec(live.kind, live.tree, live.path) or {}
    return live.ref.namespace, str(spec.get("serviceAccountName") or "default")


class NoPullCredentials:
    """--no-secrets: only what this machine has."""

    notes: Sequence[str] = ()

    def __init__(self) -> None:
        self._machine = MultiKeychain((DockerConfigKeychain(),))

    def read(self, lives: Iterable[LiveObject]) -> None:
        """Nothing."""

    def keychain(self, live: LiveObject) -> Keychain:
        """The same for all."""
        return self._machine
