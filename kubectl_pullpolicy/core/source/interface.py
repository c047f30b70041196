"""Where objects come from: one Protocol, three implementations (the API server, files, a recording).

Core does not know which one it has. A source reads; it neither prints nor judges.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from kubectl_pullpolicy.core.k8s.objects import Pod, Workload
from kubectl_pullpolicy.core.source.reads import Need, Reading
from kubectl_pullpolicy.errors import PullPolicyError

# What is explained: a Pod, or the template of a workload.
Subject = Pod | Workload


class Selection(NamedTuple):
    """Which subjects: of a namespace (None: of all), narrowed by selectors as the API server takes them."""

    namespace: str | None
    label_selector: str = ""
    field_selector: str = ""


class Listed(NamedTuple):
    """News: a page of a list. When the `last` is there, a Pod that none of them held since the `first` is gone."""

    pods: Sequence[Pod]
    first: bool = True
    last: bool = True


class Changed(NamedTuple):
    """News: a Pod that is new, or not as it was."""

    pod: Pod


class Deleted(NamedTuple):
    """News: a Pod that is gone or no longer selected, as it was last."""

    pod: Pod


News = Listed | Changed | Deleted


class Source(Protocol):
    """Something that can be asked for objects."""

    @property
    def now(self) -> datetime:
        """When the objects were so: the API server's `Date`, a dump's or recording's time. Ask after reading."""

    @property
    def namespace(self) -> str | None:
        """The namespace to use if none is given; None: all of them (a file)."""

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        """What could not be read while the rest could (a broken document among good ones)."""

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """The subjects, page by page as they are read. Raises PullPolicyError when none can be read."""

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Answer every need, in any order, in parallel if that helps; a refusal is an answer.

        Raises PullPolicyError only if no answer is possible (no connection, 401).
        """


class Watcher(Source, Protocol):
    """A source that watches: its time passes, and it reports changes of Pods."""

    def news(self, selection: Selection) -> Iterator[News]:
        """Yield the list, then what changes, until the caller has enough; a list again if changes were missed.

        Raises PullPolicyError if the first list fails, and later if a retry would not help.
        """
