"""A kubelet that pulls one image of one Pod in vain, with its jitter: what it does, and what of it the API shows.

The loop is that of pkg/kubelet/pod_workers.go and image_manager.go, v1.37.2: a sync shows what the sync before found,
then pulls or finds itself in back-off; the next one comes 10 s to 15 s later, on a tick of 1 s.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kubectl_pullpolicy.core.k8s.objects import Event, Pod
from tests.harness.builders import container, pod, read

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
IMAGE = "registry.example.com/team/app:1.0"
STATUSES = {"f:status": {"f:containerStatuses": {}}}


def text(moment: float) -> str:
    """A time as the API writes it: whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Recorder:
    """The kubelet's event recorder: 25 events of a type, then one in 300 s; what is dropped is counted."""

    tokens: dict[str, float] = field(default_factory=dict)
    refilled: dict[str, float] = field(default_factory=dict)
    counts: dict[str, tuple[int, float]] = field(default_factory=dict)
    sent: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def emit(self, moment: float, kind: str, reason: str, message: str) -> None:
        count, first = self.counts.get(message, (0, moment))
        self.counts[message] = count + 1, first
        tokens = self.tokens.get(kind, 25.0) + (moment - self.refilled.get(kind, moment)) / 300
        self.refilled[kind] = moment
        self.tokens[kind] = min(tokens, 25.0)
        if self.tokens[kind] < 1:
            return
        self.tokens[kind] -= 1
        event = {"reason": reason, "type": kind, "message": message, "count": count + 1}
        times = {"firstTimestamp": text(first), "lastTimestamp": text(moment)}
        self.sent.append((moment, {"apiVersion": "v1", "kind": "Event", "metadata": {"name": message}} | event | times))


@dataclass
class History:
    """What happened: attempts with begin and end, and what the API showed from when on."""

    attempts: list[tuple[float, float]] = field(default_factory=list)
    shown: list[tuple[float, str, float]] = field(default_factory=list)  # from when, the reason, of which failure
    events: Recorder = field(default_factory=Recorder)

    def pod(self, moment: float, **more: Any) -> Pod | None:
        """The Pod as it was to be read then; None before its first failure was shown."""
        past = [(time, reason) for time, reason, _ in self.shown if time <= moment]
        if not past:
            return None
        changed, reason = past[-1]
        managed = {"manager": "kubelet", "operation": "Update", "subresource": "status", "time": text(changed)}
        waiting = {"name": "main", "state": {"waiting": {"reason": reason, "message": "not found"}}}
        conditions = [{"type": "Initialized", "status": "True", "lastTransitionTime": text(START)}]
        status = {"phase": "Pending", "startTime": text(START), "conditions": conditions}
        metadata = {"managedFields": [managed | {"fieldsV1": STATUSES}], "creationTimestamp": text(START)}
        statuses = [waiting, *more.pop("others", ())]
        made: Pod = read(
            pod(container(IMAGE), metadata=metadata, status=status | {"containerStatuses": statuses}, **more)
        )
        return made

    def known_events(self, moment: float) -> list[Event]:
        """The newest version of each event, as it was to be read then."""
        newest = {event["message"]: event for time, event in self.events.sent if time <= moment}
        return [read(event) for event in newest.values()]

    def shown_failure(self, moment: float) -> float:
        """When the failure happened that the status tells of at that moment."""
        return [failure for time, _, failure in self.shown if time <= moment][-1]


def history(chance: random.Random, lasts: Callable[[], float], seconds: float) -> History:
    """A history of so many seconds; `lasts` gives how long each pull takes to fail."""
    made, tick = History(), chance.random()
    now, found, shows, failed, delay = START + chance.uniform(0, 4), "", "", None, 0.0
    first = True
    while now < START + seconds:
        if found != shows:
            shows = found
            made.shown.append((now + chance.uniform(0, 0.6), shows, failed or 0.0))
        if failed is not None and now - failed < delay:
            found = "ImagePullBackOff"
            made.events.emit(now, "Normal", "BackOff", f'Back-off pulling image "{IMAGE}"')
        else:
            made.events.emit(now, "Normal", "Pulling", f'Pulling image "{IMAGE}"')
            begun, now = now, now + lasts()
            made.attempts.append((begun, now))
            made.events.emit(now, "Warning", "Failed", f'Failed to pull image "{IMAGE}": not found')
            delay = 10.0 if failed is None or now - failed > 600 else min(delay * 2, 300.0)
            failed, found = now, "ErrImagePull"
        made.events.emit(now, "Warning", "Failed", f"Error: {found}")
        if first:  # its new sandbox is noticed
            now, first = now + chance.uniform(0, 1.2), False
            continue
        due = now + 10 + chance.uniform(0, 5)
        now = due + (tick - due) % 1.0
    return made
