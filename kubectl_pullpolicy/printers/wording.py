"""Text that the table and the full text share."""

from datetime import datetime

from kubectl_pullpolicy.core.k8s.times import age, parse_time
from kubectl_pullpolicy.core.report.explanation import Explanation, Status, SubjectExplanation

KINDS = {"init": "init", "sidecar": "sidecar", "ephemeral": "ephemeral", "imageVolume": "image volume"}
_STATES = {"notScheduled": "not scheduled"}


def status_text(status: Status | None, now: datetime) -> str:
    """Return the STATUS column: the state or the waiting reason, and for how long."""
    if status is None:
        return "<none>"
    words = _STATES.get(status.state, status.state)
    if status.state in {"waiting", "terminated"} and status.reason:
        words = status.reason
    if status.image_volume is not None:
        words = f"{words} of image volume {status.image_volume}"
    since = parse_time(status.since)
    # kubectl get pods shows how long a healthy container runs.
    if since is not None and status.state not in {"running", "mounted"}:
        words = f"{words} {age(now - since)}"
    return f"{words}: {status.cause}" if status.cause not in {None, "BackOffOnly", "Unknown"} else words


def duration_text(status: Status, now: datetime) -> str:
    """Return ` for 14m`, or "" if the start is not known."""
    since = parse_time(status.since)
    return "" if since is None else f" for {age(now - since)}"


def subject_name(subject: SubjectExplanation) -> str:
    """Return the POD column: a Pod by its name, a template as TYPE/NAME."""
    return subject.name if subject.kind == "Pod" else subject.target


def container_name(explanation: Explanation) -> str:
    """Return the CONTAINER column: the name, and the kind unless it is an app container."""
    kind = KINDS.get(explanation.container_kind)
    return f"{explanation.container} ({kind})" if kind else explanation.container


def short_digest(digest: str) -> str:
    """Return the first 12 hexadecimal digits, as container tools shorten digests."""
    return digest.partition(":")[2][:12] or "<none>"
