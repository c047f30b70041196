"""diagnose: what is failing? In text (messages, standard input), a cluster, saved output or a recording."""

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.requests import DiagnoseRequest

STDIN = "-"


def run(request: DiagnoseRequest) -> int:
    """Print a diagnosis of the cluster, or of text. Returns the exit code. Raises PullPolicyError."""
    if request.messages is None and STDIN not in request.targets:
        from kubectl_pullpolicy.commands.diagnose_cluster import run_cluster

        return run_cluster(request)
    from kubectl_pullpolicy.commands.diagnose_text import run_messages, run_stdin

    if request.messages is not None and request.targets:
        raise UsageError("give either targets or, behind --, messages")
    if len(request.targets) > 1:
        raise UsageError("give either targets or -, for text on standard input")
    if request.selection.filename or request.recording.demo or request.recording.record or request.probing.probe:
        raise UsageError("a text is diagnosed by itself: no --filename, --demo, --record or --probe")
    if request.messages is not None:
        return run_messages(request.messages, request.output)
    return run_stdin(request.output)
