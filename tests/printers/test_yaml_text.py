"""Printed YAML: every reader gets the values that were printed, kubectl (by a table made with it) and YAML 1.2 too."""

import json
import re
from typing import Any

import pytest
import yaml  # noqa: TID253
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.core.syntax.yaml_parser import resolved
from kubectl_pullpolicy.files.yaml_values import yaml_values
from kubectl_pullpolicy.printers.yaml_text import yaml_text
from tests.printers.yaml_scalars import DIGITS, EXPONENTS, OTHERS, POINTS, SIGNS, TABLE, WORDS

BY_KUBECTL: dict[str, str] = json.loads(TABLE.read_text())
# YAML 1.2.2, 10.3.2: the core schema.
CORE = re.compile(
    r"null|Null|NULL|~|true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
NUMBERS = st.tuples(*map(st.sampled_from, (SIGNS, DIGITS, POINTS, EXPONENTS))).map("".join)
TEXTS = st.one_of(
    NUMBERS,
    st.sampled_from([*WORDS, *OTHERS]),
    st.text(st.sampled_from("0123456789abcdefoxnyNY+-._:eE~<=tTZ #'\"{}[]&*!|>%@\n\u00e9\x85\u2028"), max_size=12),
    st.text(max_size=12),
)


def plain(text: str) -> bool:
    """Whether the text is printed as a plain scalar."""
    return yaml_text([text]) == f"- {text}\n"


def test_what_kubectl_reads_as_no_string_is_quoted() -> None:
    """Of all scalars of the table; and what kubectl reads as a string is mostly left plain."""
    assert [text for text, kind in BY_KUBECTL.items() if kind != "string" and plain(text)] == []
    assert all(
        map(plain, ("v1", "1.2.3", "1.37.2", "10.0.0.1", "685e77aa41c2", "nginx:1.25", "a/b:c@sha256:0", "yes-x"))
    )


@pytest.mark.parametrize(
    "text", ["y", "n", "Y", "N", "1e3", "685e7", "0o7", "08", "1e+3", "-1e2", "0b-1", "<<", "=", "1:20"]
)
def test_names_that_readers_differ_on_are_quoted(text: str) -> None:
    """As values, as keys and in lists."""
    assert yaml_text({text: [text, {"name": text}]}) == f"'{text}':\n- '{text}'\n- name: '{text}'\n"


def test_a_plain_scalar_is_read_as_kubectl_reads_it() -> None:
    """The table's types are those of our own reader; what kubectl refuses (infinity) is a string to us."""
    names = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
    read = {text: names[type(resolved(text))] for text in BY_KUBECTL if text != "-"}
    assert read == {text: kind.replace("refused", "string") for text, kind in BY_KUBECTL.items() if text != "-"}


@pytest.mark.fuzz
@given(st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)))
def test_every_reader_gets_what_was_printed(value: Any) -> None:
    """go-yaml, YAML 1.1 by PyYAML, YAML 1.2 by the core schema."""
    text = yaml_text({"k": value})
    assert [found for _, found in yaml_values(text)] == [{"k": value}]
    assert yaml.safe_load(text) == {"k": value}
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken) and token.plain:
            assert not CORE.fullmatch(token.value)
