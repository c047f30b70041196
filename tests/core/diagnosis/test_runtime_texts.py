"""Causes by short texts made from the format strings of kubelet, runtimes and registries (runtime_texts.json)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.core.diagnosis.causes import CAUSES
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from kubectl_pullpolicy.core.diagnosis.message import MaskedText
from kubectl_pullpolicy.core.diagnosis.rules import RULES
from kubectl_pullpolicy.core.diagnosis.rules.rule import Rule, Rules
from tests.harness import DEMO, RECORDED

MADE = json.loads(Path(__file__).with_name("runtime_texts.json").read_text())
TEXTS: list[dict[str, str]] = MADE["texts"]
IMAGE = "registry.example.com/team/app:1.2"
RECORDINGS = [
    DEMO,
    *sorted(RECORDED.glob("*.json")),
]


@pytest.mark.parametrize("case", TEXTS, ids=[f"{case['runtime']}-{number}" for number, case in enumerate(TEXTS)])
def test_a_text_of_a_runtime_has_its_cause(case: dict[str, str]) -> None:
    assert diagnose(case["text"]).cause == case["cause"]


def test_every_text_names_its_source() -> None:
    assert {case["runtime"] for case in TEXTS} == set(MADE["sources"])


def test_every_cause_is_met_by_some_text() -> None:
    assert CAUSES.keys() - {case["cause"] for case in TEXTS} - {"Mirror"} == set()


def test_the_kubelet_wraps_what_the_runtime_says_and_the_cause_stays() -> None:
    for case in TEXTS:
        if case["runtime"] in {"kubelet", "registry"} or case["cause"] == "Unknown":
            continue
        text = case["text"]
        inner = text.removeprefix(f'Failed to pull image "{IMAGE}": rpc error: code = Unknown desc = ')
        quoted = inner.replace('"', '\\"')
        for wrapped in (
            f'Back-off pulling image "{IMAGE}": ErrImagePull: {inner}',
            f'Failed to pull image "{IMAGE}": {inner}',
            f'E1124 kuberuntime_image.go:55] "Failed to pull image" err="{quoted}" image="{IMAGE}"',
            f'failed to "StartContainer" for "app" with ErrImagePull: "{quoted}"',
        ):
            assert diagnose(wrapped).cause == case["cause"], wrapped


def recorded_messages(value: Any) -> set[str]:
    """Every message of a failed pull in a recording of the test cluster."""
    if isinstance(value, list):
        return set().union(*map(recorded_messages, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(recorded_messages, value.values()))
    message = value.get("message")
    failing = isinstance(message, str) and re.match(r"(Failed to pull|Back-off pulling) image \"", message)
    return found | {message} if failing else found


def test_what_the_test_cluster_said_has_a_cause() -> None:
    messages = set().union(*(recorded_messages(json.loads(path.read_text())) for path in RECORDINGS))
    unknown = {message for message in messages if diagnose(message).cause == "Unknown"}
    assert len(messages) > 20
    assert unknown == set()


def test_the_cause_of_several_attempts_is_that_of_the_most_telling_one() -> None:
    shell = 'failed to pull and unpack image "r.example.com/a:1": failed to resolve reference "r.example.com/a:1": '
    denied = f"{shell}pull access denied, repository does not exist or may require authorization: authorization failed"
    for attempts in (f"{shell}r.example.com/a:1: not found", denied), (denied, f"{shell}r.example.com/a:1: not found"):
        assert diagnose(f'Failed to pull image "r.example.com/a:1": [{", ".join(attempts)}]').cause == "ImageNotFound"


@pytest.mark.parametrize("name", ["timeout-denied-forbidden", "no-such-host", "toomanyrequests", "x509"])
def test_a_name_is_no_evidence(name: str) -> None:
    image = f"registry.example.com/{name}/{name}:1"
    url = f"https://registry.example.com/v2/{name}/{name}/manifests/1"
    refused = f'failed to do request: Head "{url}": dial tcp 10.0.0.1:443: connect: connection refused'
    text = f'Failed to pull image "{image}": failed to resolve reference "{image}": {refused}'
    assert diagnose(text).cause == "ConnectionRefused"


def test_every_word_of_a_rule_is_found_in_itself() -> None:
    """The index finds a word by one of its parts: the word must hold that part whole."""
    for rule in RULES.rules:
        for word in rule.words:
            alone = Rules([Rule(rule.cause, "", (word,))])
            text = f"before {word} behind"
            assert alone.first_match(MaskedText(text, text, text, (), ())), word


def test_only_known_causes_have_rules() -> None:
    assert {rule.cause for rule in RULES.rules} <= CAUSES.keys()
