"""The registry edge: a small client of the OCI distribution protocol, and the credentials for it.

    resolver = Resolver(DockerConfig())             # or PullSecrets([(name, document), ...]), or Fixed((credential,))
    resolver.resolve(references)    # dict of ImageReference -> Resolved | Failure, in parallel
    resolver.platforms(reference)   # tuple of Platform | Failure
    resolver.tags(reference)        # tuple of tags | Failure

Nothing raises for what a registry does: a Failure is an answer.
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
