"""explain --watch: the table of the list, then the rows of each Pod that changes, below it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.explain.watch import PodWatch, Shown, WatchFilter
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.source.interface import Listed, News, Selection, Watcher
from kubectl_pullpolicy.errors import NotFoundError, UsageError
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, SelectionFlags
from kubectl_pullpolicy.printers import Style, print_json_lines, print_names, print_table, print_yaml_documents
from kubectl_pullpolicy.sources import open_watcher
from kubectl_pullpolicy.terminal import print_message, print_warning, use_colour

if TYPE_CHECKING:
    from kubectl_pullpolicy.flags.requests import ExplainRequest

PRINTERS = {"json": print_json_lines, "yaml": print_yaml_documents, "name": print_names}


def run_watch(
    request: "ExplainRequest",
    targets: tuple[Target, ...],
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
) -> int:
    """Shows what is, then what changes, until it is interrupted. Returns the exit code. Raises PullPolicyError."""
    _check(request, targets, selection)
    watcher = open_watcher(connection, now=request.now, print_warning=print_warning, print_message=print_message)
    namespace = None if selection.all_namespaces else connection.namespace or watcher.namespace
    selected, owner = Selection(namespace, selection.selector, selection.field_selector), None
    target = targets[0] if targets else None
    if target is not None and target.name is not None:
        selected, owner = _narrowed_to(target, namespace or "", watcher)
    wanted = WatchFilter(namespace, owner, selection.container, request.failing, request.watch_only)
    watching = PodWatch(lambda: Query(watcher), wanted)
    pages = _told(watching, watching.shown(_found(watcher.news(selected), target)), watcher)
    printer = PRINTERS.get(output.output)
    if printer is not None:
        printer(pages, sys.stdout)
    else:
        wide = output.output == "wide"
        style = Style(lambda: watcher.now, namespace is None, output.no_headers, wide, use_colour(sys.stdout))
        print_table(pages, style, sys.stdout)
    return 1 if watcher.errors else 0


def _check(request: "ExplainRequest", targets: tuple[Target, ...], selection: SelectionFlags) -> None:
    refused = {
        "--filename": bool(selection.filename),
        "--demo": request.demo,
        "--image": bool(request.image),
        "--record": bool(request.record),
        "--details": request.details,
        "--credentials": request.credentials,
        "--probe": request.probe,
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


def _narrowed_to(target: Target, namespace: str, watcher: Watcher) -> tuple[Selection, ObjectRef | None]:
    """What selects the Pod that is named, or the Pods of the workload, which may select those of others, too."""
    name = target.name or ""
    if target.info.kind == "Pod":
        return Selection(namespace, field_selector=f"metadata.name={name}"), None
    ref = ObjectRef(target.info.api_version, target.info.kind, namespace, name)
    return Query(watcher).selection_of(ref), ref


def _found(news: Iterator[News], target: Target | None) -> Iterator[News]:
    """The news. Raises NotFoundError where the first list does not hold the Pod that is named, as kubectl does."""
    first = next(news)
    named = target is not None and target.name is not None and target.info.kind == "Pod"
    if named and isinstance(first, Listed) and not first.pods:
        raise NotFoundError(f'Error from server (NotFound): pods "{target.name if target else ""}" not found')
    yield first
    yield from news


def _told(watching: PodWatch, pages: Iterator[Shown], watcher: Watcher) -> Iterator[Shown]:
    """The pages; after each, what is to be said goes to standard error, and nothing waits to be written."""
    said: set[str] = set()
    for page in pages:
        yield page
        sys.stdout.flush()
        missing = (f"{refusal}: reasons that it would prove are missing" for refusal in watching.refusals())
        for text in (*missing, *map(str, watcher.errors)):
            if text not in said:
                said.add(text)
                print_message(text)
