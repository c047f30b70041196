"""The lines of a probe: first from where it was asked, for it is not the node that asked."""

from collections.abc import Iterator

from kubectl_pullpolicy.core.report.probe import Probe, ProbeAttempt

VANTAGE = "asked from this machine, not from a node: mirrors, proxies and credentials of nodes are not seen from here"
DIGEST_KINDS = {"index": "an image index", "manifest": "a single image"}


def probe_lines(probe: Probe) -> Iterator[str]:
    """The text of the field."""
    yield VANTAGE
    yield f"asked for {probe.asked}"
    for attempt in probe.attempts:
        yield _attempt(attempt)
    if probe.digest and probe.digest_kind is not None:
        yield f"digest {probe.digest}, {DIGEST_KINDS[probe.digest_kind]}"
    if probe.platforms:
        yield f"platforms {', '.join(probe.platforms)}"
    yield from probe.conclusions


def _attempt(attempt: ProbeAttempt) -> str:
    return f"{attempt.credentials}: {attempt.result}{f': {attempt.message}' if attempt.message else ''}"
