"""Changes as a JSON patch (RFC 6902) that tests the container's name and the old value before it writes.

So it never overwrites what another client wrote in between, and never adds a container. No resourceVersion: a new
status would make it fail. `test` with null holds only if nothing is stored (evanphx/json-patch v4,
which the API server and kubectl use; seen on Kubernetes 1.37).
"""

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import msgspec

from kubectl_pullpolicy.core.plans.plan import Change

JsonPatch = list[dict[str, Any]]


def json_patch(changes: Iterable[Change]) -> JsonPatch:
    """Return the operations: all tests first."""
    listed = tuple(changes)
    tests = [test for change in listed for test in _tests(change)]
    return [*tests, *map(_operation, listed)]


def reverse(change: Change) -> Change:
    """Return the change that restores the old value."""
    operation = "remove" if change.old is None else "add" if change.new is None else "replace"
    return msgspec.structs.replace(change, operation=operation, old=change.new, new=change.old)


def patched(tree: dict[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return a copy of an object with these changes."""
    copied: dict[str, Any] = deepcopy(tree)
    for change in changes:
        *keys, field = change.path.split("/")[1:]
        place: Any = copied
        for key in keys:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if change.new is None:
            place.pop(field, None)
        else:
            place[field] = change.new
    return copied


def compact(operations: JsonPatch) -> str:
    """Return the patch as compact JSON, for a command line."""
    return json.dumps(operations, separators=(",", ":"), ensure_ascii=False)


def _tests(change: Change) -> JsonPatch:
    return [
        {"op": "test", "path": f"{change.container_path}/name", "value": change.container},
        {"op": "test", "path": change.path, "value": change.old},
    ]


def _operation(change: Change) -> dict[str, Any]:
    operation = {"op": change.operation, "path": change.path}
    return operation if change.operation == "remove" else operation | {"value": change.new}
