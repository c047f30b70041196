"""The arguments and flags of explain and of diagnose, each as one value that all forms of the command share."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted
from kubectl_pullpolicy.flags.options import (
    ConnectionFlags,
    DiagnoseFlags,
    ExplainFlags,
    OutputFlags,
    ProbeFlags,
    RegistryFlags,
    SelectionFlags,
    SourceFlags,
)


@dataclass(frozen=True)
class ReadRequest:
    """What to read, from where, and how to print it."""

    targets: tuple[str, ...]
    connection: ConnectionFlags
    selection: SelectionFlags
    recording: SourceFlags
    output: OutputFlags
    registries: RegistryFlags


@dataclass(frozen=True)
class DiagnoseRequest(ReadRequest):
    """The command line of diagnose. `messages`: the arguments after `--`, None without `--`."""

    flags: DiagnoseFlags
    probing: ProbeFlags
    messages: Sequence[str] | None = None


@dataclass(frozen=True)
class ExplainRequest(ReadRequest):
    """The command line of explain."""

    flags: ExplainFlags

    @property
    def credentials_wanted(self) -> CredentialsWanted:
        """The containers for which pull secrets are read."""
        if self.flags.no_secrets:
            return "never"
        return "all" if self.flags.credentials or self.flags.probe else "failing"
