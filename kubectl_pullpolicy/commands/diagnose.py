"""diagnose: what is failing? Of text (messages, standard input) or of a cluster."""

from collections.abc import Sequence

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.options import OutputFlags

STDIN = "-"


def run(targets: Sequence[str], messages: Sequence[str] | None, output: OutputFlags) -> int:
    """Diagnoses what was given; `messages` is what stands behind `--`, None where there is no `--`.

    Returns the exit code. Raises PullPolicyError.
    """
    from kubectl_pullpolicy.commands.diagnose_text import run_messages, run_stdin

    if messages is not None:
        if targets:
            raise UsageError("give either targets or, behind --, messages")
        return run_messages(messages, output)
    if list(targets) == [STDIN]:
        return run_stdin(output)
    raise UsageError(
        "only text can be diagnosed so far: messages behind --, or - for standard input. "
        "For a cluster: kubectl pullpolicy explain --failing --details"
    )
