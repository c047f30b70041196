"""wait: are the images there?"""

from dataclasses import dataclass

from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import timeout_seconds
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, SelectionFlags
from kubectl_pullpolicy.sources import open_source
from kubectl_pullpolicy.terminal import print_warning
from kubectl_pullpolicy.writes.wait import wait_for

FORMATS = ("", "json", "yaml", "name")


@dataclass(frozen=True)
class WaitRequest:
    """What only wait has. `timeout`: a Go duration; 0 looks once, a negative one waits for a week."""

    targets: tuple[str, ...] = ()
    timeout: str = "5m"


def run(request: WaitRequest, connection: ConnectionFlags, output: OutputFlags) -> int:
    """Waits for the images of the targets. Returns the exit code. Raises PullPolicyError."""
    targets, limit = parse_targets(request.targets), timeout_seconds(request.timeout)
    if output.output not in FORMATS:
        allowed = ", ".join(name for name in FORMATS if name)
        raise UsageError(f'unable to match a printer for the output format "{output.output}", allowed: {allowed}')
    if not targets or any(target.name is None for target in targets):
        raise UsageError("name what to wait for: pod/NAME, deploy/NAME, ...")
    source, _ = open_source(connection, SelectionFlags(), demo=False, now="", print_warning=print_warning)
    return wait_for(source, targets, connection.namespace or source.namespace or "", limit, output)
