"""Whatever a manifest looks like: bytes outside the edits stay, and it parses to the same tree but for them."""

import json
import re
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.manifests.editing import DIGEST, PIN, changed, pinned
from tests.core.manifests.test_manifest import meaning, unpinned

REFERENCES = st.sampled_from(
    ["nginx", "nginx:1.25", "h:5000/app", "h:5000/app:v1", "quay.io/a/b:latest", "docker.io/library/x_y--z:A.b-c"]
)
WORDS = st.sampled_from(
    ["x", "image: nginx", "a # b", "it's", 'say "b"', "{{ x }}", "\u00fc\U0001f600", "- a", "", "1.10"]
)
QUOTES = st.sampled_from(["", "'", '"'])
BLANKS = st.sampled_from(["", "", "", "\n", "# image: redis:7\n", "  # imagePullPolicy: Never\n", "\n   \n"])
COMMENTS = st.sampled_from(["", "", "", " ", " # c: d", "\t# e"])
POLICIES = st.sampled_from(["", "", "Always", "IfNotPresent", "Never"])


class Field(NamedTuple):
    """A key of a container with its value as it is written, in block and in flow style."""

    key: str
    block: str
    flow: str


@st.composite
def strings(draw: st.DrawFn, value: str) -> str:
    """A string in one of YAML's styles; plain only where it may be."""
    quote = draw(QUOTES)
    if (
        quote == ""
        and value.replace(":", "").replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum()
    ):
        return value if value != "1.10" else '"1.10"'
    return json.dumps(value, ensure_ascii=False) if quote == '"' else "'" + value.replace("'", "''") + "'"


@st.composite
def containers(draw: st.DrawFn) -> list[Field]:
    """A container's fields in any order."""
    image = draw(strings(draw(REFERENCES)))
    prefix = draw(st.sampled_from(["", "", "!!str "]))
    block = draw(st.sampled_from([f"{prefix}{image}", f"{prefix}{image}", ">-\n          {}", "|-\n          {}"]))
    fields = [Field("image", block.format(image.strip("'\"")), prefix + image)]
    name = draw(strings(draw(st.sampled_from(["web", "a-b"]))))
    fields.append(Field("name", name, name))
    policy = draw(POLICIES)
    if policy:
        written = draw(strings(policy))
        fields.append(Field("imagePullPolicy", written, written))
    args = [draw(strings(word)) for word in draw(st.lists(WORDS, max_size=3))]
    flow = "[" + ", ".join(args) + "]"
    dashes = "".join(f"\n        - {arg}" for arg in args)
    fields.append(Field("args", draw(st.sampled_from([flow, dashes])) or "[]", flow))
    return draw(st.permutations(fields))


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """A Pod in mixed style, with comments, any line ends, with or without mark and final newline."""
    text = draw(BLANKS) + "apiVersion: v1\nkind: Pod\nspec:\n" + draw(BLANKS) + "    containers:\n"
    for fields in draw(st.lists(containers(), min_size=1, max_size=3)):
        text += draw(BLANKS)
        if draw(st.booleans()):
            comma = draw(st.sampled_from([", ", ",", " , ", ",\n          "]))
            colon = draw(st.sampled_from([": ", ":  "]))
            text += (
                "    - {" + comma.join(f"{key}{colon}{flow}" for key, _, flow in fields) + "}" + draw(COMMENTS) + "\n"
            )
            continue
        lead = "    - "
        for key, block, _ in fields:
            quote = draw(QUOTES)
            text += f"{lead}{quote}{key}{quote}: {block}{draw(COMMENTS) if block[0] not in '>|' else ''}\n"
            text += draw(BLANKS)
            lead = "      "
    text += draw(st.sampled_from(["", "    hostNetwork: true\n", "---\n", "...\n"]))
    text = draw(st.sampled_from(["", "---\n", "\ufeff"])) + text
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


def policies(value: object, policy: str) -> object:
    """The documents with this policy in every container, by plain values."""
    for document in json.loads(json.dumps(value)):
        for container in document["spec"]["containers"]:
            container.pop("imagePullPolicy", None)
            if policy != "Default":
                container["imagePullPolicy"] = policy
        return document
    return None


def without_policies(text: str) -> str:
    """The text without policies, blanks and commas."""
    return re.sub(r"[\"']?imagePullPolicy[\"']?\s*:\s*[\"']?\w+[\"']?|[\s,]", "", text)


@given(manifests())
@settings(deadline=None)
def test_pinning_changes_images_and_nothing_else(text: str) -> None:
    outcome = pinned(text)
    assert outcome.refused == []
    assert len(outcome.images) == len(meaning(text)[0]["spec"]["containers"])
    assert outcome.text.replace(PIN, "") == text
    assert unpinned(meaning(outcome.text)) == meaning(text)


@given(manifests(), st.sampled_from(["Always", "IfNotPresent", "Never"]))
@settings(deadline=None)
def test_a_policy_changes_policies_and_nothing_else(text: str, policy: str) -> None:
    outcome = changed(text, policy=policy)
    assert outcome.refused == []
    assert meaning(outcome.text)[0] == policies(meaning(text), policy)
    assert without_policies(outcome.text) == without_policies(text)
    untouched = re.compile(r"(?!.*imagePullPolicy)[^{},]*")
    kept, now = ([line for line in whole.splitlines() if untouched.fullmatch(line)] for whole in (text, outcome.text))
    assert now == kept


@given(manifests())
@settings(deadline=None)
def test_what_set_puts_in_default_takes_out(text: str) -> None:
    outcome = changed(text, policy="Default")
    bare = outcome.text
    assert [reason for reason in outcome.refused if "comment" not in reason] == []
    if not outcome.refused:
        assert meaning(bare)[0] == policies(meaning(text), "Default")
        assert changed(changed(bare, policy="Never").text, policy="Default").text == bare


@given(manifests())
@settings(deadline=None)
def test_pinning_with_a_policy_is_both_at_once(text: str) -> None:
    both = changed(text, digest=DIGEST, policy="IfNotPresent")
    assert both.refused == []
    assert both.text == changed(pinned(text).text, policy="IfNotPresent").text


@given(st.text(alphabet="image: {}[]\"'\n\r-#&*!|>?%@`,kindPosecta~\t\ufeff\x85", max_size=60))
@settings(deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    outcome = pinned("kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - " + text)
    assert outcome.text.replace(PIN, "").startswith("kind: Pod\n")
