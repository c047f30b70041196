"""Plans as text: the table before anything is written, one line for each object that was, and patches for Git."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from kubectl_pullpolicy.core.k8s.kinds import is_built_in
from kubectl_pullpolicy.core.plans.json_patch import compact, json_patch, patched
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject, ObjectPlan
from kubectl_pullpolicy.printers.escape import escaped, escaped_cell
from kubectl_pullpolicy.printers.table import print_rows
from kubectl_pullpolicy.printers.wording import KINDS

HEADERS = ["OBJECT", "CONTAINER", "OLD", "NEW", "RESTARTS"]


def print_plan_table(
    plans: Sequence[ObjectPlan], out: TextIO, *, namespaces: bool, no_headers: bool, managed_allowed: bool
) -> None:
    """One row for each container that changes, and for each that is left. Nothing at all for no rows."""
    rows = [
        ([escaped_cell(plan.ref.namespace) or "<none>"] if namespaces else []) + row
        for plan in plans
        for row in _rows(plan, managed_allowed=managed_allowed)
    ]
    headers = [*(["NAMESPACE"] if namespaces else []), *HEADERS]
    if rows:
        print_rows([] if no_headers else headers, rows, out)


def print_result(plan: ObjectPlan, noun: str, dry_run: str, out: TextIO) -> None:
    """As `kubectl set image` says it: `deployment.apps/web image pull policy updated (server dry run)`."""
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    out.write(f"{escaped(plan.target)} {noun} updated{suffix}\n")


def print_plan_names(plans: Iterable[ObjectPlan], out: TextIO) -> None:
    """TYPE/NAME a line."""
    out.writelines(f"{escaped(plan.target)}\n" for plan in plans)


def print_patches(plans: Iterable[ObjectPlan], out: TextIO) -> None:
    """The changes for Git: a strategic merge patch an object; for kinds without one a JSON patch of a kustomization."""
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    for plan in plans:
        if plan.changes:
            built_in = is_built_in(plan.info)
            document = _strategic(plan) if built_in else _json6902(plan)
            out.write("---\n" + yaml_text(document))


def _rows(plan: ObjectPlan, *, managed_allowed: bool) -> Iterator[list[str]]:
    name = escaped_cell(plan.target)
    refused = bool(plan.refusing) and not managed_allowed
    last = f"refused: {plan.refusing[0].tool}" if refused else plan.restarts.text
    for change in plan.changes:
        yield [
            name,
            escaped_cell(_container(change)),
            escaped_cell(change.old or "<none>"),
            escaped_cell(change.new or "<none>"),
            escaped_cell(last),
        ]
    for skipped in plan.skipped:
        reason = skipped.reason.partition("\n")[0]  # the rest is in the error
        yield [name, escaped_cell(skipped.container) or "<all>", "<none>", "<none>", escaped_cell(f"skipped: {reason}")]


def _container(change: Change) -> str:
    kind = KINDS.get(change.container_kind)
    return f"{change.container} ({kind})" if kind else change.container


def _head(plan: ObjectPlan) -> dict[str, Any]:
    metadata = {"name": plan.ref.name} | ({"namespace": plan.ref.namespace} if plan.ref.namespace else {})
    return {"apiVersion": plan.info.api_version, "kind": plan.info.kind, "metadata": metadata}


def _strategic(plan: ObjectPlan) -> dict[str, Any]:
    """Lists are merged by name; null takes a field away."""
    document = _head(plan)
    for change in plan.changes:
        *keys, list_name, _ = change.container_path.split("/")[1:]
        place: Any = document
        for key in keys:
            place = place.setdefault(key, {})
        items = place.setdefault(list_name, [])
        item = next((each for each in items if each["name"] == change.container), None)
        if item is None:
            item = {"name": change.container}
            items.append(item)
        *inner, field = change.path.removeprefix(f"{change.container_path}/").split("/")
        for key in inner:
            item = item.setdefault(key, {})
        item[field] = None if change.operation == "remove" else change.new
    return document


def _json6902(plan: ObjectPlan) -> dict[str, Any]:
    """An entry of a kustomization: kustomize would replace the lists of a kind that it does not know."""
    version = plan.info.api_version.rpartition("/")[2]
    target = {"group": plan.info.group, "version": version, "kind": plan.info.kind, "name": plan.ref.name}
    return {"patches": [{"target": target, "patch": compact(json_patch(plan.changes))}]}


def diff(live: LiveObject, plan: ObjectPlan) -> str:
    """The lines of the diff; "" for no change."""
    before, after = _text(live, live.tree), _text(live, patched(live.tree, plan.changes))
    name = f"{plan.ref.namespace}/{plan.target}" if plan.ref.namespace else plan.target
    lines = difflib.unified_diff(before, after, f"{name} (live)", f"{name} (planned)", lineterm="")
    return "".join(f"{escaped(line)}\n" for line in lines)


def _text(live: LiveObject, tree: dict[str, Any]) -> list[str]:
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    metadata = {key: value for key, value in (tree.get("metadata") or {}).items() if key != "managedFields"}
    shown = {"apiVersion": live.info.api_version, "kind": live.info.kind} | tree | {"metadata": metadata}
    return yaml_text(shown, sort_keys=True, allow_unicode=True).splitlines()
