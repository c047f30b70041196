"""Gives the machine its kernel settings back: the kubelet and the CNI plugin change some without being asked."""

import json
from contextlib import suppress
from pathlib import Path

from tests.harness.cluster.layout import RunFolder

_CHANGED = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/ip_forward",
)
_SYSCTLS = Path("/proc/sys")


def remember(run: RunFolder) -> None:
    """Write down the values of before."""
    values = {name: (_SYSCTLS / name).read_text() for name in _CHANGED if (_SYSCTLS / name).exists()}
    _file(run).write_text(json.dumps(values))


def restore(run: RunFolder) -> None:
    """Set what differs from before."""
    if not _file(run).exists():
        return
    for name, value in json.loads(_file(run).read_text()).items():
        setting = _SYSCTLS / name
        if setting.read_text() != value:
            with suppress(OSError):  # read-only in some containers, where it cannot have changed either
                setting.write_text(value)


def _file(run: RunFolder) -> Path:
    return run.path / "sysctls.json"
