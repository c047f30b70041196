"""diagnose of messages and of text on standard input, from arguments to output."""

import io
import json
import sys
from typing import Any

import jsonschema
import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.printers.json_schema import diagnosis_list_schema

MISSING = 'Failed to pull image "ghcr.io/acme/web:1.4": ghcr.io/acme/web:1.4: not found'
REFUSED = 'Get "https://registry.example.com/v2/": dial tcp 10.0.0.1:443: connect: connection refused'


def diagnosed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["diagnose", "-o", "json", *arguments]) == 0
    written = json.loads(capsys.readouterr().out)
    jsonschema.validate(written, diagnosis_list_schema())
    items: list[dict[str, Any]] = written["items"]
    return items


def given(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_item_i_is_of_message_i(capsys: pytest.CaptureFixture[str]) -> None:
    items = diagnosed(capsys, "--", MISSING, "nothing of the sort", REFUSED, "")
    assert [item["cause"] for item in items] == ["ImageNotFound", "Unknown", "ConnectionRefused", "Unknown"]
    assert [item["transient"] for item in items] == [False, None, True, None]
    assert items[1]["message"] == "nothing of the sort"


def test_what_stands_behind_the_dashes_is_a_message_whatever_it_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    items = diagnosed(capsys, "--", "-o", "--", "-")
    assert [item["message"] for item in items] == ["-o", "--", "-"]


def test_people_read_cause_evidence_and_what_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "--", 'Head "https://ghcr.io/v2/acme/web/manifests/1": unauthorized']) == 0
    text = capsys.readouterr().out
    assert "AuthenticationRequired: the registry wants credentials and got none. Does not heal by itself" in text
    assert "--docker-server=ghcr.io" in text


def test_equal_statements_of_a_text_are_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (
        f"3m Warning Failed pod/web-1 {MISSING}\n2m Warning Failed pod/web-2 {MISSING}\n1m Normal Pulled pod/a fine\n"
    )
    given(monkeypatch, lines.encode())
    (item,) = diagnosed(capsys, "-")
    assert (item["cause"], item["count"], item["pods"]) == ("ImageNotFound", 2, ["pod/web-1", "pod/web-2"])


def test_a_text_that_tells_of_no_failed_pull_is_not_itself_a_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, b"Name:         web-0\nNamespace:    shop\nStatus:       Running\n")
    assert main(["diagnose", "-"]) == 0
    assert capsys.readouterr() == ("", "No failing image pull found on standard input.\n")
    given(monkeypatch, b"something that nobody knows\n")
    (item,) = diagnosed(capsys, "-")
    assert (item["cause"], item["message"]) == ("Unknown", "something that nobody knows")


def test_a_target_and_messages_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "pod/web", "--", MISSING]) == 1
    assert capsys.readouterr().err == "error: give either targets or, behind --, messages\n"


def test_no_message_behind_the_dashes_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", "--"]) == 1
    assert capsys.readouterr().err == "error: no message given behind --\n"
