"""What Pods run now: read from the newest Pods of each workload, and from their nodes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from kubectl_pullpolicy.cluster import ClusterSource
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import Node, ObjectRef, Pod, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import selector_text
from kubectl_pullpolicy.core.k8s.rollouts import is_newest
from kubectl_pullpolicy.core.pins.running import RunningContainer, names_on
from kubectl_pullpolicy.core.pins.workloads import ContainerKey
from kubectl_pullpolicy.core.plans.plan import LiveObject
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import Forbidden, Get

Seen = tuple[Pod, SubjectExplanation]
# Of these it counts what ran last.
_RUN_ONCE = frozenset({"CronJob", "Job"})
FEW = 5  # workloads of a namespace whose Pods are listed one by one


class RunningPods:
    """Reads for many objects at once. `notes`: what could not be read."""

    def __init__(self, source: ClusterSource) -> None:
        self._source = source
        self._query = Query(source)
        self._pods: dict[ObjectRef, list[Seen]] = {}
        self._nodes: dict[str, Node] = {}
        self.notes: list[str] = []

    def read(self, lives: Sequence[LiveObject]) -> None:
        """Reads the Pods, then their nodes. Raises PullPolicyError."""
        namespaces: dict[str, list[LiveObject]] = defaultdict(list)
        for live in lives:
            namespaces[live.ref.namespace].append(live)
        for namespace, held in namespaces.items():
            everything = self._listed(Selection(namespace)) if len(held) > FEW else None
            for live in held:
                pods = self._pods_of(live) if everything is None else self._belonging(live, everything)
                self._pods[live.ref] = list(pods)
        self._read_nodes()

    def image_usage(self, live: LiveObject, key: ContainerKey, image: str) -> list[RunningContainer]:
        """Return what each Pod reports of a container that has the template's image."""
        return [
            RunningContainer(explained.name, each.status.image_id, self._names(pod, each.status.image_id))
            for pod, explained in self._pods.get(live.ref, ())
            for each in explained.containers
            if (each.container_kind, each.container) == key and each.image == image
            if each.status is not None and each.status.image_id
        ]

    def _names(self, pod: Pod, image_id: str) -> tuple[str, ...]:
        node = self._nodes.get(_node_of(pod))
        return names_on(node, image_id) if node is not None else ()

    def _listed(self, selection: Selection) -> list[Seen]:
        return [seen for page in self._query.listed_pods(selection) for seen in page]

    def _pods_of(self, live: LiveObject) -> Iterator[Seen]:
        if live.kind == "Pod":
            yield self._query.pod(live.ref)
            return
        selector = selector_text(live.workload) if live.workload is not None else None
        yield from self._belonging(live, self._listed(Selection(live.ref.namespace, selector or "")))

    def _belonging(self, live: LiveObject, pods: Sequence[Seen]) -> Iterator[Seen]:
        """Return the Pods of its newest revision that are not deleted or over; of a CronJob those of its last Job."""
        workload = live.workload
        own = [
            (pod, explained)
            for pod, explained in pods
            if not meta(pod).deletion_timestamp
            and (self._query.belongs(pod, live.ref) or (explained.name == live.ref.name and live.kind == "Pod"))
            and (workload is None or not live.kind or is_newest(workload, pod, explained.revision_number))
        ]
        if live.kind not in _RUN_ONCE:
            yield from ((pod, seen) for pod, seen in own if not _is_over(pod))
        elif own:
            last = max(own, key=lambda each: meta(each[0]).creation_timestamp or "")
            maker = controller_of(meta(last[0]))
            yield from (each for each in own if controller_of(meta(each[0])) == maker)

    def _read_nodes(self) -> None:
        names = dict.fromkeys(_node_of(pod) for held in self._pods.values() for pod, _ in held)
        for reading in self._source.read([Get(ObjectRef("v1", "Node", "", name)) for name in names if name]):
            self._nodes |= {meta(thing).name or "": thing for thing in reading.objects if isinstance(thing, Node)}
            if isinstance(reading.outcome, Forbidden):
                note = f"cannot get nodes: {reading.outcome.reason}; the registry alone decides what runs"
                self.notes += [note] if note not in self.notes else []


def _node_of(pod: Pod) -> str:
    return (pod.spec.node_name if pod.spec is not None else None) or ""


def _is_over(pod: Pod) -> bool:
    return pod.status is not None and pod.status.phase in {"Failed", "Succeeded"}
