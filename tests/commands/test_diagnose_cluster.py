"""diagnose of a recording of the real test cluster: the cause of every failing Pod, and the failures grouped."""

import json
from collections.abc import Callable

import pytest

from kubectl_pullpolicy.__main__ import main
from tests.harness.recording.failures import LIMITED, NAMESPACES

# The failing Pods of the other namespaces of the recording, NAMESPACE/POD (without what a controller adds to it).
OTHERS = {
    "failing/tag-missing": "ImageNotFound",
    "failing/repo-missing": "ImageNotFound",
    "failing/private-nosecret": "AuthenticationRequired",
    "failing/private-badsecret": "CredentialsRejected",
    "failing/private-missingsecret": "AuthenticationRequired",
    # It is there, and cannot be parsed.
    "failing/private-malformed": "PullSecretMissing",
    "failing/tls-unknown": "CertificateUnknownAuthority",
    "failing/dns": "NameResolution",
    # Its name leads to a mirror, where nothing listens.
    "failing/refused": "Mirror",
    "failing/dockerhub": "ImageNotFound",
    "failing/bad-digest": "ImageNotFound",
    "failing/tag-digest": "ImageNotFound",
    "failing/invalid-name": "InvalidImageName",
    "failing/platform": "PlatformMismatch",
    "failing/denied": "Forbidden",
    "failing/limited": "RateLimited",
    "failing/broken": "RegistryError",
    "failing/cut": "NetworkUnreachable",
    "failing/never": "ImageNeverPull",
    "failing/init": "ImageNotFound",
    "failing/sidecar": "ImageNotFound",
    "failing/volume": "ImageNotFound",
    "failing/half": "ImageNotFound",
    "stuck/never-private": "ImageNeverPull",
    "stuck/rolling": "ImageNotFound",
    "shop/worker": "AuthenticationRequired",
}
EXPECTED = OTHERS | {
    "registries/limited": LIMITED.cause,
    **{f"{namespace}/{name}": each.cause for namespace, table in NAMESPACES.items() for name, each in table.items()},
}


def diagnose(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["diagnose", "--demo", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_every_failing_pod_of_the_recording_has_its_true_cause(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--demo", "--failing", "-o", "json"]) == 0
    found = {}
    for item in json.loads(capsys.readouterr().out)["items"]:
        name = item["owner"]["name"] if item["owner"] is not None else item["pod"]
        found[f"{item['namespace']}/{name}"] = item["status"]["cause"]
    assert found == EXPECTED


CASES = {
    "incidents.txt": [],
    "incidents-wide.txt": ["-o", "wide", "-n", "registries", "--no-headers"],
    "incidents-full.txt": ["--details", "-n", "registries"],
    "incidents-network.txt": ["--details", "-n", "network"],
    "incidents-target.txt": ["deploy/worker", "-n", "shop"],
    "incidents.json": ["-o", "json"],
    "incidents.yaml": ["-o", "yaml", "-n", "shop"],
    "incidents-names.txt": ["-o", "name", "-n", "shop"],
}


@pytest.mark.parametrize("name", CASES)
def test_failures_are_grouped_as_it_was_reviewed(
    name: str, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    code, out, _ = diagnose(capsys, *CASES[name])
    assert code == 0
    golden(name, out)


def test_the_closing_line_counts_causes_and_pods(capsys: pytest.CaptureFixture[str]) -> None:
    err = diagnose(capsys, "-n", "shop")[2]
    assert err.startswith("1 cause, 2 of 20 Pods. In full: kubectl pullpolicy diagnose --details -n shop --demo,")


def test_what_is_well_is_no_incident(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = diagnose(capsys, "-n", "shop", "-l", "app=web")
    assert (code, out) == (0, "")
    assert err.startswith("None of ")
    assert err.endswith(" Pods in shop namespace waits for its image.\n")
    assert diagnose(capsys, "-n", "empty") == (0, "", "No resources found in empty namespace.\n")


def test_no_incident_is_still_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = diagnose(capsys, "-n", "shop", "-l", "app=web", "-o", "json")
    assert json.loads(out)["items"] == []
    assert err == ""


def test_a_kind_means_the_pods_of_its_workloads(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(diagnose(capsys, "deploy", "-n", "shop", "-o", "json")[1])["failingPods"] == 2
    assert json.loads(diagnose(capsys, "ds", "-n", "shop", "-o", "json")[1])["failingPods"] == 0


def test_counts_of_the_list_are_those_of_explain(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "--demo", "--failing", "-o", "json"])
    pods = {(item["namespace"], item["pod"]) for item in json.loads(capsys.readouterr().out)["items"]}
    found = json.loads(diagnose(capsys, "-o", "json")[1])
    assert found["failingPods"] == len(pods)
    assert sum(item["pods"] for item in found["items"]) >= len(pods)


def test_pull_secrets_are_told_in_full_and_none_is_read_where_that_is_forbidden(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = "registry.gitlab.com: matches registry.gitlab.com/forbidden/web, offered"
    assert told in diagnose(capsys, "pod/gitlab-denied", "-n", "registries")[1]
    out = diagnose(capsys, "pod/gitlab-denied", "-n", "registries", "--no-secrets")[1]
    assert out.startswith("Forbidden at registry.gitlab.com (GitLab): 1 Pod")
    assert "secrets " not in out


@pytest.mark.parametrize("given", [["-", "pod/x"], ["--demo", "--", "x"], ["-f", "x", "-"]])
def test_text_and_a_cluster_do_not_go_together(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", *given]) == 1
    assert capsys.readouterr().err.startswith("error: ")
