"""The causes of a failed image pull, in one table, and the sets of causes that belong together.

`core.diagnosis.rules` finds the cause in a text, `core.diagnosis.remedies` has the fixes.
"""

from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.report.pull_failure import CauseId


class Cause(NamedTuple):
    """One cause: what it means in one sentence, and who can fix it.

    `transient`: retries can succeed without a change; None if that depends on more than the cause.
    `fault`: where the cause is. "credentials": better credentials may fix it. "node": the same for every registry.
    "local": found on the node, but not the same for every registry. "registry": all others.
    """

    id: CauseId
    meaning: str
    transient: bool | None
    who: str
    fault: Literal["credentials", "node", "local", "registry"] = "registry"


# fmt: off
_TABLE = (
    Cause("NotFoundOrDenied", "the registry does not tell whether the repository is missing or private",
          False, "you: image name, or pull secret", "credentials"),
    Cause("ImageNotFound", "the registry has no such repository, tag or digest",
          False, "you: image name; or who publishes it"),
    Cause("AuthenticationRequired", "the registry wants credentials and got none",
          False, "you: pull secret, or the node's credentials", "credentials"),
    Cause("CredentialsRejected", "the registry refuses the credentials that it was given",
          False, "you: the pull secret's content", "credentials"),
    Cause("CredentialsExpired", "the time of the token that was given to the registry has run out",
          False, "you: refresh the pull secret", "credentials"),
    Cause("Forbidden", "the registry knows who asks and does not allow it",
          False, "who grants rights at the registry", "credentials"),
    Cause("RateLimited", "the registry answers too many requests",
          True, "you: log in or use a mirror"),
    Cause("NameResolution", "the node cannot resolve the host's name",
          None, "you: host name; or who runs the node's DNS"),
    Cause("ConnectionRefused", "nothing listens at that host and port",
          True, "who runs the registry or the node's network"),
    Cause("Timeout", "the answer did not come in time",
          True, "who runs the node's network or the registry"),
    Cause("NetworkUnreachable", "the network between node and registry breaks or leads nowhere",
          True, "who runs the node's network"),
    Cause("CertificateUnknownAuthority", "the node does not trust who signed the registry's certificate",
          False, "who runs the node: its trusted authorities"),
    Cause("CertificateNameMismatch", "the certificate is for other names than the host that was asked",
          False, "you: host name; or who runs the registry"),
    Cause("CertificateExpired", "the certificate is not valid at the time that the node's clock shows",
          False, "who runs the registry; or the node's clock"),
    Cause("TLSFailure", "node and registry cannot agree on TLS",
          False, "who runs the registry: port and TLS settings"),
    Cause("HTTPSExpected", "one side speaks plain HTTP where the other expects HTTPS",
          False, "who runs the node: the runtime's registry configuration"),
    Cause("Proxy", "a proxy between node and registry refuses or fails",
          None, "who runs the node: its proxy settings", "local"),
    Cause("PlatformMismatch", "the image has no variant for the node's operating system and processor",
          False, "who builds the image; or you: a nodeSelector", "local"),
    Cause("UnsupportedMediaType", "the runtime cannot read this kind of manifest or layer",
          False, "who builds the image; or a newer runtime"),
    Cause("InvalidImageName", "the image string is no image reference",
          False, "you: image name", "local"),
    Cause("ImageNeverPull", "the policy is Never, and the node does not have the image, or this Pod may not use it",
          False, "you: policy, or put the image on the node", "local"),
    Cause("DiskFull", "the node's disk is full or fails",
          False, "who runs the node: its storage", "node"),
    Cause("CorruptLayer", "what arrived, or what the node holds of the image, is damaged",
          None, "who runs the node, or who publishes the image", "local"),
    Cause("UnpackFailed", "the image arrived, and this node cannot unpack it",
          False, "who runs the node: its file system; or who builds the image", "local"),
    Cause("BlobNotFound", "the manifest is there, one of its layers or its config is not",
          False, "who runs the registry, or the cache before it"),
    Cause("RegistryError", "the registry fails: the fault is on its side",
          True, "who runs the registry"),
    Cause("PullQPSExceeded", "the kubelet's own limit of pulls a second (registryPullQPS) is reached",
          True, "nobody need: it passes; or who runs the kubelet", "node"),
    Cause("SignatureValidation", "the node's signature policy refuses the image",
          False, "who signs the image; or who runs the node: its policy", "local"),
    Cause("CredentialProvider", "a credential provider plugin of the kubelet failed",
          None, "who runs the node: the plugin", "node"),
    Cause("PullSecretMissing", "a Secret named in imagePullSecrets is not there, or holds no readable credentials",
          False, "you: create or repair it in the Pod's namespace", "local"),
    Cause("Mirror", "a mirror that the node is configured with fails, not the registry of the image's name",
          None, "who runs the node: its mirror configuration"),
    Cause("RuntimeUnavailable", "the node's container runtime does not answer",
          True, "who runs the node", "node"),
    Cause("ShortName", "the name has no registry, and the node has no rule which one is meant",
          False, "you: the full name"),
    Cause("BlockedByPolicy", "the registry refuses the image by a rule of its own (quarantine, scan, allow list)",
          False, "who sets the rules of the registry"),
    Cause("ImageInspectFailed", "the runtime cannot tell the kubelet about the image on the node",
          None, "who runs the node: its runtime"),
    Cause("Cancelled", "the pull was broken off: no progress, or a shutdown",
          True, "nobody need; or who runs the node's network"),
    Cause("BackOffOnly", "the kubelet waits between two attempts; this text does not tell why they fail",
          None, ""),
    Cause("Unknown", "this text tells no cause that is known here",
          None, ""),
)
# fmt: on

CAUSES = {cause.id: cause for cause in _TABLE}
# The registry refused the credentials, or wanted some: better ones may fix it.
CREDENTIAL_CAUSES = frozenset(cause.id for cause in _TABLE if cause.fault == "credentials")
# The same failure for every registry.
NODE_CAUSES = frozenset(cause.id for cause in _TABLE if cause.fault == "node")
# Failures that a mirror can cause as well as the registry. The others are found on the node.
MIRROR_CAUSES = frozenset(cause.id for cause in _TABLE if cause.fault in {"credentials", "registry"})
