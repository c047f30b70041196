"""Label and field selectors as the API server takes them. The wordings were compared with apimachinery v0.37.2."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_pullpolicy.core.k8s.selectors import field_values, parse_fields, parse_labels
from kubectl_pullpolicy.errors import UsageError
from tests.harness import builders

NAMES = st.lists(st.text("aZ0", min_size=1, max_size=3), min_size=1, max_size=2).map(".".join)
LABELS = st.dictionaries(NAMES, st.one_of(st.just(""), NAMES), max_size=4)
NAME_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "b"}, True),
        ("a=b", {"a": "c"}, False),
        ("a=b", {}, False),
        ("a=", {"a": ""}, True),
        ("a=", {"a": None}, True),
        ("a=", {}, False),
        ("a!=b", {"a": "b"}, False),
        ("a!=b", {"a": "c"}, True),
        ("a!=b", {}, True),
        ("a", {"a": "b"}, True),
        ("a", {}, False),
        ("!a", {"a": "b"}, False),
        ("!a", {}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a in (b,c)", {"a": "d"}, False),
        ("a in (b)", {}, False),
        ("a in (b,)", {"a": ""}, True),
        ("a in ()", {"a": ""}, True),
        ("a notin (b,c)", {"a": "b"}, False),
        ("a notin (b,c)", {"a": "d"}, True),
        ("a notin (b)", {}, True),
        ("in in (in,notin)", {"in": "notin"}, True),
        ("a>5", {"a": "6"}, True),
        ("a>5", {"a": "5"}, False),
        ("a<5", {"a": "-6"}, True),
        ("a>5", {"a": "x"}, False),
        ("a>5", {"a": "9" * 5000}, False),
        ("a=b,c!=d", {"a": "b"}, True),
        ("a=b,c!=d", {"a": "b", "c": "d"}, False),
        (" a = b , x.y/z ", {"a": "b", "x.y/z": ""}, True),
    ],
)
def test_a_label_selector_selects_what_the_server_would(
    selector: str, labels: dict[str, str | None], selected: bool
) -> None:
    """Terms are joined by and; without the key only !=, notin and ! hold."""
    assert parse_labels(selector).matches(labels) is selected


def test_an_object_without_labels_has_none() -> None:
    """labels may be null."""
    assert parse_labels("!a").matches(None)
    assert not parse_labels("a").matches(None)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a in x", "unable to parse requirement: found 'x' expected: '('"),
        ("a in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (x,", "unable to parse requirement: found '', expected: ',', or identifier"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("a in (b)c", "found 'c', expected: ',' or 'end of string'"),
        ("a notin", "unable to parse requirement: found '' expected: '('"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a!b", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a,", "found '', expected: identifier after ','"),
        ("-a", f'unable to parse requirement: <nil>: Invalid value: "-a": name part {NAME_RULE}'),
        (
            "a/",
            'unable to parse requirement: <nil>: Invalid value: "a/": name part must be non-empty; name part '
            + NAME_RULE,
        ),
        ("/a", 'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty'),
        (
            "a/b/c",
            f'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key {NAME_RULE} with an '
            "optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        ),
        (
            "a=" + "b" * 64,
            f'unable to parse requirement: values[0][a]: Invalid value: "{"b" * 64}": must be no more than 63 bytes',
        ),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must "
            "be an integer",
        ),
    ],
)
def test_a_broken_label_selector_is_refused_in_the_servers_words(selector: str, message: str) -> None:
    """The message is the whole line that kubectl prints."""
    with pytest.raises(UsageError) as refused:
        parse_labels(selector)
    assert str(refused.value) == f"error: {message}"


@settings(deadline=None)
@given(LABELS)
def test_labels_written_as_a_selector_select_themselves(labels: dict[str, str]) -> None:
    """What `selector_text` makes of matchLabels."""
    assert parse_labels(",".join(f"{key}={value}" for key, value in labels.items())).matches(labels)


@settings(deadline=None)
@given(LABELS, NAMES, st.lists(NAMES, min_size=1, max_size=3))
def test_notin_selects_exactly_what_in_does_not(labels: dict[str, str], key: str, values: list[str]) -> None:
    """The two are complements, absent keys included; so are `a` and `!a`."""
    text = ",".join(values)
    assert parse_labels(f"{key} in ({text})").matches(labels) != parse_labels(f"{key} notin ({text})").matches(labels)
    assert parse_labels(key).matches(labels) != parse_labels(f"!{key}").matches(labels)


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab/.-=!(),<> in5\\é\t"), max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but UsageError, for either sort of selector."""
    with suppress(UsageError):
        parse_labels(text).matches({"a": "b"})
    with suppress(UsageError):
        parse_fields(text).matches({"a": "b"})


@pytest.mark.parametrize(
    ("selector", "fields", "selected"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "b"}, True),
        ("a!=b", {"a": "b"}, False),
        ("a!=b", {}, True),
        ("a=", {}, True),
        ("a=b,c!=d", {"a": "b", "c": "e"}, True),
        ("a=b,,", {"a": "b"}, True),
        ("=", {"a": "b"}, True),
        (r"a=b\,c\=d\\e", {"a": r"b,c=d\e"}, True),
        ("spec.host=n", {"spec.nodeName": "n"}, True),
    ],
)
def test_a_field_selector_selects_what_the_server_would(selector: str, fields: dict[str, str], selected: bool) -> None:
    """A missing field counts as empty."""
    assert parse_fields(selector).matches(fields) is selected


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_broken_field_selector_is_refused_in_the_servers_words(selector: str, message: str) -> None:
    """The message is the whole line that kubectl prints."""
    with pytest.raises(UsageError) as refused:
        parse_fields(selector)
    assert str(refused.value) == f"error: {message}"


@pytest.mark.parametrize(
    ("kind", "selector", "unknown"),
    [
        ("Pod", "spec.nodeName=n,status.phase!=Running", ""),
        ("Pod", "status.podIP=10.0.0.1", "status.podIP"),
        ("Event", "involvedObject.name=a,reason=Failed", ""),
        ("Node", "metadata.namespace=a", "metadata.namespace"),
        ("Deployment", "metadata.name=a", ""),
        ("Deployment", "spec.replicas=1", "spec.replicas"),
    ],
)
def test_a_field_that_a_kind_cannot_be_selected_by_is_refused(kind: str, selector: str, unknown: str) -> None:
    """In the server's words."""
    if not unknown:
        parse_fields(selector).check(kind)
        return
    with pytest.raises(UsageError) as refused:
        parse_fields(selector).check(kind)
    assert str(refused.value) == f"error: field label not supported: {unknown}"


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (
            builders.pod(spec={"restartPolicy": "Never"}, status={"phase": "Failed"}),
            {"spec.nodeName": "node-1", "spec.restartPolicy": "Never", "status.phase": "Failed"},
        ),
        (
            {"kind": "Event", "reason": "Failed", "involvedObject": {"kind": "Pod", "name": "a", "uid": "u"}},
            {"reason": "Failed", "involvedObject.kind": "Pod", "involvedObject.name": "a", "involvedObject.uid": "u"},
        ),
        ({"kind": "Node", "metadata": {"name": "n"}}, {"metadata.name": "n", "metadata.namespace": ""}),
        ({"kind": "Pod"}, {"status.phase": "", "metadata.name": ""}),
    ],
)
def test_the_fields_of_an_object_are_read_from_it(manifest: dict[str, Any], expected: dict[str, str]) -> None:
    """Null and missing ones are empty."""
    values = field_values(builders.read(manifest))
    assert {key: values[key] for key in expected} == expected
