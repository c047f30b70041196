"""All rules in their order: what is proved by few words first, what many causes share last.

The node comes first, since its words are its own; then the way; then what the registry said, the tails of its
sentences before the sentences (`pull access denied ...: denied: Your authorization token has expired`).
"""

from kubectl_pullpolicy.core.diagnosis.rules import authorization as access
from kubectl_pullpolicy.core.diagnosis.rules import image as content
from kubectl_pullpolicy.core.diagnosis.rules import network, node, registry
from kubectl_pullpolicy.core.diagnosis.rules.rule import Rules
from kubectl_pullpolicy.core.report.pull_failure import CauseId

RULES = Rules(
    (
        *node.KUBELET_RULES,
        *node.STORE_RULES,
        *node.INSPECT_RULES,
        *network.PROXY_RULES,
        *network.MIRROR_RULES,
        *registry.LIMIT_RULES,
        *registry.POLICY_RULES,
        *content.CONTENT_RULES,
        *network.TLS_RULES,
        *network.NAME_RULES,
        *network.CONNECTION_RULES,
        *network.PATIENCE_RULES,
        *node.UNPACK_RULES,
        *network.CONNECT_RULES,
        *registry.FAULT_RULES,
        *access.CREDENTIAL_RULES,
        *access.ACCESS_RULES,
        *registry.MISSING_RULES,
        *registry.LAST_RULES,
    )
)

# Of several attempts or statements about one image, the one that says most: the one that got furthest, or the most
# exact one. Causes that are not listed say more than all of these.
TELLING: tuple[CauseId, ...] = (
    "Unknown",
    "BackOffOnly",
    "PullSecretMissing",
    "Cancelled",
    "Timeout",
    "NotFoundOrDenied",
    "AuthenticationRequired",
    "CredentialsRejected",
    "Forbidden",
    "CredentialsExpired",
)


def rank(cause: CauseId) -> int:
    """Return how much a cause says beside others; more is more."""
    return TELLING.index(cause) if cause in TELLING else len(TELLING)
