"""The cause of every pull that fails on the real node: in lists, in full, and by the text of kubectl."""

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

FAILING = Path(__file__).parents[1] / "harness" / "recording" / "manifests" / "failing.yaml"
# Registries that containerd reaches by a hosts.toml answer as mirrors do: with ?ns= in the URL.
CAUSES = {
    "tag-missing": {"ImageNotFound"},
    "repo-missing": {"ImageNotFound"},
    "private-nosecret": {"AuthenticationRequired"},
    "private-badsecret": {"CredentialsRejected", "Mirror"},
    "private-missingsecret": {"AuthenticationRequired"},
    "private-malformed": {"PullSecretMissing"},
    "tls-unknown": {"CertificateUnknownAuthority", "Mirror"},
    "dns": {"NameResolution"},
    "refused": {"ConnectionRefused", "Mirror"},
    "bad-digest": {"ImageNotFound"},
    "tag-digest": {"ImageNotFound"},
    "invalid-name": {"InvalidImageName"},
    "platform": {"PlatformMismatch"},
    "never": {"ImageNeverPull"},
    "half": {"ImageNotFound"},
}


def causes(written: str) -> dict[str, str]:
    """The cause of each failing Pod."""
    items = json.loads(written)["items"]
    return {item["pod"]: item["status"]["cause"] for item in items if item["status"]["pullFailing"]}


def test_every_failing_pod_has_its_cause(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    namespace.kubectl("apply", "-f", str(FAILING))

    def told() -> bool:
        found = causes(pullpolicy("explain", "-o", "json"))
        return found.keys() >= CAUSES.keys() and "BackOffOnly" not in found.values()

    cluster.wait_for(told, 120, "a cause for every failing Pod")
    listed = causes(pullpolicy("explain", "-o", "json"))
    named = causes(pullpolicy("explain", "-o", "json", *(f"pod/{name}" for name in CAUSES)))
    assert {name: cause for name, cause in named.items() if cause not in CAUSES[name]} == {}
    assert {name: listed[name] for name in CAUSES} == named
    missing = json.loads(pullpolicy("explain", "-o", "json", "pod/private-missingsecret"))["items"][0]
    assert missing["diagnosis"]["missingSecrets"], missing["diagnosis"]
    _diagnosed_by_text(namespace, pullpolicy, named)


def _diagnosed_by_text(namespace: Any, pullpolicy: Any, named: dict[str, str]) -> None:
    """What kubectl prints of the same Pods tells the same causes."""
    described = "\n".join(namespace.kubectl("describe", "pod", name) for name in named)
    for text in (described, namespace.kubectl("get", "events")):
        items = json.loads(pullpolicy("diagnose", "-", "-o", "json", input=text))["items"]
        by_pod = {pod.removeprefix("pod/"): item["cause"] for item in items for pod in item["pods"]}
        told = {name: by_pod[name] for name in named if name in by_pod and by_pod[name] != "PullSecretMissing"}
        assert len(told) > len(named) // 2
        assert {name: cause for name, cause in told.items() if cause not in CAUSES[name]} == {}
