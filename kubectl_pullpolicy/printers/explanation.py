"""The full text of one Pod or template: what is wrong, why, what to type, when, and then the policy."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from kubectl_pullpolicy.core.pods.status import BACK_OFF_REASONS
from kubectl_pullpolicy.core.report.explanation import (
    Explanation,
    Obstacle,
    OnNode,
    Policy,
    Reference,
    Status,
    SubjectExplanation,
)
from kubectl_pullpolicy.core.report.pull_failure import BackOff
from kubectl_pullpolicy.printers.escape import escaped
from kubectl_pullpolicy.printers.style import BOLD, RED, Style, colour_text, labelled_lines
from kubectl_pullpolicy.printers.wording import KINDS, duration_text, status_text

NAMED = 5  # Pods that are named if more are identical
DIGEST_KINDS = {
    "index": "of an image index",
    "manifest": "of a platform manifest",
    "config": "of the image's config: no registry knows it by this name",
    "unknown": "of an image index or of a manifest: the API does not tell which",
}
SENTENCES = {
    "Explicit": "somebody set it",
    "Default": "nobody set it: the API server stores the default for {ground} when this is written",
    "StaleDefault": "nobody set it: it is the default of an earlier image, and does not follow the image",
    "Edited": "somebody changed it after the manifest was applied",
    "Admission": "something changed it when the Pod was created: AlwaysPullImages, a webhook or a policy engine",
    "Static": "the Pod is a static Pod: its file on the node decides, not the API",
    "MatchesDefault": "nobody can tell who set it: it equals the default for {ground}",
    "DiffersFromDefault": "nobody can tell who set it: it is not the default for {ground}",
    "DiffersFromTemplate": "it differs from the present template of its owner",
}


def print_explanations_in_full(pages: Iterable[Sequence[SubjectExplanation]], style: Style, out: TextIO) -> None:
    """Write each Pod or template in full, with an empty line between."""
    between = ""
    for page in pages:
        for subject in page:
            out.write(between)
            out.writelines(f"{line}\n" for line in _subject(subject, style))
            between = "\n"


def _subject(subject: SubjectExplanation, style: Style) -> Iterator[str]:
    yield colour_text(_headline(subject), BOLD, wanted=style.use_colour)
    if subject.total > 1:
        yield f"  {escaped(_alike(subject))}"
    for note in subject.notes:
        yield f"  {escaped(note)}"
    if subject.obstacle is not None:
        yield from _obstacle(subject.obstacle)
    for explanation in subject.containers:
        yield ""
        yield from _container(explanation, subject.obstacle, style)


def _alike(subject: SubjectExplanation) -> str:
    """Return `37 of 40 Pods alike: web-1, ...`."""
    count, revision = len(subject.alike) + 1, f" of {subject.revision}" if subject.revision else ""
    named = ", ".join(subject.alike[:NAMED])
    more = f" and {len(subject.alike) - NAMED} more" if len(subject.alike) > NAMED else ""
    others = f"; this also holds for {named}{more}" if subject.alike else ""
    return f"{count} of {subject.total} Pods{' alike' if count > 1 else ''}{revision}{others}"


def _headline(subject: SubjectExplanation) -> str:
    name = f"{subject.namespace}/{subject.name}" if subject.namespace else subject.name
    parts = [escaped(f"{subject.kind} {name}") if subject.kind else ""]
    owner, node = subject.owner, subject.node
    ready = f" ({owner.ready})" if owner is not None and owner.ready else ""
    if not subject.stored:
        parts.append("not stored: explained as the API server would store it")
    elif subject.kind != "Pod":
        parts[0] += ready
        parts.append("its template, for the Pods to come")
    elif owner is not None:
        parts.append(escaped(f"of {owner.kind}/{owner.name}{ready}"))
    if node is not None:
        known = [f"{node.os}/{node.architecture}" if node.os else "", f"kubelet {node.kubelet_version}"]
        detail = ", ".join(part for part in known if part) if node.kubelet_version else ""
        parts.append(escaped(f"on {node.name}" + (f" ({detail})" if detail else "")))
    return "   ".join(part for part in parts if part)


def _container(explanation: Explanation, printed: Obstacle | None, style: Style) -> Iterator[str]:
    """`printed`: the obstacle that is printed above, for all containers."""
    status, on_node = explanation.status, explanation.on_node
    kind = KINDS.get(explanation.container_kind, "")
    kind = {"": "container", "image volume": "image volume"}.get(kind, f"{kind} container")
    title = f"{kind} {explanation.container}" if explanation.container else "image"
    state = _state(status, style)
    yield "   ".join(part for part in (escaped(title), escaped(explanation.image) or "(no image)", state) if part)
    yield from _reading(explanation.reference, explanation.reference_error)
    if explanation.reading_notes:
        yield from labelled_lines("note", explanation.reading_notes)
    if _has_failure_lines(explanation):
        yield from _failure(explanation, style)
    if status is not None:
        if explanation.obstacle is not None and explanation.obstacle != printed:
            yield from _obstacle(explanation.obstacle)
        yield from _digest(status)
    if on_node is not None:
        yield from _on_node(on_node, status)
    yield from _policy(explanation.policy)
    if explanation.policy.next_start is not None:
        yield from labelled_lines("at start", [explanation.policy.next_start])
    elif status is not None:
        yield from labelled_lines("at start", ["it does not start again"])
    fresh = explanation.policy.fresh_bytes
    if fresh is not None:
        yield from labelled_lines("new bytes", [fresh.summary, *([fresh.command] if fresh.command else [])])


def _has_failure_lines(explanation: Explanation) -> bool:
    """Whether there is more to print than of a container that runs: then more modules are loaded."""
    status = explanation.status
    fields = (explanation.diagnosis, explanation.credentials, explanation.probe, explanation.remedies or None)
    return any(field is not None for field in fields) or (status is not None and status.state != "running")


def _failure(explanation: Explanation, style: Style) -> Iterator[str]:
    """Yield why a pull fails, what to type, and the next attempt. An image volume has this in its own section."""
    from kubectl_pullpolicy.printers.backoff import slow_pull_lines
    from kubectl_pullpolicy.printers.sections import cause_lines, probe_lines, remedy_lines, secret_lines

    status = explanation.status
    elsewhere = status is not None and status.image_volume is not None
    if explanation.diagnosis is not None and status is not None and not elsewhere:
        yield from cause_lines(explanation.diagnosis)
    if status is not None:
        yield from _trouble(status, explanation.obstacle)
        if status.state == "pulling":
            yield from labelled_lines("pulling", list(slow_pull_lines(explanation, style.now())))
    if explanation.credentials is not None:
        yield from labelled_lines("secrets", secret_lines(explanation.credentials))
    if explanation.probe is not None:
        yield from labelled_lines("probe", list(probe_lines(explanation.probe)))
    if not elsewhere:
        yield from remedy_lines(explanation.remedies)
    if status is not None and status.pull_failing and not elsewhere:
        yield from _retries(explanation.back_off, status, style)


def _state(status: Status | None, style: Style) -> str:
    if status is None:
        return ""
    if status.image_volume is not None:
        text = f"WAITS for image volume {status.image_volume}{duration_text(status, style.now())}"
        return colour_text(escaped(text), RED, wanted=style.use_colour)
    if status.pull_failing:
        return colour_text(f"CANNOT PULL{duration_text(status, style.now())}", RED, wanted=style.use_colour)
    return escaped(status_text(status, style.now()))


def _reading(reference: Reference | None, error: str | None) -> Iterator[str]:
    if reference is None:
        yield from labelled_lines("reads as", [f"no image: {error}"])
    elif reference.implied:
        words = {"registry": f"registry {reference.registry}", "library": "library/", "tag": "tag latest"}
        implied = ", ".join(words[word] for word in reference.implied)
        tag = ":latest" if "tag" in reference.implied else f":{reference.tag}" if reference.tag else ""
        digest = f"@{reference.digest}" if reference.digest else ""
        yield from labelled_lines(
            "reads as", [f"{reference.registry}/{reference.repository}{tag}{digest}   (implied: {implied})"]
        )


def _trouble(status: Status, obstacle: Obstacle | None) -> Iterator[str]:
    if status.state == "waiting" and status.reason:
        yield from labelled_lines("waiting", [status.reason])
    if status.image_volume is not None:  # its own section has the message
        return
    printed = {evidence.detail for evidence in obstacle.evidence} if obstacle is not None else set()
    if status.message and status.state not in {"running", "notScheduled"} and status.message not in printed:
        yield from labelled_lines("message", status.message.split("\n"))


def _retries(back_off: BackOff | None, status: Status, style: Style) -> Iterator[str]:
    if back_off is not None:
        from kubectl_pullpolicy.printers.backoff import retry_lines

        yield from labelled_lines("retries", list(retry_lines(back_off, style.now())))
    elif status.reason in BACK_OFF_REASONS:
        longest = "the wait between two attempts grows from 10s to at most 5m"
        yield from labelled_lines("retries", [f"for ever: attempts never stop; {longest}"])
    else:
        what = "nothing is pulled until the cause is gone"
        yield from labelled_lines(
            "retries", [f"for ever, every 10s to 15s and without back-off: attempts never stop, but {what}"]
        )


def _obstacle(obstacle: Obstacle) -> Iterator[str]:
    lines = [f"{obstacle.kind}: {obstacle.summary}"]
    for evidence in obstacle.evidence:
        lines += f"{evidence.certainty}: {evidence.source}: {evidence.detail}".split("\n")
    yield from labelled_lines("not image", lines)
    if obstacle.command:
        yield from labelled_lines("go on", [obstacle.command])


def _digest(status: Status) -> Iterator[str]:
    if status.digest and status.digest_kind is not None:
        ran = " (of its last run)" if status.state in {"waiting", "pulling"} else ""
        yield from labelled_lines("digest", [f"{status.digest}{ran}", DIGEST_KINDS[status.digest_kind]])


def _on_node(on_node: OnNode, status: Status | None) -> Iterator[str]:
    ran = status.digest if status is not None else ""
    if ran and on_node.digest == ran:
        words = "the same bytes stand under this name on the node"
    elif ran and on_node.digest:
        words = f"the node reports other bytes under this name now: {on_node.digest}"
    else:
        words = f"the node reports this image{f', as {on_node.digest}' if on_node.digest else ''}"
    yield from labelled_lines("on node", [words, *([on_node.refusal] if on_node.refusal else [])])


def _policy(policy: Policy) -> Iterator[str]:
    ground = policy.why.rpartition("default for ")[2] if "default for" in policy.why else "this image"
    ground = {"no tag": "an image without a tag"}.get(ground, ground)
    lines = [f"{policy.value} ({policy.reason}): {SENTENCES[policy.reason].format(ground=ground)}"]
    if policy.why.startswith("stale default, was "):
        lines.append(f"the earlier image: {policy.why.removeprefix('stale default, was ')}")
    lines += [f"{evidence.certainty}: {evidence.source} {evidence.detail}" for evidence in policy.evidence]
    lines += [f"unknown: cannot {unread}: forbidden; it could tell more" for unread in policy.unread]
    yield from labelled_lines("policy", lines)
