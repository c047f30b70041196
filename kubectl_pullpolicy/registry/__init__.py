"""What registries answer about image references, asked with the credentials of this machine or of a Pod.

May import: parallel, flags, core.
"""

from kubectl_pullpolicy.registry.docker_config import DockerConfigKeychain
from kubectl_pullpolicy.registry.keychain import ANONYMOUS, Anonymous, Credential, FixedKeychain, Keychain, Password
from kubectl_pullpolicy.registry.pull_secret_keychain import PullSecretKeychain
from kubectl_pullpolicy.registry.resolver import Resolver
from kubectl_pullpolicy.registry.settings import Limits, Settings

__all__ = [
    "ANONYMOUS",
    "Anonymous",
    "Credential",
    "DockerConfigKeychain",
    "FixedKeychain",
    "Keychain",
    "Limits",
    "Password",
    "PullSecretKeychain",
    "Resolver",
    "Settings",
]
