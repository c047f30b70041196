"""explain --probe, from arguments to output, against stubs of the API server and of a registry."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import State, api_server
from tests.harness.stubs.oci import small_image
from tests.harness.stubs.registry import Registry, error, serving

PASSWORD = "s3cret-of-the-test"
CORE = "/api/v1/namespaces/shop"


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A private registry with one image."""
    state = Registry(challenge="Basic", users={"puller": PASSWORD})
    state.push("team/app:1.0", small_image("app"))
    with serving(state):
        yield state


def secret(name: str, *entries: tuple[str, str]) -> dict[str, Any]:
    auths = {server: {"username": "puller", "password": password} for server, password in entries}
    data = {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}
    metadata = {"name": name, "namespace": "shop"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": metadata,
        "data": data,
    }


@pytest.fixture
def state(registry: Registry) -> State:
    """A Pod with two Secrets, the first of which has the wrong password."""
    names = ("wrong", "right")
    spec = {"imagePullSecrets": [{"name": name} for name in names], "serviceAccountName": "default"}
    held = pod(container(image=f"{registry.host}/team/app:1.0"), metadata={"name": "app", "uid": "1"}, spec=spec)
    held["metadata"]["namespace"] = "shop"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}}
    objects = {
        f"{CORE}/pods/app": held,
        f"{CORE}/serviceaccounts/default": account,
        f"{CORE}/secrets/wrong": secret("wrong", (registry.host, "not it")),
        f"{CORE}/secrets/right": secret("right", (registry.host, PASSWORD), ("elsewhere.example.com", "other")),
    }
    return State(objects=objects, lists={f"{CORE}/events": [], f"{CORE}/pods": [held]})


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    with api_server(state) as url:
        yield url


def explain(server: str, *arguments: str) -> int:
    return main(["explain", "--server", server, "-n", "shop", *arguments])


def probe_in(output: str) -> dict[str, Any]:
    [item] = json.loads(output)["items"]
    found: dict[str, Any] = item["probe"]
    return found


