"""The registries that the flags mean, with the credentials of this machine."""

from typing import TYPE_CHECKING

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.options import OutputFlags, RegistryFlags

if TYPE_CHECKING:
    from kubectl_pullpolicy.registry import Resolver


def open_resolver(flags: RegistryFlags) -> "Resolver":
    """Asks with what `docker login` and `podman login` have stored. Raises FileError for --registry-ca."""
    from kubectl_pullpolicy.registry import DockerConfig, Resolver, Settings

    return Resolver(DockerConfig(), Settings(flags.registry_ca, frozenset(flags.plain_http or ())))


def check_probe(output: OutputFlags, *, probe: bool, demo: bool) -> None:
    """Whether --probe goes with the other flags. Raises UsageError."""
    if probe and demo:
        raise UsageError("--probe cannot be used with --demo: no registry knows its images")
    if probe and output.output in {"name", "wide"}:
        raise UsageError("--probe is told in the full text, and with -o json|yaml")
