"""The answer: what is explained of one container, and of the Pod or template that holds it.

These are values; `core.explain` makes them, printers show them, and `-o json` writes an Explanation as it stands
(camelCase, every field present). A template has no status.
"""

from typing import Literal

import msgspec

from kubectl_pullpolicy.core.probed import Probe
from kubectl_pullpolicy.core.workloads import ContainerKind, kind_info

API_VERSION = "kubectl-pullpolicy/v1alpha1"

Certainty = Literal["certain", "inferred"]
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
CredentialVerdict = Literal[
    "Offered",  # an entry matches: the kubelet offers it
    "NoMatch",
    "Ignored",  # of a ServiceAccount, whose list does not count for this Pod
    "Absent",
    "Forbidden",  # the Secret may not be read
    "Unknown",
    "NoName",  # `[{"name": ""}]`
    "NoneListed",
    "WrongType",  # passed over, as is NoData
    "NoData",
    "Malformed",  # spoils the keyring: nothing is pulled
    "Unused",  # another Secret spoils the keyring
    "NotTried",  # anonymously, while an entry matches
]
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


class _Value(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base: camelCase keys, nothing left out."""


class Evidence(_Value, frozen=True):
    """One thing that was read and what it shows. `source`: "last-applied of Deployment/web", "the Pod itself"."""

    source: str
    detail: str
    certainty: Certainty


class Reference(_Value, frozen=True):
    """How the image string is read; `implied` tells what was not written: registry, library, tag."""

    registry: str
    repository: str
    tag: str
    digest: str
    implied: tuple[str, ...]


class FreshBytes(_Value, frozen=True):
    """How this container gets the newest bytes of its image; `command` is "" where no single command does it."""

    summary: str
    command: str


class Policy(_Value, frozen=True):
    """imagePullPolicy as stored (or as it would be stored) and why.

    `why` is the reason in a few words, as the table has it; `unread` names what was forbidden and would have told more.
    """

    value: str
    reason: Reason
    why: str
    evidence: tuple[Evidence, ...]
    next_start: str | None
    unread: tuple[str, ...] = ()
    fresh_bytes: FreshBytes | None = None


class OnNode(_Value, frozen=True):
    """The image among those that the node reports; absence there proves nothing, so there is no value for it.

    `names` are the node's for it; `digest` is the one that the image's own repository has there, "" where cut off.
    `refusal` tells, where a pull fails all the same, why the kubelet may refuse an image that is present.
    """

    names: tuple[str, ...]
    digest: str
    refusal: str | None = None


class Obstacle(_Value, frozen=True):
    """What keeps a container from running where it is not the image, and the kubectl command that goes on."""

    kind: ObstacleKind
    summary: str
    evidence: tuple[Evidence, ...]
    command: str


class Remedy(_Value, frozen=True):
    """What ends a failure; `command` is "" where no single command does it."""

    text: str
    command: str = ""


class Diagnosis(_Value, frozen=True):
    """Why a pull fails, by one text.

    `cause` is an id of `core.causes`; `transient` is whether it heals by itself, None where nobody can tell; `who` is
    who can end it. `certainty`: `unknown` where the text tells no cause. `mechanism` is what happened, `evidence` the
    part of the text that shows it; `spoke` tells whose text it is: "waiting message", "event of TIME", "the text".
    `registry`, `repository`, `tag` and `digest` are of the image that the text is about, each "" where it does not
    tell; `registry_kind` is as people call it (Docker Hub, ECR). `host` is who failed, where the text names one: the
    registry, a mirror, a token service, what a resolver was asked for. `missing_secrets` are pull secrets that the
    kubelet could not read, where the failure is one of credentials.
    """

    cause: str
    meaning: str
    transient: bool | None
    who: str
    certainty: Literal["certain", "inferred", "unknown"] = "unknown"
    mechanism: str = ""
    evidence: str = ""
    spoke: str = ""
    registry: str = ""
    repository: str = ""
    tag: str = ""
    digest: str = ""
    registry_kind: str = ""
    host: str = ""
    missing_secrets: tuple[str, ...] = ()


class CredentialMatch(_Value, frozen=True):
    """An entry of a pull secret that matches an image.

    `attempt` is its place in the kubelet's order, from 1; null where it is not offered. `empty`: it holds no user name.
    `expires` is what its token says itself, and `expired` whether that time is over, null where it says nothing.
    """

    key: str
    attempt: int | None
    empty: bool = False
    expires: str | None = None
    expired: bool | None = None


class Credential(_Value, frozen=True):
    """One source of credentials for an image, as far as the API shows it.

    `source` is a Secret's name, `kind` who lists it (`holder` names a ServiceAccount); or `kind` is where else the
    kubelet may find credentials (Node), or what it does without (Anonymous). `registry_keys` are hosts and paths.
    """

    source: str
    kind: Literal["Pod", "Template", "ServiceAccount", "Node", "Anonymous"]
    holder: str
    registry_keys: tuple[str, ...]
    matches: tuple[CredentialMatch, ...]
    verdict: CredentialVerdict
    detail: str


class Status(_Value, frozen=True):
    """The container's state. `reason` and `message` are as the API has them; `since` is RFC 3339.

    `digest` is the digest in `image_id`, "" where there is none. `image_volume` names the volume whose image a waiting
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
    cause: str | None = None
    transient: bool | None = None


class TimeWindow(_Value, frozen=True):
    """A span of time that holds what it is about (RFC 3339); null where there is no bound on that side."""

    earliest: str | None
    latest: str | None


class LastFailure(_Value, frozen=True):
    """When the last failure that the status shows happened, and what tells so."""

    earliest: str | None
    latest: str | None
    evidence: str


class BackOff(_Value, frozen=True):
    """The kubelet's back-off for one image of a Pod, as an estimate: the API shows neither delay nor next attempt.

    `next_attempt` is the begin of the one after `last_failure`. Where it may be over already, its failure not shown
    yet, `following` is the begin of the one after it; `under_way`: it must have begun, or the kubelet reports nothing.
    `at_once` is how to make the kubelet try now.
    """

    attempts_at_least: int
    delay_seconds_at_least: int
    last_failure: LastFailure | None
    next_attempt: TimeWindow
    following: TimeWindow | None = None
    under_way: bool = False
    at_once: Remedy | None = None


class NodePulls(_Value, frozen=True):
    """Other Pods on the node of a container that pulls: how many pull, and how many may pull; null where unknown.

    `one_at_a_time`: whether the kubelet's configuration lets them wait for each other; null where it was not read.
    """

    pulling: int | None
    creating: int | None
    one_at_a_time: bool | None


class OwnerSummary(_Value, frozen=True):
    """The workload that a user would name; `ready` is like "0 of 2 ready", "" where it is not known."""

    kind: str
    name: str
    ready: str = ""


class NodeSummary(_Value, frozen=True):
    """The node; what is not known is ""."""

    name: str
    os: str = ""
    architecture: str = ""
    kubelet_version: str = ""


class Explanation(_Value, frozen=True):
    """All that is known of one container (an image volume counts as one). `pod` is None for a template.

    `reading_notes` are sentences about what surprises in the image string. `diagnosis` is why its pull fails, and
    `remedies` what ends that, the best first. `back_off` is when the kubelet tries again, null where nothing backs off;
    `node_pulls` is what else its node pulls while it pulls.
    `credentials` are null where nobody looked at them, `probe` where no registry was asked.
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


class SubjectExplanation(_Value, frozen=True):
    """A Pod, or a workload's template, with its containers in the order in which they start.

    `stored` is False for a manifest: it is explained as what the API server would store. `notes` are sentences about
    the whole Pod (that it has finished) or workload (how far its rollout is). `obstacle` holds for all containers.
    `revision` names what the Pod was made from, by its number where that is known. `alike` names the Pods that a fold
    left out because all this is true of them, too, of `total` Pods.
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
