"""python -m tests.harness.cluster build | up | down | status | apiserver-up | apiserver-down | scale fill."""

import argparse
import sys

from tests.harness.cluster import apiserver, lifecycle, scale
from tests.harness.cluster.build import BuildFailed, ensure_built
from tests.harness.cluster.packages import MissingProgram, ensure_installed
from tests.harness.cluster.processes import NotReady
from tests.harness.cluster.versions import Versions


def main() -> int:
    """Do what the arguments say; the last line on stdout is what a script needs."""
    arguments = _parser().parse_args()
    versions = Versions(kubernetes=arguments.kubernetes) if arguments.kubernetes else Versions()
    try:
        for line in _do(arguments, versions):
            print(line)
    except (BuildFailed, MissingProgram, NotReady, lifecycle.CannotRunHere) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _do(arguments: argparse.Namespace, versions: Versions) -> list[str]:
    match arguments.command:
        case "build":
            ensure_installed()
            return [str(ensure_built(versions))]
        case "up":
            return [str(lifecycle.up(versions))]
        case "down":
            lifecycle.down()
        case "status":
            return lifecycle.status()
        case "apiserver-up":
            return [str(apiserver.up(arguments.admission, arguments.port, versions))]
        case "apiserver-down":
            apiserver.down(arguments.admission)
        case "scale":
            return [scale.fill(arguments.pods, arguments.port)]
    return []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.harness.cluster", description=__doc__)
    parser.add_argument("--kubernetes", metavar="X.Y.Z", help="1.37.2 (default), 1.34.4, 1.30.14")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build Kubernetes and containerd, once; prints the folder of binaries")
    commands.add_parser("up", help="start the cluster; prints its kubeconfig")
    commands.add_parser("down", help="stop it")
    commands.add_parser("status", help="what runs")
    without_node = commands.add_parser("apiserver-up", help="etcd and an API server only; prints its kubeconfig")
    without_node.add_argument("--admission", default="", metavar="PLUGIN", help="admission plugin to turn on")
    without_node.add_argument("--port", type=int, default=0, help="the first of its ports")
    stop = commands.add_parser("apiserver-down", help="stop it; all of them unless --admission is given")
    stop.add_argument("--admission", default=None, metavar="PLUGIN")
    scaling = commands.add_parser("scale", help="fill the API server that has no node").add_subparsers(required=True)
    filling = scaling.add_parser("fill", help="make up Pods with their owners")
    filling.add_argument("pods", type=int)
    filling.add_argument("--port", type=int, default=0, help="as given to apiserver-up")
    return parser


if __name__ == "__main__":
    sys.exit(main())
