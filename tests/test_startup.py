"""What the commands may import: start-up time is a feature."""

import json
import subprocess
import sys

import pytest

from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import State, api_server

PROGRAM = """
import sys
from kubectl_pullpolicy.__main__ import main
main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
"""
POD = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "image": "b"}]}}
MANIFEST = json.dumps(POD)


def imported(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, input=MANIFEST, check=True)
    return set(done.stderr.splitlines()[-1].split())


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["explain", "--help"], ["set", "--help"]])
def test_help_and_version_import_nothing_but_typer(arguments: list[str]) -> None:
    heavy = {"kubernetes", "pydantic", "rich", "yaml", "urllib3", "tabulate", "msgspec"}
    assert roots(imported(*arguments)) & heavy == set()


@pytest.mark.parametrize("arguments", [["-f", "-"], ["-f", "-", "-o", "json"], ["--image", "nginx"], ["--demo"]])
def test_explaining_files_needs_no_api_client(arguments: list[str]) -> None:
    modules = imported("explain", *arguments)
    assert roots(modules) & {"kubernetes", "pydantic", "rich", "urllib3"} == set()
    assert "msgspec" in modules


@pytest.mark.parametrize("arguments", [["--", "no such host"], ["-"], ["-o", "json", "--", "no such host"]])
def test_diagnosing_text_needs_no_api_client(arguments: list[str]) -> None:
    modules = imported("diagnose", *arguments)
    assert roots(modules) & {"kubernetes", "pydantic", "rich", "urllib3", "yaml", "tabulate"} == set()


@pytest.mark.parametrize("arguments", [["pin", "--ignore", "*/b"], ["pin"], ["set", "Always"]])
def test_changing_files_needs_no_api_client(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest is JSON, so that no YAML is read; the image's registry is one that does not answer."""
    monkeypatch.setattr(f"{__name__}.MANIFEST", MANIFEST.replace('"b"', '"127.0.0.1:1/b"'))
    modules = imported(*arguments, "-f", "-")
    assert roots(modules) & {"kubernetes", "pydantic", "rich", "tabulate", "yaml"} == set()
    assert ("urllib3" in modules) == (arguments == ["pin"])


# Modules in sys.modules at the end, of which those of the standard library and of other packages depend on versions:
# so only our own are counted.
@pytest.mark.parametrize(
    ("limit", "arguments"),
    [
        (7, ["version"]),
        (7, ["--help"]),
        (7, ["explain", "--help"]),
        (102, ["explain", "--demo"]),
        (99, ["explain", "--demo", "-o", "json"]),
        (67, ["explain", "--image", "nginx"]),
        (106, ["diagnose", "--demo"]),
    ],
)
def test_no_command_loads_more_of_our_modules_than_it_needs(limit: int, arguments: list[str]) -> None:
    ours = {module for module in imported(*arguments) if module.startswith("kubectl_pullpolicy")}
    assert len(ours) <= limit, sorted(ours)


def test_explaining_a_healthy_pod_loads_no_rule_about_failures() -> None:
    state = State(objects={"/api/v1/namespaces/shop/pods/web-1": pod(container())})
    with api_server(state) as url:
        modules = imported("explain", "pod/web-1", "-n", "shop", "-s", url)
    ours = {module for module in modules if module.startswith("kubectl_pullpolicy")}
    assert len(ours) <= 80, sorted(ours)
    assert not {module for module in ours if ".diagnosis" in module or ".plans" in module or ".syntax" in module}
