"""imagePullPolicy in manifests: put in, replaced and taken out in the document's own indentation and style."""

import pytest

from tests.core.manifests.editing import changed, with_policy
from tests.core.manifests.test_manifest import LAYOUTS, POD, meaning

# name, before, after `set Always`
INSERTED = [
    (
        "block",
        "  - name: a\n    image: b\n    args: []\n",
        "  - name: a\n    image: b\n    imagePullPolicy: Always\n    args: []\n",
    ),
    ("last line", "  - name: a\n    image: b", "  - name: a\n    image: b\n    imagePullPolicy: Always"),
    ("first key", "  - image: b\n    name: a\n", "  - image: b\n    imagePullPolicy: Always\n    name: a\n"),
    ("wide dash", "  -   image: b\n      name: a\n", "  -   image: b\n      imagePullPolicy: Always\n      name: a\n"),
    ("comment", "  - image: b # c\n    # d\n", "  - image: b # c\n    imagePullPolicy: Always\n    # d\n"),
    ("quoted value", '  - image: "b"\n', '  - image: "b"\n    imagePullPolicy: Always\n'),
    ("quoted key", '  - "image": "b"\n', '  - "image": "b"\n    "imagePullPolicy": "Always"\n'),
    ("flow", "  - {name: a, image: b}\n", "  - {name: a, image: b, imagePullPolicy: Always}\n"),
    ("flow, first", "  - {image: b,  name: a}\n", "  - {image: b,  imagePullPolicy: Always,  name: a}\n"),
    ("flow, alone", "  - { image: b }\n", "  - { image: b, imagePullPolicy: Always }\n"),
    (
        "flow over lines",
        "  - {name: a,\n     image: b,\n     args: []}\n",
        "  - {name: a,\n     image: b,\n     imagePullPolicy: Always,\n     args: []}\n",
    ),
    ("dense", '  - {"name":"a","image":"b"}\n', '  - {"name":"a","image":"b","imagePullPolicy":"Always"}\n'),
    ("empty policy", "  - image: b\n    imagePullPolicy:\n", "  - image: b\n    imagePullPolicy: Always\n"),
    ("null", "  - image: b\n    imagePullPolicy: ~ # c\n", "  - image: b\n    imagePullPolicy: Always # c\n"),
    ("other", "  - image: b\n    imagePullPolicy: 'Never'\n", "  - image: b\n    imagePullPolicy: 'Always'\n"),
    (
        "folded",
        "  - image: >-\n      b\n\n    name: a\n",
        "  - image: >-\n      b\n    imagePullPolicy: Always\n\n    name: a\n",
    ),
    (
        "image volume",
        "  - image: b\n    imagePullPolicy: Always\n  volumes:\n  - image:\n      reference: c\n",
        "  - image: b\n    imagePullPolicy: Always\n"
        "  volumes:\n  - image:\n      reference: c\n      pullPolicy: Always\n",
    ),
]
# name, before, after `set Default`
REMOVED = [
    ("block", "  - image: b\n    imagePullPolicy: Always # why\n    name: a\n", "  - image: b\n    name: a\n"),
    ("last line", "  - image: b\n    imagePullPolicy: Always", "  - image: b"),
    ("first key", "  - imagePullPolicy: Always\n    image: b\n", "  - image: b\n"),
    ("first key, comment", "  - imagePullPolicy: Always\n    # c\n    image: b\n", "  - # c\n    image: b\n"),
    ("flow", "  - {image: b, imagePullPolicy: Always}\n", "  - {image: b}\n"),
    ("flow, first", "  - {imagePullPolicy: Always, image: b}\n", "  - {image: b}\n"),
    ("flow, between", "  - {name: a, imagePullPolicy: Always , image: b}\n", "  - {name: a , image: b}\n"),
    ("nothing to do", "  - image: b\n", "  - image: b\n"),
]


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in INSERTED], ids=[case[0] for case in INSERTED])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_policy_is_written_in_the_style_of_its_container(before: str, after: str, end: str) -> None:
    text, wanted = (POD + rest for rest in (before, after))
    assert with_policy(text.replace("\n", end), "Always") == wanted.replace("\n", end)


