"""The registry client of the flags, with the credentials of this machine."""

from typing import TYPE_CHECKING

from kubectl_pullpolicy.flags.options import RegistryFlags

if TYPE_CHECKING:
    from kubectl_pullpolicy.registry import Resolver


def open_resolver(flags: RegistryFlags) -> "Resolver":
    """Return a resolver with what `docker login` and `podman login` stored. Raises FileError for --registry-ca."""
    from kubectl_pullpolicy.registry import DockerConfigKeychain, Resolver, Settings

    return Resolver(DockerConfigKeychain(), Settings(flags.registry_ca, frozenset(flags.plain_http or ())))
