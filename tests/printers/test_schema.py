"""The JSON Schema that ships with the package is that of the values, and holds for what is printed."""

import json
from pathlib import Path

import jsonschema
import pytest

from kubectl_pullpolicy.printers.schema import SCHEMA, explanation_list_schema
from tests.conftest import GOLDEN


def test_the_schema_file_is_that_of_the_values(request: pytest.FixtureRequest) -> None:
    made = json.dumps(explanation_list_schema(), indent=1) + "\n"
    path = Path(str(SCHEMA))
    if request.config.getoption("--update-golden"):
        path.write_text(made)
    assert path.read_text() == made


@pytest.mark.parametrize("name", ["shop.json", "image.json"])
def test_every_golden_list_holds_to_the_schema(name: str) -> None:
    jsonschema.validate(json.loads((GOLDEN / name).read_text()), explanation_list_schema())