@pytest.mark.parametrize(("before", "after"), [case[1:] for case in REMOVED], ids=[case[0] for case in REMOVED])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_default_takes_the_policy_out_with_its_line(before: str, after: str, end: str) -> None:
    text, wanted = (POD + rest for rest in (before, after))
    assert with_policy(text.replace("\n", end), "Default") == wanted.replace("\n", end)


@pytest.mark.parametrize("text", [case[1] for case in LAYOUTS], ids=[case[0] for case in LAYOUTS])
def test_what_is_put_in_can_be_taken_out_again(text: str) -> None:
    outcome = changed(text, policy="Never")
    assert ("imagePullPolicy" in outcome.text or "pullPolicy" in outcome.text) == (
        len(outcome.refused) < len(outcome.images)
    )
    assert changed(outcome.text, policy="Default").text == text
    assert len(meaning(outcome.text)) == len(meaning(text))


def test_json_gets_json() -> None:
    text = '{\n\t"kind": "Pod",\n\t"apiVersion": "v1",\n\t"spec": {"containers": [{\n\t\t"image": "b"\n\t}]}\n}\n'
    wanted = text.replace('"b"\n', '"b",\n\t\t"imagePullPolicy": "Never"\n')
    assert with_policy(text, "Never") == wanted
    assert with_policy(wanted, "Default") == text
    assert with_policy(wanted.replace('"Never"', "null"), "Never") == wanted


def test_only_the_named_container_is_changed() -> None:
    text = f"{POD}  - name: a\n    image: b\n  - name: c\n    image: d\n"
    assert with_policy(text, "Never", only=["c"]) == f"{text}    imagePullPolicy: Never\n"


def test_a_policy_that_stands_twice_is_not_taken_out() -> None:
    text = f"{POD}  - image: b\n    imagePullPolicy: Always\n    imagePullPolicy: Never\n"
    outcome = changed(text, policy="Default")
    assert outcome.text == text
    assert outcome.refused[0] == "imagePullPolicy stands there twice"


def test_one_change_that_cannot_be_made_costs_no_other() -> None:
    odd = "  - ? image\n    : b\n    name: a\n"
    text = f"{POD}{odd}  - image: c\n"
    outcome = changed(text, policy="Always")
    assert outcome.text.endswith("  - image: c\n    imagePullPolicy: Always\n")


def test_the_policy_of_a_chart_is_replaced_where_it_stands() -> None:
    text = "image:\n  repository: a\n  tag: v1\n  pullPolicy: Always\n"
    assert changed(text, "values.yaml", policy="Never").text == text.replace("Always", "Never")
    outcome = changed(text.replace("  pullPolicy: Always\n", ""), "values.yaml", policy="Never")
    assert outcome.refused[0] == "only the chart knows which value sets the policy"


@pytest.mark.parametrize(
    "scalar", ["|\n      Never\n", ">\n      Never\n", "|+\n      Never\n\n", "|-\n      Never\n", ">-\n      Never\n"]
)
def test_a_policy_in_a_block_scalar_is_replaced_with_its_line_break(scalar: str) -> None:
    """As it is, the API server would refuse the policy. Comments and blank lines stay."""
    text = f"{POD}  - name: app\n    image: nginx\n    imagePullPolicy: {scalar}    args: [a]\n"
    outcome = changed(text, policy="Always")
    assert outcome.refused == []
    (container,) = meaning(outcome.text)[0]["spec"]["containers"]
    assert container == {"name": "app", "image": "nginx", "imagePullPolicy": "Always", "args": ["a"]}


@pytest.mark.parametrize(
    ("scalar", "reason"),
    [
        ("|\n      Never\n      Always\n", "the value is a block scalar of several lines"),
        ("|\n\n      Never\n", "the value is a block scalar of several lines"),
        (">\n      Never   \n", "the value is a block scalar of several lines"),
    ],
)
def test_a_policy_in_a_block_scalar_of_another_shape_is_refused(scalar: str, reason: str) -> None:
    """Nothing is written that is no policy."""
    text = f"{POD}  - name: app\n    image: nginx\n    imagePullPolicy: {scalar}    args: [a]\n"
    outcome = changed(text, policy="Always")
    assert (outcome.text, outcome.refused) == (text, [reason])
