"""The selector of a workload as text: of a dump it may be anything."""

from typing import Any

import msgspec
import pytest

from kubectl_pullpolicy.core.k8s.objects import Workload
from kubectl_pullpolicy.core.k8s.pod_templates import selector_text
from kubectl_pullpolicy.core.k8s.selectors import parse_labels


def text_of(selector: dict[str, Any], kind: str = "Deployment") -> str | None:
    return selector_text(msgspec.convert({"kind": kind, "spec": {"selector": selector}}, Workload))


def test_labels_and_expressions_are_terms() -> None:
    expressions = [
        {"key": "a", "operator": "In", "values": ["b", "c"]},
        {"key": "d", "operator": "NotIn", "values": ["e"]},
        {"key": "f", "operator": "Exists"},
        {"key": "g", "operator": "DoesNotExist"},
    ]
    text = text_of({"matchLabels": {"app": "web"}, "matchExpressions": expressions})
    assert text == "app=web,a in (b,c),d notin (e),f,!g"


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": "x"},
        {"matchLabels": ["x"]},
        {"matchLabels": 1},
        {"matchExpressions": "x"},
        {"matchExpressions": {"key": "a"}},
        {"matchExpressions": 7},
    ],
)
def test_what_is_no_selector_has_no_terms(selector: dict[str, Any]) -> None:
    assert text_of(selector) == ""


@pytest.mark.parametrize(
    "expression", ["x", None, 7, [], {}, {"key": 1}, {"key": "a", "values": "b"}, {"key": ["a"], "operator": "In"}]
)
def test_an_expression_that_cannot_be_read_selects_nothing(expression: Any) -> None:
    text = text_of({"matchLabels": {"app": "web"}, "matchExpressions": [expression]})
    assert text is not None
    assert not any(parse_labels(text).matches(labels) for labels in ({"app": "web"}, {"app": "web", "a": "b"}))


@pytest.mark.parametrize("operator", [{}, [], 1, None, "Of"])
def test_an_unknown_operator_asks_for_the_key(operator: Any) -> None:
    assert text_of({"matchExpressions": [{"key": "a", "operator": operator, "values": [1, None]}]}) == "a"
