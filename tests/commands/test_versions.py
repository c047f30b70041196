"""Where releases of Kubernetes and containerd differ: the same Pods recorded on each, and what is said of them."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from tests.harness import RECORDED
from tests.harness.cluster.versions import ALL, Versions
from tests.harness.recording.versions import NAMESPACE, name_of, targets

every_version = pytest.mark.parametrize("versions", ALL, ids=name_of)


def path_of(versions: Versions) -> Path:
    return RECORDED / "versions" / f"{name_of(versions)}.json"


@cache
def recorded(versions: Versions) -> dict[str, Any]:
    """The recording."""
    found: dict[str, Any] = json.loads(path_of(versions).read_text())
    return found


def pod(versions: Versions, name: str) -> dict[str, Any]:
    """A recorded Pod."""
    objects = recorded(versions)["objects"]
    return next(each for each in objects if each["kind"] == "Pod" and each["metadata"]["name"] == name)


def waiting(versions: Versions, name: str) -> dict[str, Any]:
    """What its container waits for."""
    found: dict[str, Any] = pod(versions, name)["status"]["containerStatuses"][0]["state"].get("waiting", {})
    return found


def messages(versions: Versions, name: str, reason: str) -> list[str]:
    """The messages of its events of this reason."""
    events = (each for each in recorded(versions)["objects"] if each["kind"] == "Event")
    return [e["message"] for e in events if e["involvedObject"]["name"] == name and e["reason"] == reason]


def explained(versions: Versions, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The explanation of its container."""
    assert main(["explain", "-f", str(path_of(versions)), "-n", NAMESPACE, f"pod/{name}", "-o", "json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    return next(item for item in items if item["container"] == "main")


@every_version
def test_what_was_recorded_is_explained_as_it_was_reviewed(
    versions: Versions, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    assert main(["explain", "-f", str(path_of(versions)), "-n", NAMESPACE, *targets(versions)]) == 0
    golden(f"versions/{name_of(versions)}.txt", capsys.readouterr().out)


@every_version
def test_a_back_off_holds_the_cause_from_1_32_and_an_event_tells_it_before(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    state = waiting(versions, "missing")
    assert state["reason"] == "ImagePullBackOff"
    bare = 'Back-off pulling image "registry.example.com/shop/web:nope"'
    assert state["message"].startswith(bare)
    assert (state["message"] == bare) == (versions.minor < 32)
    diagnosis = explained(versions, "missing", capsys)["diagnosis"]
    assert diagnosis["cause"] == "ImageNotFound"
    assert diagnosis["spoke"].startswith("waiting message" if versions.minor >= 32 else "event of ")


@every_version
def test_a_malformed_pull_secret_is_the_waiting_reason_from_1_33(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = "illegal base64 data at input byte 0"
    assert (waiting(versions, "malformed")["reason"] == raw) == (versions.minor >= 33)
    found = explained(versions, "malformed", capsys)
    assert found["status"]["pullFailing"] is True
    assert found["diagnosis"]["cause"] == "PullSecretMissing"


@every_version
def test_a_private_image_on_the_node_is_refused_to_strangers_from_1_35(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = versions.minor >= 35
    stranger, never = (explained(versions, name, capsys) for name in ("stranger", "never"))
    assert stranger["onNode"]["digest"].startswith("sha256:")
    assert stranger["status"]["pullFailing"] is never["status"]["pullFailing"] is refused
    if refused:
        assert never["status"]["reason"] == "ErrImageNeverPull"
        assert "only with the same credentials" in stranger["onNode"]["refusal"]
    else:
        assert "any Pod of the node may run it" in stranger["policy"]["nextStart"]
        assert messages(versions, "stranger", "Pulled")[0].endswith("already present on machine")


@every_version
def test_a_missing_pull_secret_is_told_of_healthy_pods_up_to_1_36(versions: Versions) -> None:
    told = messages(versions, "web", "FailedToRetrieveImagePullSecret")
    assert bool(told) == (versions.minor <= 36)


@every_version
def test_a_pod_has_a_generation_from_1_33(versions: Versions) -> None:
    assert ("generation" in pod(versions, "web")["metadata"]) == (versions.minor >= 33)


@every_version
def test_the_words_of_containerd_changed_with_2_0_and_the_causes_did_not(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    (failed,) = {m for m in messages(versions, "missing", "Failed") if m.startswith("Failed to pull image")}
    old = versions.uses_debians_containerd
    assert ("failed to resolve reference" in failed) == old
    assert ("failed to resolve image" in failed) == (not old)
    causes = {name: explained(versions, name, capsys)["diagnosis"]["cause"] for name in ("platform", "forbidden")}
    assert causes == {"platform": "PlatformMismatch", "forbidden": "Forbidden"}


@every_version
def test_an_image_volume_is_mounted_where_there_are_any(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    if versions.minor < 33:
        assert "pod/volume" not in targets(versions)
        return
    assert main(["explain", "-f", str(path_of(versions)), "-n", NAMESPACE, "pod/volume", "-o", "json"]) == 0
    found = {item["container"]: item for item in json.loads(capsys.readouterr().out)["items"]}
    assert found["assets"]["status"]["state"] == "mounted"
