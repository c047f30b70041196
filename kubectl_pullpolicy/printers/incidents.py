"""Incidents, as a table or in full."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TextIO

import msgspec

from kubectl_pullpolicy.core.diagnosis.causes import NODE_CAUSES
from kubectl_pullpolicy.core.incidents.scope import owner_text
from kubectl_pullpolicy.core.k8s.times import age, parse_time
from kubectl_pullpolicy.core.report.incident import Example, Incident, IncidentList, Share
from kubectl_pullpolicy.printers.escape import escaped, escaped_cell, escaped_json
from kubectl_pullpolicy.printers.style import BOLD, RED, Style, colour_text, labelled_lines
from kubectl_pullpolicy.printers.table import print_rows

HEADERS = ("PODS", "SINCE", "CAUSE", "REGISTRY", "WHERE", "HEALS BY ITSELF", "WHO CAN END IT")
WIDE = ("IMAGES", "EXAMPLE")
LISTED = 5
_HEALS = {True: "yes", False: "no", None: "depends"}


def print_incidents(incidents: Sequence[Incident], style: Style, out: TextIO) -> None:
    """Write a table with a row for each incident."""
    rows = [[*_cells(each, style), *(_wide(each) if style.wide else ())] for each in incidents]
    if rows and not style.no_headers:
        rows.insert(0, [*HEADERS, *(WIDE if style.wide else ())])
    print_rows((), rows, out)


def print_incidents_in_full(incidents: Sequence[Incident], style: Style, out: TextIO) -> None:
    """Write each incident with its evidence and remedies, with an empty line between."""
    between = ""
    for incident in incidents:
        out.write(between)
        out.writelines(f"{line}\n" for line in _in_full(incident, style))
        between = "\n"


def print_incident_list(incidents: IncidentList, form: str, out: TextIO) -> None:
    """Write one IncidentList, as json or yaml."""
    if form == "json":
        text = msgspec.json.format(msgspec.json.encode(incidents), indent=4).decode()
        out.write(f"{escaped_json(text)}\n")
        return
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    out.write(yaml_text(msgspec.to_builtins(incidents)))


def _cells(incident: Incident, style: Style) -> Iterator[str]:
    yield str(incident.pods)
    yield _since(incident, style.now()) or "<unknown>"
    yield colour_text(escaped_cell(incident.cause), RED, wanted=style.use_colour)
    yield escaped_cell(incident.registry) or ("<any>" if incident.cause in NODE_CAUSES else "<unknown>")
    yield escaped_cell(incident.where) or "<unknown>"
    yield _HEALS[incident.transient]
    yield escaped_cell(incident.who) or "<unknown>"


def _wide(incident: Incident) -> Iterator[str]:
    more = f" and {len(incident.images) - 1} more" if len(incident.images) > 1 else ""
    yield escaped_cell(incident.images[0].name) + more if incident.images else "<none>"
    first = incident.examples[0] if incident.examples else None
    yield f"pod/{escaped_cell(first.pod)} -n {escaped_cell(first.namespace)}" if first is not None else "<none>"


def _since(incident: Incident, now: datetime) -> str:
    since = parse_time(incident.since)
    return "" if since is None else age(now - since)


def _in_full(incident: Incident, style: Style) -> Iterator[str]:
    from kubectl_pullpolicy.printers.sections import probe_lines, secret_lines  # not for a table

    since = _since(incident, style.now())
    at = f" at {incident.registry}" if incident.registry else ""
    kind = f" ({incident.registry_kind})" if incident.registry_kind else ""
    pods = "1 Pod" if incident.pods == 1 else f"{incident.pods} Pods"
    head = f"{incident.cause}{at}{kind}: {pods}{f', since {since}' if since else ''}"
    yield colour_text(escaped(head), BOLD, wanted=style.use_colour)
    outlook = {True: "heals by itself", False: "does not heal by itself", None: "may heal by itself or not"}
    yield from labelled_lines("meaning", [f"{incident.meaning}; {outlook[incident.transient]}"])
    yield from labelled_lines("ends it", [incident.who] if incident.who else [])
    yield from labelled_lines("where", [incident.where])
    yield from _shares("images", incident.images)
    if len(incident.nodes) > 1:
        yield from _shares("nodes", [Share(node.name, node.pods) for node in incident.nodes])
    if len(incident.owners) > 1:
        yield from _shares("workloads", [Share(owner_text(owner, None), owner.pods) for owner in incident.owners])
    yield from _shares("failed", incident.hosts)
    for example in incident.examples:
        yield from labelled_lines("evidence", _evidence(example))
        if example.credentials:
            yield from labelled_lines("secrets", secret_lines(example.credentials))
        if example.probe is not None:
            yield from labelled_lines("probe", list(probe_lines(example.probe)))
    for remedy in incident.remedies:
        yield from labelled_lines("remedy", [remedy.text, *([remedy.command] if remedy.command else [])])


def _evidence(example: Example) -> list[str]:
    message_source = example.spoke or "waiting message"
    origin = f"{message_source} of pod/{example.pod} -n {example.namespace}, container {example.container}"
    return [f'"{example.evidence}"', origin] if example.evidence else [origin]


def _shares(label: str, shares: Sequence[Share]) -> Iterator[str]:
    """Yield the first names with their counts, and how many more there are."""
    lines = [f"{share.name} ({share.pods})" for share in shares[:LISTED]]
    if len(shares) > LISTED:
        lines.append(f"and {len(shares) - LISTED} more")
    yield from labelled_lines(label, lines)
