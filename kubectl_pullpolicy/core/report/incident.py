"""An incident: failing pulls that share their cause and their registry, as values.

`core.incidents.incidents` makes them, printers show them, and `-o json` writes an Incident as it is.
"""

from kubectl_pullpolicy.core.report.evidence import Value
from kubectl_pullpolicy.core.report.probe import Probe
from kubectl_pullpolicy.core.report.pull_failure import CauseId, Credential, Remedy


class Share(Value, frozen=True):
    """How many of an incident's Pods have an image (as it is written) or a host that fails."""

    name: str
    pods: int


class NodeShare(Value, frozen=True):
    """How many of an incident's Pods are on a node; `platform` is OS/ARCHITECTURE, "" if it is not known."""

    name: str
    platform: str
    pods: int


class OwnerShare(Value, frozen=True):
    """How many of an incident's Pods belong to a workload; a Pod without a controller counts as its own."""

    namespace: str
    kind: str
    name: str
    pods: int


class Example(Value, frozen=True):
    """One container of an incident, with the text that shows the cause and the source of that text (`spoke`).

    `credentials` are its pull secrets, if they were read; `probe` is null if no registry was asked.
    """

    namespace: str
    pod: str
    container: str
    node: str
    image: str
    evidence: str
    spoke: str
    credentials: tuple[Credential, ...] = ()
    probe: Probe | None = None


class Incident(Value, frozen=True):
    """Failing pulls with one cause at one registry; at any registry if the cause is in the node.

    `pods` and `containers` are counts, `since` is when the first of them began to wait. `where` says in a few words
    which nodes and images are affected; `nodes`, `images` and `owners` list them, those with most Pods first.
    `nodes_total` is how many nodes the cluster has, None if that could not be read. `hosts` are the hosts that failed,
    if they are not the registry itself. `examples` has one container for each mechanism; `remedies` are those of the
    examples.
    """

    cause: CauseId
    meaning: str
    transient: bool | None
    who: str
    registry: str
    registry_kind: str
    pods: int
    containers: int
    since: str | None
    where: str
    nodes: tuple[NodeShare, ...]
    nodes_total: int | None
    images: tuple[Share, ...]
    owners: tuple[OwnerShare, ...]
    hosts: tuple[Share, ...]
    examples: tuple[Example, ...]
    remedies: tuple[Remedy, ...]


class IncidentList(Value, frozen=True):
    """The incidents, how many of the Pods fail, and what could not be read."""

    api_version: str
    kind: str
    items: tuple[Incident, ...]
    pods: int
    failing_pods: int
    notes: tuple[str, ...] = ()
