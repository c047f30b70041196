"""The credentials for the images of a live object: its Pods' pull secrets, then this machine's, then none.

`core.credentials.image_pull_secrets` decides which Secrets count. They are read by name, once each. A Secret that is
missing or forbidden is noted and skipped, as the kubelet skips it.
"""

from collections.abc import Iterable, Iterator, Sequence

from kubectl_pullpolicy.cluster import ClusterSource
from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.core.credentials.image_pull_secrets import (
    PullSecretUser,
    counted_account,
    offered_secrets,
    pull_secret_user_of,
)
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.plans.container_fields import pod_spec
from kubectl_pullpolicy.core.plans.plan import LiveObject
from kubectl_pullpolicy.core.source.reads import Forbidden, Get
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError, PullPolicyError
from kubectl_pullpolicy.parallel import together
from kubectl_pullpolicy.registry import DockerConfigKeychain, Keychain, PullSecretKeychain
from kubectl_pullpolicy.registry.keychain import MultiKeychain

SecretName = tuple[str, str]  # namespace and name


class PullCredentials:
    """Reads for many objects, then has a Keychain for each. `notes`: what could not be read."""

    def __init__(self, source: ClusterSource) -> None:
        self._source = source
        self._machine = DockerConfigKeychain()
        self._snapshot = Snapshot()
        self._documents: dict[SecretName, bytes] = {}
        self.notes: list[str] = []

    def read(self, lives: Iterable[LiveObject]) -> None:
        """Read the ServiceAccounts, then the Secrets."""
        users = [_user(live) for live in lives]
        self._read_accounts(dict.fromkeys(account for user in users if (account := counted_account(user)) is not None))
        names = dict.fromkeys((user.namespace, name) for user in users for name in self._offered(user))
        for name, document in together(map(self._secret, names), PARALLEL):
            if isinstance(document, bytes):
                self._documents[name] = document
            else:
                self._note(document)

    def keychain(self, live: LiveObject) -> Keychain:
        """Return what is tried for the images of this object, in its order."""
        user = _user(live)
        names = [(user.namespace, name) for name in self._offered(user)]
        documents = [(name[1], self._documents[name]) for name in names if name in self._documents]
        return MultiKeychain((PullSecretKeychain(documents), self._machine))

    def _offered(self, user: PullSecretUser) -> tuple[str, ...]:
        return offered_secrets(user, self._snapshot)

    def _read_accounts(self, accounts: Iterable[ObjectRef]) -> None:
        for reading in self._source.read([Get(account) for account in accounts]):
            self._snapshot.learn([reading])
            if isinstance(reading.outcome, Forbidden):
                self._note(f"cannot {reading.outcome.verb} {reading.outcome.resource}: {reading.outcome.reason}")

    def _secret(self, name: SecretName) -> Iterator[tuple[SecretName, bytes | str]]:
        """Return the Secret, or why it cannot be read."""
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


def _user(live: LiveObject) -> PullSecretUser:
    spec = pod_spec(live.kind, live.tree, live.path) or {}
    return pull_secret_user_of(spec, live.metadata, created=live.kind == "Pod")


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
