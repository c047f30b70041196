"""The JSON Schema that ships with the package is that of the values, and holds for what is printed."""

import json
from pathlib import Path

import jsonschema
import pytest

from kubectl_pullpolicy.printers.json_schema import (
    FOLDER,
    diagnosis_list_schema,
    explanation_list_schema,
    file_plan_schema,
    incident_list_schema,
    plan_schema,
)
from tests.conftest import GOLDEN

SCHEMAS = {
    "explanation-list.json": explanation_list_schema,
    "incident-list.json": incident_list_schema,
    "diagnosis-list.json": diagnosis_list_schema,
    "plan.json": plan_schema,
    "file-plan.json": file_plan_schema,
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_file_is_that_of_the_values(name: str, request: pytest.FixtureRequest) -> None:
    made = json.dumps(SCHEMAS[name](), indent=1) + "\n"
    path = Path(str(FOLDER / name))
    if request.config.getoption("--update-golden"):
        path.write_text(made)
    assert path.read_text() == made


@pytest.mark.parametrize("name", ["shop.json", "image.json"])
def test_every_golden_list_holds_to_the_schema(name: str) -> None:
    jsonschema.validate(json.loads((GOLDEN / name).read_text()), explanation_list_schema())


def test_the_golden_incidents_hold_to_their_schema() -> None:
    jsonschema.validate(json.loads((GOLDEN / "incidents.json").read_text()), incident_list_schema())
