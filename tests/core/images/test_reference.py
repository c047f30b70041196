"""Image strings are read as Kubernetes reads them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.core.images.reference import InvalidReference, parse

# Made by the Go package itself, of hostile strings.
ROWS = json.loads((Path(__file__).parent / "image_references.json").read_text())["rows"]
VALID = [row for row in ROWS if not row["error"]]


@pytest.mark.parametrize("row", VALID, ids=lambda row: ascii(row["written"][:40]))
def test_a_reference_is_read_as_the_go_package_reads_it(row: dict[str, Any]) -> None:
    read = parse(row["written"])
    assert row == {
        "written": read.written,
        "registry": read.registry,
        "repository": read.repository,
        "tag": read.tag,
        "digest": read.digest,
        "error": "",
    }


@pytest.mark.parametrize("row", [row for row in ROWS if row["error"]], ids=lambda row: ascii(row["written"][:40]))
def test_a_broken_reference_is_refused_with_the_same_words(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse(row["written"])
    assert str(caught.value) == row["error"]


@pytest.mark.fuzz
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse(text).written == text
    except InvalidReference:
        return


@given(st.sampled_from([row["written"] for row in VALID]))
def test_the_full_form_of_a_reference_reads_as_the_same_image(text: str) -> None:
    read = parse(text)
    again = parse(read.normalized)
    assert (again.name, again.tag, again.digest) == (read.name, read.effective_tag, read.digest)


@pytest.mark.parametrize(
    ("text", "implied", "normalized"),
    [
        ("nginx", ("registry", "library", "tag"), "docker.io/library/nginx:latest"),
        ("acme/legacy:2.0", ("registry",), "docker.io/acme/legacy:2.0"),
        ("docker.io/nginx:1", ("library",), "docker.io/library/nginx:1"),
        ("localhost:5000", ("registry", "library"), "docker.io/library/localhost:5000"),
        ("registry.example.com:5000/app", ("tag",), "registry.example.com:5000/app:latest"),
        (f"a.io/b@sha256:{'0' * 64}", (), f"a.io/b@sha256:{'0' * 64}"),
    ],
)
def test_what_is_implied_stands_beside_what_is_written(text: str, implied: tuple[str, ...], normalized: str) -> None:
    assert (parse(text).implied, parse(text).normalized) == (implied, normalized)
