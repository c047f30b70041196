"""diagnose: what is failing? Of text (messages, standard input), or of a cluster, a dump or a recording."""

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.options import ConnectionFlags, OutputFlags, RegistryFlags, SelectionFlags
from kubectl_pullpolicy.flags.requests import DiagnoseRequest

STDIN = "-"


def run(
    request: DiagnoseRequest,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
    registries: RegistryFlags,
) -> int:
    """Diagnoses what was given. Returns the exit code. Raises PullPolicyError."""
    if request.messages is None and STDIN not in request.targets:
        from kubectl_pullpolicy.commands.diagnose_cluster import run_cluster

        return run_cluster(request, connection, selection, output, registries)
    from kubectl_pullpolicy.commands.diagnose_text import run_messages, run_stdin

    if request.messages is not None and request.targets:
        raise UsageError("give either targets or, behind --, messages")
    if len(request.targets) > 1:
        raise UsageError("give either targets or -, for text on standard input")
    if selection.filename or request.demo or request.record or request.probe:
        raise UsageError("a text is diagnosed by itself: no --filename, --demo, --record or --probe")
    return run_messages(request.messages, output) if request.messages is not None else run_stdin(output)
