"""The answer: the explanation of one container, and of the Pod or template that holds it.

`core.explain.explainer` makes these values, printers show them, and `-o json` writes an Explanation as it is
(camelCase, every field present). A template has no status.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from kubectl_pullpolicy.core.k8s.kinds import is_kind, is_label, is_object_name, kind_info
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.report.evidence import Evidence, Value
from kubectl_pullpolicy.core.report.probe import Probe
from kubectl_pullpolicy.core.report.pull_failure import BackOff, CauseId, Credential, Diagnosis, NodePulls, Remedy

API_VERSION = "kubectl-pullpolicy/v1alpha1"
Reason = Literal[
    "Explicit",  # a manifest, last-applied or an Apply manager wrote it
    "Default",  # the server's tag rule
    "StaleDefault",  # the default of an earlier image
    "Edited",  # the template differs from its own last-applied
    "Admission",  # the Pod differs from the revision it was made from
    "Static",  # mirror pod
    "MatchesDefault",  # no evidence who wrote it
    "DiffersFromDefault",  # likewise
    "DiffersFromTemplate",  # likewise; kinds whose templates have no revisions
]
State = Literal["running", "mounted", "pulling", "waiting", "terminated", "notScheduled", "unknown"]
DigestKind = Literal["index", "manifest", "config", "unknown"]
ObstacleKind = Literal[
    "NotScheduled",
    "Volumes",
    "Sandbox",
    "Initializing",  # an init container has not ended
    "Configuration",  # what the container refers to is missing or not allowed
    "Start",  # the runtime cannot start it
    "Crash",
    "WrongPlatform",  # the image was pulled, and is for another processor
    "NoPod",  # the API server refuses the Pods of a workload
]


class Reference(Value, frozen=True):
    """How the image string is read; `implied`: what was not written (registry, library, tag)."""

    registry: str
    repository: str
    tag: str
    digest: str
    implied: tuple[str, ...]


class FreshBytes(Value, frozen=True):
    """How this container gets a newer push of its image; `command` is "" if no single command does it."""

    summary: str
    command: str


class Policy(Value, frozen=True):
    """imagePullPolicy as stored (or as it would be stored) and why.

    `why` is the reason in a few words, as the table has it; `unread` names what was forbidden and would have shown
    more.
    """

    value: str
    reason: Reason
    why: str
    evidence: tuple[Evidence, ...]
    next_start: str | None
    unread: tuple[str, ...] = ()
    fresh_bytes: FreshBytes | None = None


class OnNode(Value, frozen=True):
    """The image among those that the node reports; absence there proves nothing, so there is no value for it.

    `names` are the node's for it; `digest` is the one of the image's own repository there, "" if it was cut off.
    `refusal`: why the kubelet may refuse an image that is present, if a pull fails nevertheless.
    """

    names: tuple[str, ...]
    digest: str
    refusal: str | None = None


class Obstacle(Value, frozen=True):
    """What keeps a container from running if it is not the image, and the kubectl command to use next."""

    kind: ObstacleKind
    summary: str
    evidence: tuple[Evidence, ...]
    command: str


class Status(Value, frozen=True):
    """The container's state. `reason` and `message` are as the API has them; `since` is RFC 3339.

    `digest` is the digest in `image_id`, "" if there is none. `image_volume` names the volume whose image a waiting
    container waits for. `pull_failing`: the state is one of a failed or refused pull; then `cause` and `transient` are
    those of its diagnosis.
    """

    state: State
    reason: str = ""
    message: str = ""
    image_id: str = msgspec.field(name="imageID", default="")
    digest: str = ""
    digest_kind: DigestKind | None = None
    since: str | None = None
    image_volume: str | None = None
    pull_failing: bool = False
    cause: CauseId | None = None
    transient: bool | None = None


class OwnerSummary(Value, frozen=True):
    """The workload that a user would name; `ready` is like "0 of 2 ready", "" if it is not known."""

    kind: str
    name: str
    ready: str = ""


class NodeSummary(Value, frozen=True):
    """The node; what is not known is ""."""

    name: str
    os: str = ""
    architecture: str = ""
    kubelet_version: str = ""


class Explanation(Value, frozen=True):
    """All that is known of one container (an image volume counts as one). `pod` is None for a template.

    `reading_notes` are sentences about what surprises in the image string. `diagnosis` is why its pull fails, and
    `remedies` are the fixes, the best first. `back_off` is when the kubelet tries again, null if nothing backs off;
    `node_pulls` is what else its node pulls while it pulls. `credentials` are null if they were not read, `probe` if no
    registry was asked.
    """

    namespace: str
    pod: str | None
    owner: OwnerSummary | None
    node: NodeSummary | None
    source: Literal["pod", "template"]
    container: str
    container_kind: ContainerKind
    image: str
    reference: Reference | None
    reference_error: str | None
    policy: Policy
    status: Status | None
    obstacle: Obstacle | None = None
    on_node: OnNode | None = None
    reading_notes: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None
    remedies: tuple[Remedy, ...] = ()
    back_off: BackOff | None = None
    node_pulls: NodePulls | None = None
    credentials: tuple[Credential, ...] | None = None
    probe: Probe | None = None


class SubjectExplanation(Value, frozen=True):
    """A Pod, or a workload's template, with its containers in the order in which they start.

    `stored` is False for a manifest: it is explained as what the API server would store. `notes` are sentences about
    the whole Pod (that it has finished) or workload (how far its rollout is). `obstacle` applies to all containers.
    `revision` names the revision that the Pod was created from, by its number if that is known. `alike` names the other
    Pods, of `total`, that this explanation also applies to.
    """

    kind: str
    namespace: str
    name: str
    owner: OwnerSummary | None
    node: NodeSummary | None
    stored: bool
    phase: str
    notes: tuple[str, ...]
    containers: tuple[Explanation, ...]
    obstacle: Obstacle | None = None
    revision: str = ""
    revision_number: int = 0
    alike: tuple[str, ...] = ()
    total: int = 0

    @property
    def target(self) -> str:
        """As kubectl would name it: `pod/web`, `deployment.apps/web`."""
        info = kind_info(self.kind)
        word = self.kind.lower()
        return f"{word}.{info.group}/{self.name}" if info is not None and info.group else f"{word}/{self.name}"


def refused_names(subject: SubjectExplanation) -> Iterator[str]:
    """Yield the names of a Pod or workload, and of what it belongs to, that the API server would refuse."""
    owner, node = subject.owner, subject.node
    if subject.namespace and not is_label(subject.namespace):
        yield subject.namespace
    names = (subject.name, owner.name if owner is not None else "", node.name if node is not None else "")
    yield from (name for name in names if name and not is_object_name(name))
    if owner is not None and owner.kind and not is_kind(owner.kind):
        yield owner.kind


def refused_containers(subject: SubjectExplanation) -> Iterator[str]:
    """Yield the names of containers and image volumes that the API server would refuse."""
    return (each.container for each in subject.containers if each.container and not is_label(each.container))


def filter_containers(subject: SubjectExplanation, container: str, *, failing: bool) -> SubjectExplanation | None:
    """Return the subject with the containers of this name ("": all); None if none is left."""

    def wanted(explanation: Explanation) -> bool:
        if container and explanation.container != container:
            return False
        return not failing or (explanation.status is not None and explanation.status.pull_failing)

    kept = tuple(filter(wanted, subject.containers))
    if not kept:
        return None
    return subject if len(kept) == len(subject.containers) else msgspec.structs.replace(subject, containers=kept)
