"""What kubectl is told when somebody presses TAB: words of ours without a request, names of the cluster with one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_pullpolicy.commands.completion import SCRIPT
from kubectl_pullpolicy.completion import complete
from tests.test_startup import imported, roots

CONFIG = """
{"current-context": "one",
 "contexts": [{"name": "one", "context": {"cluster": "near"}}, {"name": "two", "context": {}}],
 "clusters": [{"name": "near", "cluster": {"server": "http://127.0.0.1:1"}}]}
"""


def candidates(*words: str) -> list[str]:
    """The candidates without their help and without the directive."""
    return [line.partition("\t")[0] for line in complete(words).splitlines()[:-1]]


def directive(*words: str) -> str:
    return complete(words).splitlines()[-1]


def test_the_verbs_are_offered_first() -> None:
    assert {"explain", "version", "completion"} <= set(candidates(""))
    assert candidates("expl") == ["explain"]


def test_flags_are_offered_after_a_dash() -> None:
    assert candidates("explain", "--all-n") == ["--all-namespaces"]


def test_kinds_are_offered_as_targets() -> None:
    assert candidates("explain", "dep") == ["deployments"]
    assert candidates("explain", "deploy") == ["deployments", "deploy/"]
    assert {"pods", "cronjobs"} <= set(candidates("explain", ""))


def test_policies_and_formats_are_offered() -> None:
    assert candidates("explain", "--image", "nginx", "--policy", "") == ["Always", "IfNotPresent", "Never"]
    assert candidates("explain", "-o", "y") == ["yaml"]
    assert candidates("set", "") == ["Always", "IfNotPresent", "Never", "Default"]
    assert candidates("set", "Always", "dep") == ["deployments"]
    assert {"json", "name"} <= set(candidates("set", "Always", "-o", ""))
    assert candidates("retry", "--dry-run", "s") == ["server"]


def test_contexts_come_from_the_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert candidates("explain", "--context", "") == ["one", "two"]
    assert candidates("explain", "--context=t") == ["two"]


@pytest.mark.parametrize("words", [("explain", "-n", ""), ("explain", "pod/"), ("explain", "pod/x", "-c", "")])
def test_a_server_that_does_not_answer_is_silence(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert complete(words) == ":4\n"


def test_a_file_is_left_to_the_shell() -> None:
    assert directive("explain", "-f", "") == ":0"
    assert directive("explain", "") == ":4"


def test_completing_words_of_our_own_imports_nothing_heavy() -> None:
    heavy = {"kubernetes", "pydantic", "rich", "yaml", "urllib3", "tabulate"}
    assert roots(imported("__complete", "explain", "--all")) & heavy == set()


def test_the_printed_script_is_one_that_a_shell_reads() -> None:
    subprocess.run(["sh", "-n"], input=SCRIPT, text=True, check=True)


def test_the_console_script_does_the_same() -> None:
    script = Path(sys.executable).parent / "kubectl_complete-pullpolicy"
    done = subprocess.run([script, "expl"], capture_output=True, text=True, check=True)
    assert done.stdout == complete(["expl"])


@pytest.mark.parametrize("name", ["$(touch hacked)", "`touch hacked`", "a\nb", "a\x1b[2J", "a\u202eb", "a;b", "a'b"])
def test_names_that_a_shell_or_a_terminal_would_obey_are_not_offered(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    contexts = [{"name": each, "context": {}} for each in (name, "user@arn:aws:eks:eu-west-1:1:cluster/x y")]
    config.write_text(json.dumps({"contexts": contexts}))
    monkeypatch.setenv("KUBECONFIG", str(config))
    assert candidates("explain", "--context", "") == ["user@arn:aws:eks:eu-west-1:1:cluster/x y"]
