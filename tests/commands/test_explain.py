"""explain, from arguments to output: golden pairs of recordings of the real test cluster."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.report.explanation import Reason
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, RegistryFlags, SelectionFlags, SourceFlags
from kubectl_pullpolicy.flags.repeat import source_flags
from kubectl_pullpolicy.flags.requests import ReadRequest
from tests.conftest import GOLDEN
from tests.harness import DEMO, RECORDED

STUCK = str(RECORDED / "stuck.json")
STUCK_PODS = (
    "unscheduled",
    "volume",
    "sandbox",
    "configuration",
    "start",
    "crash",
    "wrong-platform",
    "initializing",
    "never-private",
    "fleet-1",
)
CASES = {
    "table-all.txt": ["--demo"],
    "table-shop.txt": ["--demo", "-n", "shop"],
    "table-wide.txt": ["--demo", "-n", "shop", "-o", "wide", "--no-headers"],
    "table-failing.txt": ["--demo", "--failing"],
    "table-selector.txt": ["--demo", "-l", "app in (web, worker)", "-c", "app"],
    "names.txt": ["--demo", "-n", "shop", "-o", "name"],
    "shop.json": ["--demo", "-n", "shop", "-o", "json"],
    "shop.yaml": ["--demo", "-n", "shop", "-o", "yaml"],
    "details-shop.txt": ["--demo", "-n", "shop", "--details"],
    "deploy-worker.txt": ["--demo", "-n", "shop", "deploy/worker"],
    "deploy-moved.txt": ["--demo", "-n", "shop", "deploy/moved"],
    "named-failing.txt": [
        "-f",
        str(RECORDED / "named.json"),
        "-n",
        "failing",
        "pod/volume",
        "pod/never",
        "pod/invalid-name",
    ],
    "named-malformed.txt": [
        "-f",
        str(RECORDED / "named.json"),
        "-n",
        "failing",
        "pod/private-malformed",
        "pod/tag-missing",
    ],
    "stuck-pods.txt": ["-f", STUCK, "-n", "stuck", *(f"pod/{name}" for name in STUCK_PODS)],
    "stuck-refused.txt": ["-f", STUCK, "-n", "stuck", "deploy/padded", "ds/padded"],
    "stuck-rollouts.txt": ["-f", STUCK, "-n", "stuck", "deploy/rolling", "deploy/pushed", "sts/partitioned"],
    "stuck-pushed.json": ["-f", STUCK, "-n", "stuck", "deploy/pushed", "-o", "json"],
    "image-surprising.txt": ["--image", "localhost:5000/app"],
    "image-short.txt": ["--image", "nginx"],
    "image-tag-and-digest.txt": ["--image", f"nginx:latest@sha256:{'a' * 64}"],
    "image-port.txt": ["--image", "localhost:5000"],
    "image-broken.txt": ["--image", "Nginx", "--policy", "Always"],
    "image.json": ["--image", "registry.example.com/shop/web:1.4", "--policy", "Never", "-o", "json"],
}


def explain(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["explain", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_cluster_is_explained_as_it_was_reviewed(
    name: str, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    code, out, _ = explain(capsys, *CASES[name])
    assert code == 0
    golden(name, out)


def test_the_demo_shows_every_reason_of_the_closed_set() -> None:
    shown = json.loads((GOLDEN / "shop.json").read_text())["items"]
    assert {item["policy"]["reason"] for item in shown} == set(msgspec.inspect.type_info(Reason).values)  # type: ignore[attr-defined]


def test_yaml_says_the_same_as_json() -> None:
    import yaml

    as_json = json.loads((GOLDEN / "shop.json").read_text())
    assert yaml.safe_load((GOLDEN / "shop.yaml").read_text()) == as_json


def comparable(text: str) -> Any:
    """Explanations without what a dump made at another moment cannot share: ages, states, retries."""
    items = json.loads(text)["items"]
    kept = ("namespace", "pod", "container", "containerKind", "image", "reference", "policy", "owner")
    found = [{key: item[key] for key in kept} for item in items if not (item["pod"] or "report").startswith("report")]
    return sorted(found, key=lambda item: (item["pod"], item["container"]))


def test_a_dump_and_a_recording_of_the_same_cluster_are_explained_alike(capsys: pytest.CaptureFixture[str]) -> None:
    _, dump, _ = explain(capsys, "-f", str(RECORDED / "dump.json"), "-o", "json")
    _, recording, _ = explain(capsys, "--demo", "-n", "shop", "-o", "json")
    assert comparable(dump) == comparable(recording)


def test_a_recording_of_a_recording_is_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    again = str(tmp_path / "again.json")
    code, first, _ = explain(capsys, "--demo", "-o", "json", "--record", again)
    assert code == 0
    assert explain(capsys, "-f", again, "-o", "json")[1] == first


def test_no_secret_of_the_test_cluster_is_in_the_recordings() -> None:
    for path in (DEMO, RECORDED / "named.json", RECORDED / "stuck.json"):
        text = path.read_text()
        for secret in ("s3cret", "puller", '"wrong"', "%%%", '".dockerconfigjson"', '"auth"'):
            assert secret not in text


def test_failing_pods_are_counted_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = explain(capsys, "--demo", "-n", "shop")
    assert (
        err
        == "2 of 30 containers cannot pull. In full: kubectl pullpolicy explain --failing --details -n shop --demo\n"
    )


def test_the_command_that_goes_on_reads_the_same_objects(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    again = tmp_path / "it is.json"
    explain(capsys, "--demo", "-n", "shop", "--record", str(again))
    _, _, err = explain(capsys, "-f", str(again), "-l", "app in (worker,web)")
    assert err.endswith(f"kubectl pullpolicy explain --failing --details -A -l 'app in (worker,web)' -f '{again}'\n")


def test_the_context_is_repeated_and_credentials_are_not() -> None:
    connection = ConnectionFlags(context="prod", token="t0ken", as_user="jane")
    request = ReadRequest((), connection, SelectionFlags(), SourceFlags(), OutputFlags(), RegistryFlags())
    assert source_flags(request) == " --context prod --as jane"


def test_nothing_found_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(capsys, "--demo", "-n", "empty") == (0, "", "No resources found in empty namespace.\n")
    assert explain(capsys, "--demo", "-n", "shop", "-l", "app=web", "--failing")[2].startswith("None of 10 containers")


def test_an_empty_list_is_still_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("json", "yaml"):
        code, out, err = explain(capsys, "--demo", "-n", "empty", "-o", form)
        assert (code, err) == (0, "")
        import yaml

        assert yaml.safe_load(out)["items"] == []
