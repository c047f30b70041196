"""A docker-registry of a test's own: it may delete, and ends with the test."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.cluster.layout import LOOPBACK
from tests.harness.cluster.packages import program
from tests.harness.cluster.push import Registry


@contextmanager
def own_registry(folder: Path) -> Iterator[Registry]:
    """Serves on a free port of loopback, without TLS."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port: int = free.getsockname()[1]
    storage = {"filesystem": {"rootdirectory": str(folder / "content")}, "delete": {"enabled": True}}
    config = {"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": {"addr": f"{LOOPBACK}:{port}"}}
    (folder / "registry.yml").write_text(json.dumps(config))
    with (folder / "registry.log").open("wb") as log:
        command = [program("docker-registry"), "serve", str(folder / "registry.yml")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    registry = Registry(port)
    try:
        deadline = time.monotonic() + 20
        while not registry.is_ready():
            assert time.monotonic() < deadline, (folder / "registry.log").read_text()
            time.sleep(0.1)
        yield registry
    finally:
        process.terminate()
        process.wait(20)
