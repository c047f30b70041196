"""wait: are the images there?"""

from kubectl_pullpolicy.cluster import open_cluster
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import check_format, timeout_seconds
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, TimeoutFlags
from kubectl_pullpolicy.terminal import print_warning
from kubectl_pullpolicy.writes.wait import WaitOutput, wait_for


def run(names: tuple[str, ...], limit: TimeoutFlags, connection: ConnectionFlags, output: OutputFlags) -> int:
    """Wait for the images of the targets. Returns the exit code. Raises PullPolicyError."""
    targets, seconds = parse_targets(names), timeout_seconds(limit.timeout)
    check_format(output.output, output.formats)
    if not targets or any(target.name is None for target in targets):
        raise UsageError("name what to wait for: pod/NAME, deploy/NAME, ...")
    source, _ = open_cluster(connection, None, print_warning)
    namespace = connection.namespace or source.namespace or ""
    return wait_for(source, targets, namespace, seconds, WaitOutput(output, connection.repeated))
