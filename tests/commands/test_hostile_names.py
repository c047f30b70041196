"""Names of dumps never become options of printed commands, lines of the screen, or text that is not seen."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main

MESSAGE = 'Back-off pulling image "{0}": ErrImagePull: failed to resolve reference "{0}": {1}'
CAUSES = (
    "failed to authorize: no basic auth credentials",
    "toomanyrequests: too many requests",
    "pull access denied",
    "dial tcp: lookup registry.example.com: no such host",
    "x509: certificate signed by unknown authority",
)
# What a kubectl would take for an option, or no API server would store.
OPTIONS = ("--kubeconfig=./evil", "-A", "--all", "-n=kube-system", "-", "--", "-l=a=b", "--as=admin")
REFUSED = ("UPPER", "a_b", "a/b", "..", "a b", "$(id)", "a\nb", "\u200bweb", "we\u00adb", "x" * 300)
PLACES = ("pod", "namespace", "container", "owner", "kind", "node", "secret", "account", "image", "configmap", "class")


def dump(places: dict[str, str], cause: str = CAUSES[0], reason: str = "ImagePullBackOff") -> dict[str, Any]:
    """A Pod whose pull fails, with these names in these places."""
    image = places.get("image", "registry.example.com/shop/web:1")
    container = places.get("container", "app")
    owner = {
        "apiVersion": "apps/v1" if "kind" not in places else "evil.example.com/v1",
        "kind": places.get("kind", "DaemonSet"),
        "name": places.get("owner", "web"),
        "uid": "owner",
        "controller": True,
    }
    metadata = {
        "name": places.get("pod", "web-0"),
        "namespace": places.get("namespace", "shop"),
        "uid": "pod",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "ownerReferences": [owner] if {"owner", "kind"} & places.keys() else [],
    }
    message = MESSAGE.format(image, cause)
    if "configmap" in places:
        reason, message = "CreateContainerConfigError", f'configmap "{places["configmap"]}" not found'
    state = {"waiting": {"reason": reason, "message": message}}
    spec = {
        "nodeName": places.get("node", "node-1"),
        "runtimeClassName": places.get("class", "fast"),
        "serviceAccountName": places.get("account", "default"),
        "imagePullSecrets": [{"name": places.get("secret", "regcred")}],
        "containers": [{"name": container, "image": image, "imagePullPolicy": "Always"}],
    }
    status = {"phase": "Pending", "containerStatuses": [{"name": container, "image": image, "state": state}]}
    events = [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "e", "namespace": metadata["namespace"], "uid": "event"},
            "involvedObject": {"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"]},
            "reason": "FailedToRetrieveImagePullSecret",
            "message": f"Unable to retrieve some image pull secrets ({places.get('secret', 'regcred')}); attempting",
        }
    ]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
    return {"apiVersion": "v1", "kind": "List", "items": [pod, *events]}


def screens(capsys: pytest.CaptureFixture[str], path: Path, *verbs: tuple[str, ...]) -> str:
    for verb in verbs or (("explain",), ("explain", "--details"), ("diagnose",), ("diagnose", "--details")):
        main([*verb, "-f", str(path)])
    return capsys.readouterr().out


def commands(text: str) -> list[list[str]]:
    """The commands of a screen, as a shell splits them."""
    lines = re.findall(r"^ *((?:kubectl|crictl) [^:\n]*(?:\n(?! ).*)*)$", text, re.M)
    return [shlex.split(part) for line in lines for part in re.split(r" \| | && ", line)]


def dumps(place: str, names: tuple[str, ...]) -> dict[str, Any]:
    """A Pod for each name and cause, with the name in that place."""
    items = []
    for number, (name, cause) in enumerate(
        (name, cause) for name in names for cause in CAUSES[: 5 if place == "secret" else 2]
    ):
        pod, event = dump({"pod": f"web-{number}"} | {place: name}, cause)["items"]
        pod["metadata"]["uid"] = event["metadata"]["uid"] = f"uid-{number}"
        items += [pod, event]
    return {"apiVersion": "v1", "kind": "List", "items": items}


@pytest.mark.parametrize("place", PLACES)
def test_no_command_repeats_a_name_that_the_api_refuses(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(dumps(place, OPTIONS + REFUSED)))
    names = OPTIONS if place == "image" else OPTIONS + REFUSED
    endings = tuple(f"/{name}" for name in names)
    for words in commands(screens(capsys, path, ("explain", "--details"), ("diagnose", "--details"))):
        known = {"--"} & set(names) if words[:3] == ["kubectl", "pullpolicy", "diagnose"] else set()
        assert not [word for word in words if word in set(names) - known or word.endswith(endings)], words


@pytest.mark.parametrize("place", ["pod", "namespace", "container", "owner", "node"])
def test_one_sentence_says_why_there_is_no_command(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(dump({place: "--all"})))
    told = screens(capsys, path, ("explain", "--details"))
    assert told.count('no commands: the API server refuses the name "--all"') == 1
    assert "kubectl" not in told


@pytest.mark.parametrize("name", ["web-0", "a.b-c.example.com", "0", "x" * 253])
def test_good_names_have_their_commands(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(dump({"pod": name})))
    told = screens(capsys, path, ("explain", "--details"))
    assert f"kubectl get pod {name} -n shop -o yaml" in told
    assert "no commands" not in told


@pytest.mark.parametrize("place", PLACES)
def test_a_line_break_in_a_name_begins_no_line(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(dump({place: "a\nSPOOFED b"})))
    lines = screens(capsys, path).splitlines()
    found = [line for line in lines if line.lstrip().startswith("SPOOFED")]
    if place in {"image", "configmap"}:  # a message is shown with its own lines
        found = [line for line in found if '"' not in line]
    assert found == []


@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_seen_is_escaped(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dump.json"
    unseen = "\u200b\u200f\u2060\u00ad\ufeff\U000e0041\u180e\u202e"
    path.write_text(json.dumps(dump({place: f"a{unseen}b"})))
    outputs = (*(("explain", "-o", form) for form in ("json", "yaml", "name")), ("diagnose", "-o", "json"))
    assert not set(unseen) & set(screens(capsys, path) + screens(capsys, path, *outputs))


@pytest.mark.parametrize("name", OPTIONS)
def test_a_described_pod_with_an_option_for_a_name_gets_no_command(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in (f"Name: {name}\nNamespace: shop\n", f"Name: web\nNamespace: {name}\n"):
        main(["diagnose", "--", text + 'Failed to pull image "a.example.com/b:1": no basic auth credentials'])
        main(["diagnose", "--", text + 'Back-off pulling image "a.example.com/b:1"'])
    assert not [words for words in commands(capsys.readouterr().out) if name in words]
