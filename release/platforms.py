"""The platforms that there are archives for, in krew's words, and the one that this is."""

import platform
import sys
from typing import NamedTuple

_OS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_ARCH = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class Platform(NamedTuple):
    """os and arch as Go names them."""

    os: str
    arch: str

    @property
    def archive(self) -> str:
        """The file name of its archive."""
        return f"kubectl-pullpolicy-{self.os}-{self.arch}.{'zip' if self.os == 'windows' else 'tar.gz'}"

    @property
    def bin(self) -> str:
        """The program within the archive."""
        return "kubectl-pullpolicy.exe" if self.os == "windows" else "kubectl-pullpolicy"

    @property
    def one_file(self) -> bool:
        """Whether the bundle is one file: on macOS a folder of frameworks has links, which krew refuses in archives."""
        return self.os == "darwin"


def this_platform() -> Platform:
    """The one that this Python runs on."""
    return Platform(_OS[sys.platform], _ARCH[platform.machine().lower()])
