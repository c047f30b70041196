"""What holds for all tests: `--e2e` runs those that need a cluster, `--update-golden` writes what is expected.

`--fuzz N` tries every decoder with N inputs instead of a sample (`python -m benchmarks.fuzz` writes the figures).
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

GOLDEN = Path(__file__).parent / "commands" / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--e2e", action="store_true", help="run the tests that need a real cluster")
    parser.addoption("--long", action="store_true", help="with --e2e: also those that take half an hour (make e2e-all)")
    parser.addoption("--fuzz", type=int, default=0, metavar="N", help="N inputs for each test that hypothesis feeds")
    parser.addoption("--update-golden", action="store_true", help="write the expected outputs anew; read the diff")


def pytest_configure(config: pytest.Config) -> None:
    """A sample of inputs by default; a test that states a number of its own keeps it."""
    examples = config.getoption("--fuzz") or settings.default.max_examples
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("run", max_examples=examples, deadline=None, suppress_health_check=slow)
    settings.load_profile("run")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = "e2e" if not config.getoption("--e2e") else "long" if not config.getoption("--long") else None
    waiting = [item for item in items if left_out is not None and item.get_closest_marker(left_out)]
    if waiting:
        config.hook.pytest_deselected(items=waiting)
        items[:] = [item for item in items if item not in waiting]


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares an output with tests/commands/golden/NAME."""

    def compare(name: str, output: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(output, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == output

    return compare


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the test cluster down if that is wanted: once, after the last worker."""
    is_worker = hasattr(config, "workerinput")
    if config.getoption("--e2e") and not is_worker and os.environ.get("PULLPOLICY_TEST_CLUSTER_DOWN") == "1":
        from tests.harness.cluster import apiserver, lifecycle

        lifecycle.down()
        apiserver.down()
