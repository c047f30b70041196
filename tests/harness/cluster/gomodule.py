"""The Go module that becomes Kubernetes: one multi-call binary for all the servers, and kubectl.

Kubernetes publishes no server binaries where Go modules come from, but all of its code is there. One binary for all
servers is linked once instead of four times. kubectl is another: within it, it would start in 170 ms instead of 100.
"""

import json
import re
import subprocess
from pathlib import Path

from tests.harness.cluster.packages import program
from tests.harness.cluster.versions import Versions

SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
CONTAINERD_COMMANDS = ("containerd", "containerd-shim-runc-v2", "ctr")

_KUBECTL_MAIN = """\
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
"""

_SERVERS_MAIN = """\
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// The kubelet's constructor took no context before 1.31.
var _ = context.Background

func main() {
	var command *cobra.Command
	switch filepath.Base(os.Args[0]) {
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = controllers.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	case "kubelet":
		command = KUBELET
	default:
		fmt.Fprintln(os.Stderr, "call as kube-apiserver, kube-controller-manager, kube-scheduler or kubelet")
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}
"""


def sources(versions: Versions) -> dict[str, str]:
    """main.go by the name of the binary."""
    return {"kube": _SERVERS_MAIN.replace("KUBELET", versions.kubelet_constructor), "kubectl": _KUBECTL_MAIN}


def recipe(versions: Versions) -> str:
    """Everything that decides what the build makes, for the key of the binaries."""
    return "\n".join((*sources(versions).values(), versions.go_directives, *link_flags(versions), *CONTAINERD_COMMANDS))


def link_flags(versions: Versions) -> tuple[str, ...]:
    """Linker flags; without the version kubectl and the API server cannot parse their own."""
    package = "k8s.io/component-base/version"
    values = {"gitVersion": f"v{versions.kubernetes}", "gitMajor": "1", "gitMinor": str(versions.minor)}
    return ("-s", "-w", *(f"-X={package}.{name}={value}" for name, value in values.items()))


def write_module(folder: Path, versions: Versions) -> None:
    """Write go.mod and what is built of it."""
    for name, source in sources(versions).items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "main.go").write_text(source)
    (folder / "go.mod").write_text(
        f"module testcluster\n\n{versions.go_directives}\n"
        f"require k8s.io/kubernetes v{versions.kubernetes}\n\n"
        f"replace (\n{_replacements(folder, versions)})\n"
    )


def _replacements(folder: Path, versions: Versions) -> str:
    """Kubernetes takes its own libraries from its source tree; as a module they have the version 0.X.Y."""
    out = subprocess.run(
        [program("go"), "mod", "download", "-json", f"k8s.io/kubernetes@v{versions.kubernetes}"],
        cwd=folder, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    own_module = Path(json.loads(out)["GoMod"]).read_text()
    staged = re.findall(r"^\s*(?:replace )?(k8s\.io/\S+) => \./staging", own_module, re.MULTILINE)
    library_version = "v0." + versions.kubernetes.partition(".")[2]
    return "".join(f"\t{name} => {name} {library_version}\n" for name in staged)
