"""The failing Pods of a source, explained, with what they need.

Of healthy Pods only their images and nodes are kept. Besides the Pods only what the failing ones need is read: their
owners by lists, events if a kubelet's message hides the cause, all nodes once.
"""

from collections.abc import Iterable, Iterator, Sequence

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.incidents.image_usage import ImageUsage
from kubectl_pullpolicy.core.k8s.objects import Node, Pod, meta
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.pods.status import status_of
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation, filter_containers
from kubectl_pullpolicy.core.source.interface import Selection, Source, Subject
from kubectl_pullpolicy.core.source.reads import ListOf, Reading

NODES = ListOf("v1", "Node", None)
_RUNS = frozenset({"running", "mounted", "terminated"})
Pages = Iterator[list[SubjectExplanation]]


class FailingPods:
    """Finds the failing Pods of one source. `pods` counts all Pods that were read."""

    def __init__(self, source: Source, query: Query, container: str = "") -> None:
        self.image_usage = ImageUsage()
        self.pods = 0
        self._source = source
        self._inquiry = query
        self._container = container

    def of_target(self, target: Target | None, selection: Selection) -> Pages:
        """The failing Pods of a target (None: of the selection), page by page. Raises PullPolicyError."""
        if target is None or (target.name is None and target.info.kind == "Pod"):
            yield from self._listed(selection)
        elif target.name is None:
            for page in self._listed(selection):
                yield [pod for pod in page if pod.owner is not None and pod.owner.kind == target.info.kind]
        else:
            for page in self._inquiry.named(target, selection.namespace):
                pods = [subject for subject in page if subject.kind == "Pod"]
                self._look_at(pods)
                yield self._narrowed(pods)

    def platforms(self) -> dict[str, str] | None:
        """Return OS/ARCHITECTURE of all nodes, None if they cannot be listed. Nothing else of them is kept."""
        found: dict[str, str] = {}
        for reading in self._source.read([NODES]):
            found.update(_platform(thing) for thing in reading.objects if isinstance(thing, Node))
            if reading.outcome is not None:
                self._inquiry.learn([Reading(NODES, (), reading.outcome)])
                return None
        return found

    def _listed(self, selection: Selection) -> Pages:
        for page in self._source.pages(selection):
            failing = [pod for pod in page if self._fails(pod)]
            if failing:
                yield self._narrowed(self._inquiry.explained(failing, selection.namespace))

    def _narrowed(self, pods: Iterable[SubjectExplanation]) -> list[SubjectExplanation]:
        kept = (filter_containers(pod, self._container, failing=True) for pod in pods)
        return [pod for pod in kept if pod is not None]

    def _fails(self, pod: Subject) -> bool:
        """Whether an image of this Pod cannot be pulled; all its images are noted."""
        if not isinstance(pod, Pod):
            return False
        self.pods += 1
        node = (pod.spec.node_name if pod.spec is not None else None) or ""
        fails = False
        for container in declared_containers(pod.spec):
            status = status_of(pod, container)
            self.image_usage.see(container.image, node, runs=status.state in _RUNS)
            fails = fails or status.pull_failing
        return fails

    def _look_at(self, pods: Sequence[SubjectExplanation]) -> None:
        self.pods += len(pods)
        for pod in pods:
            if pod.node is not None and pod.node.os:
                self.image_usage.see_platform(pod.node.name, f"{pod.node.os}/{pod.node.architecture}")
            node = pod.node.name if pod.node is not None else ""
            for each in pod.containers:
                runs = each.status is not None and each.status.state in _RUNS
                self.image_usage.see(each.image, node, runs=runs)


def _platform(node: Node) -> tuple[str, str]:
    info = node.status.node_info if node.status is not None else None
    platform = f"{info.operating_system}/{info.architecture}" if info is not None and info.architecture else ""
    return meta(node).name or "", platform
