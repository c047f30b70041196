"""set -f, from arguments to files. Nothing but the files is read."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_pullpolicy.__main__ import main

Set = Callable[..., tuple[int, str, str]]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n"
WEB = f"{POD}  - name: app\n    image: a:1 # c\n  - name: side\n    image: b\n    imagePullPolicy: Never\n"


@pytest.fixture
def set_policy(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Set:
    """set, run in this process, without a cluster."""
    monkeypatch.setenv("KUBECONFIG", "/nowhere")

    def call(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), newline=""))
        code = main(["set", *arguments])
        shown = capsysbinary.readouterr()
        return code, shown.out.decode(), shown.err.decode()

    return call


def test_as_a_filter_it_changes_policies_and_nothing_else(set_policy: Set) -> None:
    wanted = WEB.replace("# c\n", "# c\n    imagePullPolicy: Always\n").replace("Never", "Always")
    assert set_policy("Always", "-f", "-", stdin=WEB) == (0, wanted, "")


def test_default_takes_the_line_out(set_policy: Set) -> None:
    wanted = WEB.replace("    imagePullPolicy: Never\n", "")
    assert set_policy("Default", "-f", "-", stdin=WEB) == (0, wanted, "")


def test_only_the_named_container_changes(set_policy: Set) -> None:
    assert set_policy("Always", "-f", "-", "-c", "side", stdin=WEB) == (0, WEB.replace("Never", "Always"), "")
    code, out, err = set_policy("Always", "-f", "-", "-c", "none", stdin=WEB)
    assert (code, out, err) == (1, "", 'error: unable to find container named "none" in STDIN\n')


def test_write_shows_what_changed(set_policy: Set, tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(WEB)
    code, out, err = set_policy("IfNotPresent", "-f", str(file), "--write")
    assert (code, err) == (0, "")
    assert [row.split()[1:] for row in out.splitlines()] == [
        ["OBJECT", "CONTAINER", "OLD", "NEW"],
        ["pod/web", "app", "<none>", "IfNotPresent"],
        ["pod/web", "side", "Never", "IfNotPresent"],
    ]
    assert out.splitlines()[1].startswith(f"{file}:7 ")
    assert file.read_text().count("imagePullPolicy: IfNotPresent\n") == 2
    assert set_policy("IfNotPresent", "-f", str(file), "--write")[:2] == (0, "")


def test_the_diff_writes_nothing(set_policy: Set, tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(WEB)
    code, out, _ = set_policy("Always", "-f", str(file), "--diff")
    assert code == 0
    changed = [row for row in out.splitlines() if row[:1] in {"+", "-"} and row[:3] not in {"+++", "---"}]
    assert changed == ["+    imagePullPolicy: Always", "-    imagePullPolicy: Never", "+    imagePullPolicy: Always"]
    assert file.read_text() == WEB


def test_what_cannot_be_set_is_named_and_costs_no_other(set_policy: Set) -> None:
    text = f"{POD}  - name: a\n    image: x\n---\nimage: {{repository: web, tag: v1}}\n"
    code, out, err = set_policy("Always", "-f", "-", stdin=text)
    assert code == 1
    assert out == text.replace("image: x\n", "image: x\n    imagePullPolicy: Always\n")
    assert "only the chart knows which value sets the policy" in err


def test_json_tells_of_every_container(set_policy: Set) -> None:
    code, out, _ = set_policy("Never", "-f", "-", "-o", "json", stdin=WEB)
    assert code == 0
    items = json.loads(out)["items"]
    assert [(item["container"], item["old"], item["new"], item["result"]) for item in items] == [
        ("app", None, "Never", "planned"),
        ("side", "Never", "Never", "unchanged"),
    ]


def test_targets_and_policies_are_checked(set_policy: Set) -> None:
    _, _, err = set_policy("Always", "deploy/web", "-f", "-")
    assert err.startswith("error: deploy/web cannot be used with --filename")
    assert set_policy("always", "-f", "-")[2].startswith('error: Unsupported value: "always"')


def test_files_without_containers_are_told(set_policy: Set) -> None:
    text = "apiVersion: v1\nkind: Service\n"
    assert set_policy("Always", "-f", "-", stdin=text) == (0, text, "No containers found in STDIN.\n")


def test_on_a_terminal_a_file_does_not_steer_it(set_policy: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    text = WEB.replace("# c", "# moc\u202eexe")
    assert "moc\u202eexe" in set_policy("Always", "-f", "-", stdin=text)[1]
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    code, out, err = set_policy("Always", "-f", "-", stdin=text)
    assert not err
    assert (code, "# moc\\u202eexe\n    imagePullPolicy: Always\n" in out) == (0, True)
