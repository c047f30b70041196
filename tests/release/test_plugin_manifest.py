"""plugin.yaml by krew's rules, restated: its validator takes no file of that name, and is not everywhere.

Source: sigs.k8s.io/krew internal/index/validation/validate.go and cmd/validate-krew-manifest/main.go.
"""

import re
from typing import Any

import pytest

from kubectl_pullpolicy import __version__
from release import ROOT
from release.manifest import filled
from release.platforms import Platform

# krew internal/installation/platform.go and the validator's own list.
KNOWN = {
    ("linux", "amd64"), ("linux", "arm64"), ("linux", "arm"), ("linux", "386"), ("linux", "ppc64le"),
    ("darwin", "amd64"), ("darwin", "arm64"), ("windows", "amd64"), ("windows", "386"), ("windows", "arm64"),
}  # fmt: skip
SUM = "a" * 64


@pytest.fixture
def plugin() -> dict[str, Any]:
    import yaml

    loaded: dict[str, Any] = yaml.safe_load((ROOT / "plugin.yaml").read_text())
    return loaded


def test_the_head_is_that_of_a_plugin(plugin: dict[str, Any]) -> None:
    assert plugin["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert plugin["kind"] == "Plugin"
    assert plugin["metadata"] == {"name": "pullpolicy"}


def test_version_and_descriptions_are_there(plugin: dict[str, Any]) -> None:
    spec = plugin["spec"]
    assert spec["version"] == f"v{__version__}"
    assert re.fullmatch(r"v\d+\.\d+\.\d+(-[\w.]+)?", spec["version"])
    assert spec["shortDescription"]
    assert "\n" not in spec["shortDescription"]
    assert len(spec["shortDescription"]) <= 59
    assert spec["description"]


def test_each_platform_is_selected_once_and_is_one_that_krew_knows(plugin: dict[str, Any]) -> None:
    pairs = []
    for platform in plugin["spec"]["platforms"]:
        assert set(platform["selector"]) == {"matchLabels"}
        labels = platform["selector"]["matchLabels"]
        assert set(labels) == {"os", "arch"}
        pairs.append((labels["os"], labels["arch"]))
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) <= KNOWN


def test_each_platform_has_address_sum_and_program(plugin: dict[str, Any]) -> None:
    for platform in plugin["spec"]["platforms"]:
        labels = platform["selector"]["matchLabels"]
        expected = Platform(labels["os"], labels["arch"])
        assert platform["uri"].startswith("https://")
        assert platform["uri"].endswith(f"/v{__version__}/{expected.archive}")
        assert re.fullmatch(r"[0-9a-f]{64}", platform["sha256"])
        assert platform["bin"] == expected.bin
        # Without `files` everything is installed, the licence too.
        assert "files" not in platform


def test_a_release_fills_in_its_values_and_nothing_else() -> None:
    import yaml

    template = (ROOT / "plugin.yaml").read_text()
    text = filled(template, "1.2.3", "someone/kubectl-pullpolicy", {("linux", "arm64"): SUM})
    old, new = yaml.safe_load(template), yaml.safe_load(text)
    assert new["spec"]["version"] == "v1.2.3"
    uris = [platform["uri"] for platform in new["spec"]["platforms"]]
    assert all("/someone/kubectl-pullpolicy/releases/download/v1.2.3/" in uri for uri in uris)
    sums = [platform["sha256"] for platform in new["spec"]["platforms"]]
    assert sums == ["0" * 64, SUM, "0" * 64, "0" * 64, "0" * 64]
    assert new["spec"]["description"] == old["spec"]["description"]
    assert len(text.splitlines()) == len(template.splitlines())


def test_the_licence_stands_where_the_archive_takes_it_from() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text().splitlines()[1]
