"""Properties of reading: any bytes are safe, and YAML and JSON of an object are the same object."""

import json
import time
from contextlib import suppress
from typing import Any

import msgspec
import pytest
import yaml  # noqa: TID253
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kubectl_pullpolicy.core.k8s.objects import Pod, Workload
from kubectl_pullpolicy.errors import PullPolicyError
from tests.files.reading import messages, piped, subjects

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8"), max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab-./ é", max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
NAMES = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8"), max_size=12), st.sampled_from(["on", "1.10", "~", "08"])
)
CONTAINERS = st.lists(
    st.one_of(
        st.none(), st.fixed_dictionaries({"name": NAMES, "image": NAMES, "imagePullPolicy": NAMES, "env": VALUES})
    ),
    max_size=3,
)
PODS = st.fixed_dictionaries(
    {
        "kind": st.just("Pod"),
        "metadata": st.fixed_dictionaries(
            {"name": NAMES, "labels": st.none() | st.dictionaries(NAMES.map(str), NAMES, max_size=3)}
        ),
        "spec": st.fixed_dictionaries({"containers": CONTAINERS, "other": VALUES}),
    }
)


@settings(deadline=None)
@given(PODS.filter(lambda pod: "{{" not in str(pod)))
def test_yaml_and_json_of_the_same_object_are_equal(pod: dict[str, Any]) -> None:
    """Written by PyYAML with and without flow style, by json with and without line breaks."""
    (expected,) = subjects(piped(json.dumps(pod)))
    assert expected == msgspec.convert(pod, Pod)
    # Quoted throughout: PyYAML writes y and 1e3 as they are, which are no strings to Go.
    texts = [yaml.safe_dump(pod, default_style='"', default_flow_style=flow) for flow in (True, False)]
    texts.append(json.dumps(pod, indent=2, ensure_ascii=False))
    for text in texts:
        assert subjects(piped(text)) == [expected]


PIECES = st.sampled_from(
    [
        *("kind: Pod\n", "metadata:\n", "  name: a\n", "spec: {containers: [", "&a ", "*a ", "<<: ", "- ", "? ", ": "),
        *("{", "[", "]", "}", '"', "'", "|\n", ">-\n", "\n---\n", "...\n", "%YAML 9.9\n", "!!int ", "!!binary "),
        *("!<x>", "{{", "\t", "\r", "\x00", "#", ",", '{"kind":"Pod"}', '{"kind":"List","items":[', '"items":'),
        *("null", "1e999", "\ufeff", "\ud7ff", "\\ud800", "é", " ", "\n"),
    ]
)


@pytest.mark.fuzz
@settings(max_examples=max(400, settings.default.max_examples))
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=25).map(lambda pieces: "".join(pieces).encode())))
@example(b"- .\n...\t!")
@example("!!binary \u1000".encode())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Nothing but PullPolicyError, and never a hang."""
    begun = time.monotonic()
    source = piped(content)
    with suppress(PullPolicyError):
        assert all(isinstance(thing, Pod | Workload) for thing in subjects(source))
    assert all(message.startswith("error: ") for message in messages(source))
    assert time.monotonic() - begun < 2
