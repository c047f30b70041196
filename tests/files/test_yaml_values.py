"""Plain YAML values as Go's YAML reads them."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.syntax.yaml_parser import resolved
from kubectl_pullpolicy.files.yaml_values import yaml_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", 1.1),
        ("010", 8),
        ("08", 8),
        ("0o10", 8),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("+5", 5),
        ("1e3", 1000),
        (".5", 0.5),
        ("12e45", 12e45),
        ("12e4567", "12e4567"),
        ("9" * 5000, "9" * 5000),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616.0),
        ("10:20", "10:20"),
        ("2001-01-01", "2001-01-01"),
        ("1.2.3", "1.2.3"),
        ("v1", "v1"),
        ("=", "="),
        ("-", "-"),
        ("y", True),
        ("on", True),
        ("No", False),
        ("nO", "nO"),
        ("~", None),
        ("", None),
        ("null", None),
    ],
)
def test_a_plain_scalar_is_what_go_yaml_takes_it_for(text: str, value: Any) -> None:
    """Not what PyYAML does: no sexagesimal numbers, no dates, but y, n and exponents."""
    assert (resolved(text), type(resolved(text))) == (value, type(value))


def test_tags_decide_over_the_look_of_a_value() -> None:
    """Unknown tags are passed over."""
    text = "a: !!str 1.10\nb: !foo 1.10\nc: !!int '5'\nd: !!binary YQ==\ne: '5'\nf: ! 5\non: x\n5: w\n1.5: z\n"
    (document,) = yaml_values(text)
    assert document == (
        1,
        {"a": "1.10", "b": "1.10", "c": 5, "d": "a", "e": "5", "f": "5", "true": "x", "5": "w", "1.5": "z"},
    )
