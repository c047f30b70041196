"""explain --watch: the table of the list, then the rows of each Pod that changes, below it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.explain.watch import PodWatch, Shown, WatchFilter
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.report.evidence import placed
from kubectl_pullpolicy.core.source.interface import Listed, News, Selection, Watcher
from kubectl_pullpolicy.errors import NotFoundError, UsageError
from kubectl_pullpolicy.printers.structured import print_json_lines, print_names, print_yaml_documents
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.printers.table import print_table
from kubectl_pullpolicy.sources import open_watcher
from kubectl_pullpolicy.terminal import print_message, print_warning, use_colour

if TYPE_CHECKING:
    from kubectl_pullpolicy.flags.requests import ExplainRequest

PRINTERS = {"json": print_json_lines, "yaml": print_yaml_documents, "name": print_names}


def run_watch(request: "ExplainRequest", targets: tuple[Target, ...]) -> int:
    """Print what is there, then what changes, until an interrupt. Returns the exit code. Raises PullPolicyError."""
    _check(request, targets)
    connection, flags, form = request.connection, request.selection, request.output.output
    watcher = open_watcher(connection, now=request.recording.now, on_warning=print_warning, on_failure=print_message)
    namespace = None if flags.all_namespaces else connection.namespace or watcher.namespace
    selection, owner = Selection(namespace, flags.selector, flags.field_selector), None
    target = targets[0] if targets else None
    if target is not None and target.name is not None:
        selection, owner = _target_selection(target, namespace or "", watcher)
    shown = WatchFilter(namespace, owner, flags.container, request.flags.failing, request.flags.watch_only)
    watching = PodWatch(lambda: Query(watcher), shown)
    pages = _with_messages(watching, watching.shown(_news(watcher.news(selection), target)), watcher)
    repeated = request.connection.repeated
    pages = ([placed(subject, repeated) for subject in page] for page in pages)
    printer = PRINTERS.get(form)
    if printer is not None:
        printer(pages, sys.stdout)
    else:
        no_headers, wide = request.output.no_headers, form == "wide"
        style = Style(lambda: watcher.now, namespace is None, no_headers, wide, use_colour(sys.stdout))
        print_table(pages, style, sys.stdout)
    return 1 if watcher.errors else 0


def _check(request: "ExplainRequest", targets: tuple[Target, ...]) -> None:
    refused = {
        "--filename": bool(request.selection.filename),
        "--demo": request.recording.demo,
        "--image": bool(request.flags.image),
        "--record": bool(request.recording.record),
        "--timeout": request.recording.timeout != "0",
        "--details": request.flags.details,
        "--credentials": request.flags.credentials,
        "--probe": request.flags.probe,
    }
    for flag, given in refused.items():
        if given:
            raise UsageError(f"--watch cannot be used with {flag}")
    if len({target.info for target in targets}) > 1:
        raise UsageError("you may only specify a single resource type")
    if len(targets) > 1:
        raise UsageError("you may only watch a single resource or type of resource at a time")
    if targets and targets[0].name is None and targets[0].info.kind != "Pod":
        raise UsageError(f"--watch follows Pods: name one of the {targets[0].info.resource}, or none")


def _target_selection(target: Target, namespace: str, watcher: Watcher) -> tuple[Selection, ObjectRef | None]:
    """Return what selects the Pod, or the Pods of the workload and its reference. It may select other Pods, too."""
    name = target.name or ""
    if target.info.kind == "Pod":
        return Selection(namespace, field_selector=f"metadata.name={name}"), None
    ref = ObjectRef(target.info.api_version, target.info.kind, namespace, name)
    return Query(watcher).selection_of(ref), ref


def _news(news: Iterator[News], target: Target | None) -> Iterator[News]:
    """Yield the news. Raises NotFoundError if the first list lacks the Pod that is named, as kubectl does."""
    first = next(news)
    named = target is not None and target.name is not None and target.info.kind == "Pod"
    if named and isinstance(first, Listed) and not first.pods:
        raise NotFoundError(f'Error from server (NotFound): pods "{target.name if target else ""}" not found')
    yield first
    yield from news


def _with_messages(watching: PodWatch, pages: Iterator[Shown], watcher: Watcher) -> Iterator[Shown]:
    """Yield the pages. After each, flush it and print new messages on standard error."""
    printed: set[str] = set()
    for page in pages:
        yield page
        sys.stdout.flush()
        missing = (f"{refusal}: reasons that it would prove are missing" for refusal in watching.refusals())
        for text in (*missing, *map(str, watcher.errors)):
            if text not in printed:
                printed.add(text)
                print_message(text)
