"""Failures grouped into incidents: a fold over explanations, which keeps counts and names and no explanation.

A group is a cause at a registry; transient and permanent failures are two groups. If the cause is in the node (its
disk, its runtime, its kubelet's own limit) it is the same group for every registry.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from kubectl_pullpolicy.core.diagnosis.causes import CAUSES, CREDENTIAL_CAUSES, NODE_CAUSES
from kubectl_pullpolicy.core.incidents.image_usage import ImageUsage, image_key
from kubectl_pullpolicy.core.incidents.scope import IncidentScope, scope_text
from kubectl_pullpolicy.core.report.explanation import Explanation, SubjectExplanation
from kubectl_pullpolicy.core.report.incident import Example, Incident, NodeShare, OwnerShare, Share
from kubectl_pullpolicy.core.report.pull_failure import CauseId, Diagnosis, Remedy

EXAMPLES = 3
QUOTED = 400  # characters of a message that shows no cause
# The causes whose examples show the pull secrets.
_SECRETS_SHOWN: frozenset[CauseId] = CREDENTIAL_CAUSES | {"PullSecretMissing", "RateLimited"}
_UNKNOWN = Diagnosis(*CAUSES["Unknown"][:4])


class _Key(NamedTuple):
    """What the failures of an incident share."""

    cause: CauseId
    registry: str
    transient: bool | None


class _Owner(NamedTuple):
    namespace: str
    kind: str
    name: str


K = TypeVar("K", str, _Owner)


class _GrowingIncident:
    """One incident while it grows."""

    def __init__(self, diagnosis: Diagnosis, registry: str) -> None:
        self.diagnosis = diagnosis
        self.registry = registry
        self.pods = self.containers = 0
        self.since: str | None = None
        self.nodes: Counter[str] = Counter()
        self.images: Counter[str] = Counter()
        self.owners: Counter[_Owner] = Counter()
        self.hosts: Counter[str] = Counter()
        self.examples: dict[str, Example] = {}
        self.remedies: dict[Remedy, None] = {}

    def add(self, subject: SubjectExplanation, failing: list[Explanation]) -> None:
        """Take in the containers of one Pod."""
        self.pods += 1
        self.containers += len(failing)
        self.nodes[subject.node.name if subject.node is not None else ""] += 1
        self.owners[_owner_of(subject)] += 1
        for key in {image_key(each.image) for each in failing}:
            self.images[key] += 1
        for host in {each.diagnosis.host for each in failing if each.diagnosis is not None} - {"", self.registry}:
            self.hosts[host] += 1
        for each in failing:
            since = each.status.since if each.status is not None else None
            self.since = min(filter(None, (self.since, since)), default=None)
            self._exemplify(subject, each)

    def _exemplify(self, subject: SubjectExplanation, explanation: Explanation) -> None:
        diagnosis, status = explanation.diagnosis or _UNKNOWN, explanation.status
        words = diagnosis.evidence or (status.message[:QUOTED] if status is not None else "")
        key = diagnosis.mechanism or words
        if key in self.examples or len(self.examples) >= EXAMPLES:
            return
        node = subject.node.name if subject.node is not None else ""
        names = subject.namespace, subject.name, explanation.container, node, explanation.image
        secrets = explanation.credentials if diagnosis.cause in _SECRETS_SHOWN else None
        self.examples[key] = Example(*names, words, diagnosis.spoke, secrets or ())
        self.remedies.update(dict.fromkeys(explanation.remedies))


class Incidents:
    """Takes explanations one by one; `found` returns the incidents."""

    def __init__(self) -> None:
        self.pods = 0
        self.failing = 0
        self._groups: dict[_Key, _GrowingIncident] = {}

    def take(self, subject: SubjectExplanation) -> None:
        """Take in a Pod; templates and Pods that are well leave no trace but their count."""
        parts: dict[_Key, list[Explanation]] = {}
        for each in failing_containers(subject):
            diagnosis = each.diagnosis or _UNKNOWN
            registry = "" if diagnosis.cause in NODE_CAUSES else _registry_of(each, diagnosis)
            parts.setdefault(_Key(diagnosis.cause, registry, diagnosis.transient), []).append(each)
        self.failing += bool(parts)
        for key, failing in parts.items():
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = _GrowingIncident(failing[0].diagnosis or _UNKNOWN, key.registry)
            group.add(subject, failing)

    @property
    def causes(self) -> int:
        """How many causes were met."""
        return len({key.cause for key in self._groups})

    def found(
        self, image_usage: ImageUsage, platforms: Mapping[str, str] | None, namespace: str | None
    ) -> tuple[Incident, ...]:
        """Return the incidents, those with most Pods first.

        `platforms` are those of all nodes, None if not known; `namespace` is the one that was read, None: all.
        """
        ordered = sorted(self._groups.items(), key=lambda item: (-item[1].pods, *item[0][:2], str(item[0].transient)))
        return tuple(_incident(group, image_usage, platforms, namespace) for _, group in ordered)


def failing_containers(subject: SubjectExplanation) -> Iterator[Explanation]:
    """The containers whose pulls fail; of one that waits for an image volume, the volume."""
    failing = [each for each in subject.containers if each.status is not None and each.status.pull_failing]
    volumes = {each.container for each in failing if each.container_kind == "imageVolume"}
    return (each for each in failing if each.status is not None and each.status.image_volume not in volumes)


def _registry_of(explanation: Explanation, diagnosis: Diagnosis) -> str:
    return explanation.reference.registry if explanation.reference is not None else diagnosis.registry


def _owner_of(subject: SubjectExplanation) -> _Owner:
    if subject.owner is None:
        return _Owner(subject.namespace, "Pod", subject.name)
    return _Owner(subject.namespace, subject.owner.kind, subject.owner.name)


def _incident(
    group: _GrowingIncident, image_usage: ImageUsage, platforms: Mapping[str, str] | None, namespace: str | None
) -> Incident:
    diagnosis = group.diagnosis
    nodes = tuple(NodeShare(name, image_usage.platform(name, platforms), pods) for name, pods in _most(group.nodes))
    owners = tuple(OwnerShare(*owner, pods) for owner, pods in _most(group.owners))
    spread = IncidentScope(nodes, owners, tuple(group.images), group.registry, platforms, namespace)
    return Incident(
        cause=diagnosis.cause,
        meaning=diagnosis.meaning,
        transient=diagnosis.transient,
        who=diagnosis.who,
        registry=group.registry,
        registry_kind=diagnosis.registry_kind if group.registry else "",
        pods=group.pods,
        containers=group.containers,
        since=group.since,
        where=scope_text(spread, image_usage),
        nodes=nodes,
        nodes_total=len(platforms) if platforms is not None else None,
        images=tuple(Share(image_usage.written(key), pods) for key, pods in _most(group.images)),
        owners=owners,
        hosts=tuple(Share(host, pods) for host, pods in _most(group.hosts)),
        examples=tuple(group.examples.values()),
        remedies=tuple(group.remedies),
    )


def _most(counts: Mapping[K, int]) -> list[tuple[K, int]]:
    """Those with most Pods first, then by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
