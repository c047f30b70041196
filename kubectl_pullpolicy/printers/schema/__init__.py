"""The JSON Schema of `-o json`: explanation-list.json, made from the values themselves."""

from importlib.resources import files
from typing import Any

import msgspec

from kubectl_pullpolicy.core.explanation import Explanation

SCHEMA = files(__name__) / "explanation-list.json"


class ExplanationList(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What `kubectl pullpolicy explain -o json` prints; an item is one container."""

    api_version: str
    kind: str
    items: tuple[Explanation, ...]
    notes: tuple[str, ...]


def explanation_list_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ExplanationList)}
