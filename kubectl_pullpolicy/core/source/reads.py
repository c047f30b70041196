"""What is asked of a source, and what it answers: four-valued, so that nothing is ever guessed.

An object is Known, Absent (the server said so), Forbidden (with verb and resource) or NotAsked.
"""

from typing import Generic, NamedTuple, TypeVar

from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, ObjectRef

T = TypeVar("T")


class Known(NamedTuple, Generic[T]):
    """It was read."""

    value: T


class Absent(NamedTuple):
    """The source was asked and has no such object; `message` is what it said."""

    message: str = ""


class Forbidden(NamedTuple):
    """The source refused or failed: `verb` and `resource` as RBAC names them (`list`, `replicasets.apps`).

    `status`: the HTTP status, 0 for an answer that cannot be read.
    """

    verb: str
    resource: str
    message: str = ""
    status: int = 403

    @property
    def reason(self) -> str:
        """What follows `cannot list nodes: `."""
        known = {0: "unreadable answer", 403: "forbidden", 404: "not found", 429: "too many requests"}
        return known.get(self.status, f"server error {self.status}")


class NotRead(NamedTuple):
    """The need was not read, or the source cannot answer it (a file that holds only Pods)."""


Fact = Known[T] | Absent | Forbidden | NotRead
ABSENT, NOT_READ = Absent(), NotRead()


class Get(NamedTuple):
    """Need: one object."""

    ref: ObjectRef


class ListOf(NamedTuple):
    """Need: all objects of a kind in a namespace (None: in all), narrowed by selectors."""

    api_version: str
    kind: str
    namespace: str | None
    label_selector: str = ""
    field_selector: str = ""


Need = Get | ListOf


class Reading(NamedTuple):
    """A source's answer to a need: objects as they come, then once `done`, or the reason why there are none."""

    need: Need
    objects: tuple[KubernetesObject, ...] = ()
    outcome: Absent | Forbidden | NotRead | None = None
    done: bool = True


def service_account_ref(namespace: str, name: str) -> ObjectRef:
    """Return the reference to a ServiceAccount."""
    return ObjectRef("v1", "ServiceAccount", namespace, name)


def secret_ref(namespace: str, name: str) -> ObjectRef:
    """Return the reference to a Secret."""
    return ObjectRef("v1", "Secret", namespace, name)
