"""No message makes diagnosis fail, or run long."""

import io
import json
import re
import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.core.diagnosis.causes import CAUSES
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from kubectl_pullpolicy.core.diagnosis.from_text import diagnosed_message, diagnosed_text
from kubectl_pullpolicy.core.diagnosis.message import LONGEST
from kubectl_pullpolicy.core.diagnosis.remedies import RemedyTarget, remedies_of
from kubectl_pullpolicy.core.diagnosis.rules import RULES
from kubectl_pullpolicy.printers.diagnosis import print_diagnoses, print_diagnosis_json
from kubectl_pullpolicy.printers.plans.plan import print_patches
from tests.core.plans.planning import planned

MEGABYTE = 1_000_000
PIECES = st.sampled_from(
    [
        *(
            "Failed to pull image ",
            '"a/b:1"',
            "https://r.example.com/v2/a/b/manifests/1",
            "rpc error: code = Unknown desc = ",
        ),
        *(
            "(Mirrors also failed: [",
            "]): ",
            "not found",
            "message: ",
            "Name: x",
            "pod/",
            "dial tcp ",
            "lookup ",
            "dkr.ecr",
        ),
        *(
            "?ns=docker.io",
            ": ",
            "[",
            "]",
            ", ",
            '"',
            "\\",
            "\n",
            "\x1b[31m",
            "\x00",
            "\u202e",
            "\ud800",
            "İ",
            "$(a)",
            "'",
        ),
    ]
)


def shown(text: str) -> str:
    """The text and the JSON of a diagnosis."""
    out, items = io.StringIO(), [diagnosed_message(text), *diagnosed_text(text.splitlines())]
    print_diagnoses(items, out, use_colour=False)
    print_diagnosis_json(items, out)
    return out.getvalue()


@pytest.mark.fuzz
@given(st.text() | st.lists(PIECES, max_size=30).map("".join))
def test_any_text_has_a_diagnosis_that_steers_no_terminal(text: str) -> None:
    assert diagnose(text).cause in CAUSES
    written = shown(text.encode("utf-8", "replace").decode())
    assert not {"\x1b", "\x00", "\u202e", "\r"} & set(written)


@pytest.mark.fuzz
@given(st.binary(max_size=500))
def test_bytes_that_are_no_text_have_one_too(content: bytes) -> None:
    assert "\x1b" not in shown(content.decode("utf-8", "replace"))


@pytest.mark.fuzz
@given(st.lists(PIECES, max_size=20).map("".join))
def test_what_a_message_says_stays_one_word_of_a_command(text: str) -> None:
    hostile = f'Failed to pull image "{text}": pull access denied for $(reboot);`id`, repository does not exist'
    for remedy in remedies_of(diagnose(hostile), RemedyTarget(namespace="a b", image=text)):
        assert "reboot" not in re.sub(r"'[^']*'", "", remedy.command)


FRAGMENTS = [
    *(
        "a",
        " ",
        ":",
        ": ",
        "/",
        "a/",
        ":a/",
        '"',
        '"a',
        "[",
        "[a",
        "]",
        "(",
        "https://",
        "https://a/v2/",
        "a.",
        "sha256:",
    ),
    *(
        "image ",
        "image a",
        "manifest for ",
        "snapshot ",
        "unpack image ",
        "failed open: ",
        "status ",
        "status [",
        "get ",
    ),
    *('get "https://x": a', "lookup ", "lookup a: ", "dial tcp ", "content ", "could not fetch content descriptor ("),
    *(
        "repository ",
        "registry ",
        "pod/a ",
        "message: ",
        "docker://a/",
        "reading manifest a in ",
        "Name: ",
        "eof",
        "\\",
        "\n",
    ),
]
WORDS = sorted({word for rule in RULES.rules for word in rule.words})


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_megabyte_of_anything_is_read_at_once(fragment: str) -> None:
    line = fragment * (MEGABYTE // len(fragment))
    begun = time.process_time()
    diagnose(line)
    diagnosed_message(line)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("tail", ["", " 7", ":", " and more", "\x00"])
def test_a_back_off_that_goes_on_is_read_at_once(tail: str) -> None:
    begun = time.process_time()
    diagnose(f'Back-off pulling image "{"a" * 500}"{tail}')
    diagnose(f"Error: ErrImagePull {' : ' * 200}{tail}")
    assert time.process_time() - begun < 1


def test_a_megabyte_of_any_rules_words_is_read_at_once() -> None:
    begun = time.process_time()
    for word in WORDS:
        diagnose(f"{word} " * (LONGEST // len(word)))
    assert (time.process_time() - begun) / len(WORDS) < 0.3


def test_ten_thousand_messages_are_a_matter_of_seconds() -> None:
    """The figure is in docs/quality.md; this bound only tells that nothing went wrong."""
    refused = "dial tcp 10.0.0.1:443: connect: connection refused"
    messages = [
        f'Failed to pull image "r.example.com/app-{number}:1.{number}": failed to pull and unpack image '
        f'"r.example.com/app-{number}:1.{number}": failed to do request: Head "https://r.example.com/v2/": {refused}'
        for number in range(2000)
    ]
    begun = time.process_time()
    assert {diagnose(message).cause for message in messages} == {"ConnectionRefused"}
    assert time.process_time() - begun < 2


def test_a_whole_log_is_read_line_by_line() -> None:
    lines = ["I0101 12:00:00.000000 kubelet.go:1] nothing of interest\n"] * 100_000
    lines[50_000] = (
        'E0101 "Failed to pull image" err="rpc error: code = NotFound desc = r.io/a:1: not found" image="r.io/a:1"\n'
    )
    (item,) = diagnosed_text(iter(lines))
    assert (item.cause, item.registry, item.repository) == ("ImageNotFound", "r.io", "a")


def test_an_empty_message_is_unknown() -> None:
    assert diagnosed_message("").cause == "Unknown"
    assert diagnosed_text([]) == []
    assert json.dumps(diagnosed_message("").message) == '""'


def test_the_name_of_a_pull_secret_is_one_word_of_a_command() -> None:
    """The API server takes any text as a name in imagePullSecrets."""
    name = """x"}]}' ; touch hacked; '"""
    told = diagnose("failed to authorize: no basic auth credentials", image="r.example.com/a:1")
    for remedy in remedies_of(told, RemedyTarget("shop", "web-1", secret=name)):
        words = shlex.split(remedy.command)
        assert "hacked;" not in words
        assert all(json.loads(word) for word in words if word.startswith("{"))


def test_a_patch_for_git_holds_nothing_that_steers_a_terminal() -> None:
    import yaml

    name = "a\u202eb\x85c\u2028d\x9b2J"
    spec = {"containers": [{"name": name, "image": "a:1"}]}
    made = {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": spec}},
    }
    out = io.StringIO()
    print_patches([planned(made, "Always")], out)
    assert out.getvalue().isascii()
    patch = yaml.safe_load(out.getvalue())
    assert patch["spec"]["template"]["spec"]["containers"][0]["name"] == name
