"""Text of clusters and registries cannot steer a terminal."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.completion import _HARMFUL
from kubectl_pullpolicy.printers.escape import escaped, escaped_cell, escaped_json, escaped_lines

# Default_Ignorable_Code_Point of Unicode, which terminals and editors do not show, and the annotations.
UNSEEN = {chr(code) for code in (0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x2060, 0x2070))}
UNSEEN |= {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE1000))}
BIDI = UNSEEN | set("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def harmless(text: str) -> bool:
    return not any(unicodedata.category(character) in {"Cc", "Cs"} or character in BIDI for character in text)


@given(st.text())
def test_no_text_steers_a_terminal(text: str) -> None:
    assert harmless(escaped(text))
    assert harmless(escaped_cell(text))
    assert all(harmless(line) for line in escaped_lines(text))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_json_has_the_same_value(text: str) -> None:
    written = escaped_json(json.dumps(text, ensure_ascii=False))
    assert harmless(written)
    assert json.loads(written) == text


def test_a_whole_document_stays_one() -> None:
    document = {"a": ["größer", "\x7f", "\u202e"]}
    written = escaped_json(json.dumps(document, ensure_ascii=False, indent=4))
    assert json.loads(written) == document
    assert not {"\x7f", "\u202e"} & set(written)


def test_escapes_look_as_kubectl_prints_them() -> None:
    assert escaped("\x1b[31mred\r") == "^[[31mred\\r"
    assert escaped_cell("first\nsecond") == "first..."
    assert escaped("a\u202eb") == "a\\u202eb"


def test_plain_text_stays_as_it_is() -> None:
    assert escaped("größer 日本") == "größer 日本"


def test_characters_that_are_not_seen_are_named() -> None:
    assert escaped("a\u200bb\u00adc\U000e0041") == "a\\u200bb\\u00adc\\U000e0041"
    assert escaped_json('"\U000e0041"') == '"\\udb40\\udc41"'
    assert all(character not in escaped(f"a{character}b") for character in UNSEEN)


def test_completion_offers_nothing_that_is_not_seen() -> None:
    assert all(_HARMFUL.search(character) for character in BIDI)
