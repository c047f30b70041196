"""Messages on standard error, questions on the terminal, and whether to use colour."""

import os
import sys
from io import UnsupportedOperation
from typing import TextIO

from kubectl_pullpolicy.errors import UsageError


def use_colour(stream: TextIO) -> bool:
    """Whether to use colour: on a terminal, unless NO_COLOR is set."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ


def print_warning(text: str) -> None:
    """Print a warning, as kubectl prints those of the API server."""
    print_message(f"Warning: {text}")


def print_message(text: str) -> None:
    """Print lines on standard error, with escapes for control characters."""
    from kubectl_pullpolicy.printers.escape import escaped_lines

    for line in escaped_lines(text):
        sys.stderr.write(f"{line}\n")


def check_streams() -> None:
    """Raise UsageError if standard output or standard error cannot be written to: nothing could report the changes."""
    for name, stream in (("output", sys.stdout), ("error", sys.stderr)):
        try:
            stream.flush()
            closed = getattr(stream, "name", "") == os.devnull  # __main__ puts it in the place of a closed stream
            os.write(stream.fileno(), b"")  # a full device fails here
        except UnsupportedOperation:  # not a file
            continue
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"standard {name} cannot be written to ({reason}), so nothing was changed") from error
        if closed:
            raise UsageError(f"standard {name} is closed, so nothing was changed")


def confirm(question: str) -> bool:
    """Ask on the terminal. Return whether the answer is yes. Raises UsageError without a terminal."""
    from kubectl_pullpolicy.printers.escape import escaped

    keyboard, screen = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
    try:
        with open(keyboard, encoding="utf-8") as answers, open(screen, "w", encoding="utf-8") as shown:  # noqa: PTH123
            shown.write(f"{escaped(question)} [y/N] ")
            shown.flush()
            return answers.readline().strip().lower() in {"y", "yes"}
    except OSError as error:
        raise UsageError("there is no terminal to ask on, so nothing was changed: --yes goes without asking") from error
