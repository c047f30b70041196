"""diagnose --probe: the registries are asked about the examples of each incident, a few containers of all that fail.

Each example's Pod is read again by name, with its pull secrets; so the cost does not grow with the Pods that fail.
"""

import msgspec

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.kinds import POD
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.report.explanation import Explanation, SubjectExplanation, filter_containers
from kubectl_pullpolicy.core.report.incident import Example, Incident
from kubectl_pullpolicy.core.report.probe import Probe
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError
from kubectl_pullpolicy.lookups.probe import Prober

_Place = tuple[str, str, str]


def probed_incidents(incidents: tuple[Incident, ...], prober: Prober, query: Query) -> tuple[Incident, ...]:
    """Return the same incidents, their examples with the answers of registries, except for Pods that are gone."""
    pods = dict.fromkeys((example.namespace, example.pod) for incident in incidents for example in incident.examples)
    found = [subject for namespace, name in pods for subject in _read(query, namespace, name)]
    asked = [kept for subject in found if (kept := filter_containers(subject, "", failing=True)) is not None]
    probes = {_place(each): each.probe for subject in prober.probed(asked) for each in subject.containers if each.probe}
    return tuple(
        msgspec.structs.replace(incident, examples=tuple(_with(example, probes) for example in incident.examples))
        for incident in incidents
    )


def _read(query: Query, namespace: str, name: str) -> list[SubjectExplanation]:
    try:
        return [subject for page in query.named(Target(POD, name), namespace) for subject in page]
    except (NotFoundError, ForbiddenError):  # deleted since, or listed but forbidden by name
        return []


def _place(explained: Explanation) -> _Place:
    return explained.namespace, explained.pod or "", explained.container


def _with(example: Example, probes: dict[_Place, Probe]) -> Example:
    probe = probes.get((example.namespace, example.pod, example.container))
    return msgspec.structs.replace(example, probe=probe) if probe is not None else example
