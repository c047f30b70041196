"""The images that a node reports, and which Pods may use them: positive evidence only.

node.status.images holds the 50 largest images with at most 5 names each (pkg/kubelet/nodestatus/setters.go:Images,
v1.37.2), refreshed every 30 s. An image that is not listed may be present nevertheless. Kubelets from 1.35 check which
Pods may use a present image (KEP-2535, gate KubeletEnsureSecretPulledImages; alpha and off in 1.33 and 1.34).
"""

import re
from typing import NamedTuple

from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.k8s.objects import KubeletConfiguration, Node, present
from kubectl_pullpolicy.core.report.explanation import OnNode, Status

GATE = "KubeletEnsureSecretPulledImages"
_MINOR = re.compile(r"v?1\.(\d+)")
_ASKS_CREDENTIALS_FROM, _HAS_GATE_FROM = 35, 33


class CredentialVerification(NamedTuple):
    """Whether the kubelet checks which Pods may use an image that is present: None if that is not known."""

    verified: bool | None
    kubelet: str = ""
    policy: str = ""

    @property
    def condition(self) -> str:
        """What follows `if the node has it`."""
        if self.verified is None:
            return " (kubelets from 1.35: and if this Pod may use it)"
        if self.verified:
            return f" and this Pod may use it (kubelet {self.kubelet} checks its credentials)"
        return f" (kubelet {self.kubelet} does not ask who pulled it: any Pod of the node may run it)"


VERIFICATION_UNKNOWN = CredentialVerification(None)


def credential_verification(node: Node | None, configuration: KubeletConfiguration | None) -> CredentialVerification:
    """Return what a node's version, and its kubelet's configuration if it was read, say of credential verification."""
    info = node.status.node_info if node is not None and node.status is not None else None
    version = (info.kubelet_version if info is not None else None) or ""
    read = _MINOR.match(version)
    if read is None:
        return VERIFICATION_UNKNOWN
    minor = int(read[1])
    if configuration is None:
        return CredentialVerification(minor >= _ASKS_CREDENTIALS_FROM, version)
    gate = (configuration.feature_gates or {}).get(GATE)
    on = minor >= _HAS_GATE_FROM and (minor >= _ASKS_CREDENTIALS_FROM if gate is None else gate)
    policy = configuration.image_pull_credentials_verification_policy or ""
    return CredentialVerification(on and policy != "NeverVerify", version, policy)


def on_node(node: Node | None, image: str, status: Status, access: CredentialVerification) -> OnNode | None:
    """Return the image among those that the node reports; None if it is not listed, which proves nothing."""
    if node is None or node.status is None:
        return None
    reference = parse_or_none(image)
    if reference is None:
        return None
    prefix = f"{reference.registry}/{reference.repository}"
    wanted = f"{prefix}@{reference.digest}" if reference.digest else f"{prefix}:{reference.effective_tag}"
    for listed in present(node.status.images):
        names = present(listed.names)
        if wanted in names:
            own = (name for name in names if name.startswith(f"{prefix}@"))
            digest = next(own, "").rpartition("@")[2]
            return OnNode(names, digest, _refusal(status, access))
    return None


def same_image(nodes: tuple[Node, ...], first: str, second: str) -> bool:
    """Whether some node names one image by both digests: an index and its manifest, or two indexes over one image."""
    return any(
        {first, second} <= {name.rpartition("@")[2] for name in present(listed.names)}
        for node in nodes
        for listed in present(node.status.images if node.status is not None else None)
    )


def _refusal(status: Status, access: CredentialVerification) -> str | None:
    """Why a pull fails although the image is present."""
    if not status.pull_failing or not access.verified:
        return None
    note = '; "is not present" is what it says on purpose then' if status.reason == "ErrImageNeverPull" else ""
    policy = f", {access.policy}" if access.policy else ""
    return (
        f"but kubelet {access.kubelet} lets a Pod use one that credentials pulled only with "
        f"the same credentials (credential verification{policy}){note}"
    )
