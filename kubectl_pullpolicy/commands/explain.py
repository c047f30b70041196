"""explain: what is the policy, and why?"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TextIO

from kubectl_pullpolicy.commands.sources import open_source
from kubectl_pullpolicy.core.explain import explain_image
from kubectl_pullpolicy.core.explanation import SubjectExplanation
from kubectl_pullpolicy.core.inquiry import Inquiry
from kubectl_pullpolicy.core.narrowing import narrowed
from kubectl_pullpolicy.core.source import Selection, Source
from kubectl_pullpolicy.core.targets import Target, parse_targets
from kubectl_pullpolicy.errors import PullPolicyError, UsageError
from kubectl_pullpolicy.options import ConnectionFlags, OutputFlags, SelectionFlags
from kubectl_pullpolicy.printers import Style, print_json, print_names, print_narratives, print_table, print_yaml

FORMATS = ("", "json", "yaml", "name", "wide")
POLICIES = ("Always", "IfNotPresent", "Never")
Pages = Iterator[list[SubjectExplanation]]


@dataclass(frozen=True)
class Request:
    """The flags that only explain has."""

    targets: tuple[str, ...] = ()
    failing: bool = False
    details: bool = False
    image: str = ""
    policy: str = ""
    record: str = ""
    demo: bool = False
    now: str = ""


@dataclass
class Tally:
    """What was seen while pages went by: counts for the closing line, and the errors of single targets."""

    containers: int = 0
    failing: int = 0
    shown: int = 0
    errors: list[PullPolicyError] = field(default_factory=list)


def run(request: Request, connection: ConnectionFlags, selection: SelectionFlags, output: OutputFlags) -> int:
    """Explains what the flags select, on standard output. Returns the exit code. Raises PullPolicyError."""
    targets = parse_targets(request.targets)
    _check(request, targets, selection, output)
    if request.image:
        return _run_image(request, output)
    source, server = open_source(connection, selection, demo=request.demo, now=request.now, warn=_warn)
    recorder = None
    if request.record:
        from kubectl_pullpolicy.files import Recorder

        source = recorder = Recorder(source, server, source.namespace or "")
    namespace = None if selection.all_namespaces else connection.namespace or source.namespace
    inquiry, tally = Inquiry(source), Tally()
    found = _found(inquiry, targets, Selection(namespace, selection.selector, selection.field_selector), tally)
    _print(_kept(found, request, selection, tally), inquiry, source, request, output, namespace)
    if recorder is not None:
        recorder.write(request.record)
    return _close(tally, inquiry, source, request, output, namespace)


def _check(request: Request, targets: tuple[Target, ...], selection: SelectionFlags, output: OutputFlags) -> None:
    if output.output not in FORMATS:
        allowed = ", ".join(name for name in FORMATS if name)
        raise UsageError(
            f'unable to match a printer suitable for the output format "{output.output}", allowed formats are: {allowed}'
        )
    named = any(target.name for target in targets)
    if named and (selection.selector or selection.field_selector):
        raise UsageError("name cannot be provided when a selector is specified")
    if named and selection.all_namespaces:
        raise UsageError("a resource cannot be retrieved by name across all namespaces")
    if request.policy and not request.image:
        raise UsageError("--policy goes with --image")
    if request.policy and request.policy not in POLICIES:
        supported = ", ".join(f'"{policy}"' for policy in POLICIES)
        raise UsageError(f'Unsupported value: "{request.policy}": supported values: {supported}')
    if request.image and (targets or selection.filename or request.demo):
        raise UsageError("--image takes no target and no file")


def _run_image(request: Request, output: OutputFlags) -> int:
    from datetime import UTC, datetime

    explanation = explain_image(request.image, request.policy)
    subject = SubjectExplanation("", "", "", None, None, False, "", (), (explanation,))
    style = Style(lambda: datetime.now(UTC), colour=_colour(sys.stdout))
    if output.output == "json":
        print_json([[subject]], tuple, sys.stdout)
    elif output.output == "yaml":
        print_yaml([[subject]], tuple, sys.stdout)
    else:
        print_narratives([[subject]], style, sys.stdout)
    return 0


def _found(inquiry: Inquiry, targets: tuple[Target, ...], selection: Selection, tally: Tally) -> Pages:
    if not targets:
        yield from inquiry.listed(selection)
    for target in targets:
        try:
            if target.name is not None:
                yield from inquiry.named(target, selection.namespace)
            elif target.info.kind == "Pod":
                yield from inquiry.listed(selection)
            else:
                yield from inquiry.templates(target.info.kind, target.info.api_version, selection)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(targets) == 1:
                raise
            tally.errors.append(error)


def _kept(pages: Pages, request: Request, selection: SelectionFlags, tally: Tally) -> Pages:
    """The pages with what was asked for, counted on their way."""
    for page in pages:
        kept = [narrowed(subject, selection.container, failing=request.failing) for subject in page]
        shown = [subject for subject in kept if subject is not None]
        tally.containers += sum(len(subject.containers) for subject in page)
        tally.shown += sum(len(subject.containers) for subject in shown)
        tally.failing += sum(
            c.status is not None and c.status.pull_failing for subject in page for c in subject.containers
        )
        yield shown


def _print(
    pages: Pages, inquiry: Inquiry, source: Source, request: Request, output: OutputFlags, namespace: str | None
) -> None:
    wide, everywhere = output.output == "wide", namespace is None
    style = Style(lambda: source.now, everywhere, output.no_headers, wide, _colour(sys.stdout))
    named = any("/" in target for target in request.targets) or len(request.targets) > 1
    if output.output == "json":
        print_json(pages, inquiry.refusals, sys.stdout)
    elif output.output == "yaml":
        print_yaml(pages, inquiry.refusals, sys.stdout)
    elif output.output == "name":
        print_names(pages, sys.stdout)
    elif not wide and (request.details or named):
        print_narratives(pages, style, sys.stdout)
    else:
        print_table(pages, style, sys.stdout)


def _close(
    tally: Tally, inquiry: Inquiry, source: Source, request: Request, output: OutputFlags, namespace: str | None
) -> int:
    """What is said on standard error when all is printed, and the exit code."""
    sys.stdout.flush()
    structured = output.output in {"json", "yaml"}
    for refusal in () if structured else inquiry.refusals():
        _say(f"{refusal}: reasons that it would prove are missing")
    errors = [*source.errors, *tally.errors]
    for error in errors:
        _say(str(error))
    if errors:
        return 1
    if structured or output.output == "name":
        return 0
    where = f" in {namespace} namespace" if namespace is not None else ""
    if tally.containers == 0:
        _say(f"No resources found{where}.".replace("found.", "found"))
    elif tally.shown == 0 and request.failing:
        _say(f"None of {tally.containers} containers{where} waits for its image.")
    elif tally.shown == 0:
        raise UsageError(f"no container of that name{where}")
    elif tally.failing and not request.details and not request.targets:
        flag = f"-n {namespace}" if namespace is not None else "-A"
        more = f"kubectl pullpolicy explain --failing --details {flag}"
        _say(f"{tally.failing} of {tally.containers} containers cannot pull. In full: {more}")
    return 0


def _colour(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ


def _warn(text: str) -> None:
    _say(f"Warning: {text}")


def _say(text: str) -> None:
    from kubectl_pullpolicy.printers.escape import escaped_lines

    for line in escaped_lines(text):
        sys.stderr.write(f"{line}\n")
