"""Which Kubernetes and which containerd the test cluster runs, and where their recipes differ."""

import hashlib
import os
from dataclasses import dataclass, field

# The containerd that is built along with Kubernetes; "debian" is the one that Debian has (1.6 in Debian 12).
BUILT_CONTAINERD = "2.4.2"
DEBIAN = "debian"


@dataclass(frozen=True)
class Versions:
    """One pair of releases; every difference between Kubernetes releases is a property here."""

    kubernetes: str = field(default_factory=lambda: os.environ.get("PULLPOLICY_TEST_KUBERNETES", "1.37.2"))
    containerd: str = field(default_factory=lambda: os.environ.get("PULLPOLICY_TEST_CONTAINERD", BUILT_CONTAINERD))

    @property
    def minor(self) -> int:
        """The minor version of Kubernetes: 37 of 1.37.2."""
        return int(self.kubernetes.split(".")[1])

    @property
    def go_directives(self) -> str:
        """What go.mod says about the language; 1.30 does not compile under the newer defaults."""
        return "go 1.22.0\n" if self.minor <= 30 else "go 1.26.0\n\ngodebug default=go1.26\n"

    @property
    def kubelet_constructor(self) -> str:
        """How the kubelet's command is made."""
        return "kubelet.NewKubeletCommand()" if self.minor <= 30 else "kubelet.NewKubeletCommand(context.Background())"

    @property
    def refuses_cgroup_v1(self) -> bool:
        """Whether the kubelet has to be told that cgroup v1 is all there is (failCgroupV1 came with 1.31)."""
        return self.minor >= 31

    @property
    def feature_gates(self) -> dict[str, bool]:
        """Gates that bring older releases as near to the newest as they go: image volumes are off before 1.35."""
        return {"ImageVolume": True} if 31 <= self.minor < 35 else {}

    @property
    def uses_debians_containerd(self) -> bool:
        """Whether containerd is Debian's package instead of a build."""
        return self.containerd == DEBIAN

    def key(self, recipe: str) -> str:
        """The name of the folder of binaries that this recipe makes from these versions."""
        digest = hashlib.sha256(recipe.encode()).hexdigest()[:12]
        built = BUILT_CONTAINERD if self.uses_debians_containerd else self.containerd
        return f"kubernetes-{self.kubernetes}_containerd-{built}_{digest}"


# What the project is tested on, newest first.
ALL = (
    Versions("1.37.2", BUILT_CONTAINERD),
    Versions("1.34.4", BUILT_CONTAINERD),
    Versions("1.30.14", BUILT_CONTAINERD),
    Versions("1.30.14", DEBIAN),
)
