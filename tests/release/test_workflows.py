"""The workflows and the action do as we ask of others: they pin what they use by digest."""

import re
from pathlib import Path

import pytest

from tests.harness import ROOT

FILES = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "action.yml"]


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_every_action_is_pinned_by_digest_with_its_version_beside_it(path: Path) -> None:
    uses = re.findall(r"uses: *(.+)", path.read_text(encoding="utf-8"))
    assert uses
    for used in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} +# v\d+\.\d+\.\d+", used), used


def test_every_system_that_a_release_has_an_archive_for_is_tested() -> None:
    import yaml

    workflows = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
    shipped = set(workflows["release"]["jobs"]["archive"]["strategy"]["matrix"]["runner"])
    tested = set(workflows["ci"]["jobs"]["systems"]["strategy"]["matrix"]["runner"])
    assert {runner for runner in shipped if not runner.startswith("ubuntu")} <= tested