def test_the_pods_secrets_are_tried_in_order_and_then_none(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(server, "pod/app", "--probe", "-o", "json") == 0
    probe = probe_in(capsys.readouterr().out)
    assert [(each["credentials"], each["result"]) for each in probe["attempts"]] == [
        ("with Secret wrong", "Unauthorized"),
        ("with Secret right", "Found"),
        ("anonymously", "Unauthorized"),
    ]
    assert probe["platforms"] == ["linux/amd64"]


def test_nothing_secret_is_printed(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ([], ["-o", "json"], ["-o", "yaml"], ["-v", "1"]):
        explain(server, "pod/app", "--probe", *form)
    told = capsys.readouterr()
    for hidden in (PASSWORD, "puller", "not it", base64.b64encode(f"puller:{PASSWORD}".encode()).decode()):
        assert hidden not in told.out + told.err


def test_without_probe_no_registry_is_asked(server: str, registry: Registry) -> None:
    for arguments in (["pod/app"], ["pod/app", "--credentials"], [], ["-o", "json"]):
        explain(server, *arguments)
    assert registry.requests == []


def test_no_secrets_probes_without_credentials(
    server: str, state: State, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(server, "pod/app", "--probe", "--no-secrets", "-o", "json")
    assert [each["result"] for each in probe_in(capsys.readouterr().out)["attempts"]] == ["Unauthorized"]
    assert not [path for path in state.paths() if "secret" in path]
    assert registry.credentials() == []


def test_a_list_with_probe_is_told_in_full(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    explain(server, "--probe")
    assert "  probe     asked from this machine, not from a node" in capsys.readouterr().out


def test_images_of_files_are_asked_for_with_what_docker_login_stored(
    server: str, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "pod.json"
    manifest.write_text(json.dumps(pod(container(image=f"{registry.host}/team/app:1.0"))))
    (tmp_path / ".docker").mkdir()
    auth = base64.b64encode(f"puller:{PASSWORD}".encode()).decode()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    assert main(["explain", "-f", str(manifest), "--probe", "-o", "json"]) == 0
    first, last = probe_in(capsys.readouterr().out)["attempts"]
    assert first["result"] == "Found"
    assert first["credentials"].startswith(f"with the entry {registry.host} of")
    assert (last["credentials"], last["result"]) == ("anonymously", "Unauthorized")


def test_an_image_string_is_probed_without_any_cluster(
    server: str, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.challenge = ""
    assert main(["explain", "--image", f"{registry.host}/team/app:1.1", "--probe"]) == 0
    assert "the repository is there, tag 1.1 is not; the nearest of 1: 1.0" in capsys.readouterr().out


def test_an_image_that_cannot_be_read_is_not_asked_for(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--image", "shop/Web", "--probe", "-o", "json"]) == 0
    [item] = json.loads(capsys.readouterr().out)["items"]
    assert item["probe"] is None


def test_a_registrys_words_cannot_steer_the_terminal(
    server: str, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.answers.append((lambda asked: "/manifests/" in asked.path, error(404, message="\x1b[2J\u202egone")))
    main(["explain", "--image", f"{registry.host}/team/app:1.0", "--probe"])
    told = capsys.readouterr().out
    assert "^[[2J" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--demo", "--probe"], "--probe cannot be used with --demo"),
        (["--probe", "-o", "wide"], "--probe is told in the full text"),
        (["--probe", "-o", "name"], "--probe is told in the full text"),
        (["--probe", "-w"], "--watch cannot be used with --probe"),
        (["--image", "a", "--probe", "--registry-ca", "/nowhere.pem"], "/nowhere.pem: No such file or directory"),
    ],
)
def test_what_does_not_go_together_is_refused(
    server: str, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == 1
    assert words in capsys.readouterr().err


@pytest.fixture
def failing(state: State) -> State:
    """The Pod's pull fails."""
    held = state.objects[f"{CORE}/pods/app"]
    message = "pull access denied: authorization failed: no basic auth credentials"
    waiting = {"reason": "ImagePullBackOff", "message": message}
    held["status"] = {"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": waiting}}]}
    return state


def test_diagnose_probes_the_examples_of_each_cause(
    server: str, failing: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", "--server", server, "-n", "shop", "--probe", "-o", "json"]) == 0
    [incident] = json.loads(capsys.readouterr().out)["items"]
    [example] = incident["examples"]
    assert [(each["credentials"], each["result"]) for each in example["probe"]["attempts"]] == [
        ("with Secret wrong", "Unauthorized"),
        ("with Secret right", "Found"),
        ("anonymously", "Unauthorized"),
    ]
    main(["diagnose", "--server", server, "-n", "shop", "--probe"])
    assert "  probe     asked from this machine, not from a node" in capsys.readouterr().out


def test_diagnose_asks_no_registry_unasked_and_reads_no_secret_where_that_is_forbidden(
    server: str, failing: State, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["diagnose", "--server", server, "-n", "shop", "--no-secrets", "-o", "json"])
    [incident] = json.loads(capsys.readouterr().out)["items"]
    assert incident["examples"][0]["probe"] is None
    assert registry.requests == []
    main(["diagnose", "--server", server, "-n", "shop"])  # a table tells of none
    main(["diagnose", "--server", server, "-n", "shop", "--probe", "--no-secrets"])
    assert not [path for path in failing.paths() if "secret" in path]
    assert registry.credentials() == []
    assert len(registry.requests) > 0


def test_diagnose_of_a_pod_that_is_gone_meanwhile_tells_the_rest(
    server: str, failing: State, capsys: pytest.CaptureFixture[str]
) -> None:
    del failing.objects[f"{CORE}/pods/app"]
    assert main(["diagnose", "--server", server, "-n", "shop", "--probe", "-o", "json"]) == 0
    [incident] = json.loads(capsys.readouterr().out)["items"]
    assert incident["examples"][0]["probe"] is None
