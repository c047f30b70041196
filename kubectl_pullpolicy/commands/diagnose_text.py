"""diagnose -- MESSAGE... and diagnose -: why a pull fails, from text alone, without a cluster."""

import sys
from collections.abc import Iterator, Sequence

from kubectl_pullpolicy.core.diagnosis.from_text import MessageDiagnosis, diagnosed_message, diagnosed_text
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import check_format
from kubectl_pullpolicy.flags.options import OutputFlags
from kubectl_pullpolicy.printers.diagnosis import print_diagnoses, print_diagnosis_json, print_diagnosis_yaml
from kubectl_pullpolicy.terminal import print_message, use_colour

FORMATS = ("json", "yaml")
LONGEST_LINE = 1 << 20  # bytes; a longer line is read in parts


def run_messages(messages: Sequence[str], output: OutputFlags) -> int:
    """Print the diagnosis of each message. Returns the exit code. Raises UsageError."""
    check_format(output.output, FORMATS)
    if not messages:
        raise UsageError("no message given behind --")
    _print([diagnosed_message(message) for message in messages], output)
    return 0


def run_stdin(output: OutputFlags) -> int:
    """Print the diagnoses of the text on standard input. Returns the exit code. Raises UsageError."""
    check_format(output.output, FORMATS)
    diagnoses = diagnosed_text(_lines())
    _print(diagnoses, output)
    if not diagnoses and not output.output:
        print_message("No failing image pull found on standard input.")
    return 0


def _print(diagnoses: Sequence[MessageDiagnosis], output: OutputFlags) -> None:
    if output.output == "json":
        print_diagnosis_json(diagnoses, sys.stdout)
    elif output.output == "yaml":
        print_diagnosis_yaml(diagnoses, sys.stdout)
    else:
        print_diagnoses(diagnoses, sys.stdout, use_colour=use_colour(sys.stdout))


def _lines() -> Iterator[str]:
    """Yield the lines of standard input. Bytes that are not UTF-8 become U+FFFD."""
    read = sys.stdin.buffer.readline
    while line := read(LONGEST_LINE):
        yield line.decode("utf-8", "replace")
