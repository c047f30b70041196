"""Completion in the shells that people type in, each in a terminal of its own, through kubectl's own completion."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, pod
from tests.harness.cluster.packages import install

pytestmark = pytest.mark.e2e

SHELLS = {
    "bash": "source /usr/share/bash-completion/bash_completion; source <(kubectl completion bash)",
    "zsh": "autoload -U compinit; compinit -D; source <(kubectl completion zsh)",
    "fish": "kubectl completion fish | source",
}
PLAIN = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}


class Terminal:
    """A shell in a terminal that tmux keeps; `server` is a socket of the test's own."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self._server = str(folder / f"tmux-{uuid.uuid4().hex[:8]}")
        self._environment = environment
        self._tmux("new-session", "-d", "-x", "150", "-y", "50", *command)

    def keys(self, *keys: str) -> None:
        """Press these keys."""
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        """What stands on it now."""
        return self._tmux("capture-pane", "-p")

    def close(self) -> None:
        """End the shell."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", self._server, "-f", "/dev/null", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=True, timeout=30)
        return done.stdout


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Path:
    """A folder with kubectl, the plugin and its completion, as an installation leaves them on PATH."""
    install("tmux", "zsh", "fish", "bash-completion")
    folder = tmp_path_factory.mktemp("tools")
    scripts = Path(sys.executable).parent
    for name, program in {
        "kubectl": Path(cluster.kubectl_program),
        "kubectl-pullpolicy": scripts / "kubectl-pullpolicy",
        "kubectl_complete-pullpolicy": scripts / "kubectl_complete-pullpolicy",
    }.items():
        (folder / name).symlink_to(program)
    return folder


@pytest.fixture(params=sorted(SHELLS))
def terminal(request: pytest.FixtureRequest, namespace: Cluster, tools: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that completes kubectl."""
    shell = request.param
    environment = namespace.environment | {
        "PATH": f"{tools}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(tmp_path),
        "TERM": "screen",
        "LC_ALL": "C.UTF-8",
    }
    program = shutil.which(shell)
    assert program
    opened = Terminal(tmp_path, [program, *PLAIN[shell]], environment)
    try:
        opened.keys(f"{SHELLS[shell]}; echo rea''dy", "Enter")
        namespace.wait_for(lambda: "\nready" in opened.screen(), 30, f"{shell} to be ready")
        yield opened
    finally:
        opened.close()


def test_a_verb_a_kind_a_name_and_a_container_are_completed(terminal: Terminal, namespace: Cluster) -> None:
    namespace.apply(pod("web-frontend", container(WEB)))

    def completes(typed: str, shown: str) -> None:
        terminal.keys("C-u")
        terminal.keys("-l", f"kubectl pullpolicy {typed}")
        terminal.keys("Tab")
        namespace.wait_for(lambda: f"kubectl pullpolicy {shown}" in terminal.screen(), 30, f"{typed} to become {shown}")

    completes("expl", "explain")
    completes("explain --all-n", "explain --all-namespaces")
    completes("explain daem", "explain daemonsets")
    completes("explain pod/web-f", "explain pod/web-frontend")
    completes("explain pod web-f", "explain pod web-frontend")
    completes("explain pod/web-frontend -c ma", "explain pod/web-frontend -c main")


def test_kubectl_is_told_names_and_no_files(namespace: Cluster, tools: Path) -> None:
    namespace.apply(pod("web", container(WEB)))

    def completed(*words: str) -> list[str]:
        command = [str(tools / "kubectl"), "__complete", "pullpolicy", *words]
        environment = namespace.environment | {"PATH": str(tools)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

    assert completed("explain", "pods", "") == ["web", ":4"]
    assert completed("explain", "pod/") == ["pod/web", ":4"]
    assert namespace.name in completed("explain", "-n", "")
    assert completed("explain", "pods", "", "--server=https://127.0.0.1:1")[-1] == ":4"
