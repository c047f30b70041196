"""The JSON Schemas of `-o json`, generated from the structs that are printed."""

from importlib.resources import files
from typing import Any

import msgspec

from kubectl_pullpolicy.core.diagnosis.from_text import DiagnosisList
from kubectl_pullpolicy.core.manifests.items import FilePlan
from kubectl_pullpolicy.core.plans.items import Plan
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.incident import IncidentList

FOLDER = files("kubectl_pullpolicy.printers") / "schema"


class ExplanationList(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What `kubectl pullpolicy explain -o json` prints; an item is one container."""

    api_version: str
    kind: str
    items: tuple[Explanation, ...]
    notes: tuple[str, ...]


def explanation_list_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of `kubectl pullpolicy explain -o json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ExplanationList)}


def incident_list_schema() -> dict[str, Any]:
    """Return the schema of `kubectl pullpolicy diagnose -o json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(IncidentList)}


def diagnosis_list_schema() -> dict[str, Any]:
    """Return the schema of `kubectl pullpolicy diagnose -o json -- MESSAGE`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(DiagnosisList)}


def plan_schema() -> dict[str, Any]:
    """Return the schema of commands that write: `kubectl pullpolicy set -o json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Plan)}


def file_plan_schema() -> dict[str, Any]:
    """Return the schema of commands that change files: `kubectl pullpolicy pin -f FILE -o json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(FilePlan)}
