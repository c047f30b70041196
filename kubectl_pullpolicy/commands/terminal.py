"""What commands say on standard error, and whether standard output takes colours."""

import os
import sys
from typing import TextIO


def colour(stream: TextIO) -> bool:
    """Whether to colour: on a terminal, unless NO_COLOR is set."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ


def warn(text: str) -> None:
    """A warning, as kubectl prints those of the API server."""
    say(f"Warning: {text}")


def say(text: str) -> None:
    """Lines on standard error; a cluster's words may be in them."""
    from kubectl_pullpolicy.printers.escape import escaped_lines

    for line in escaped_lines(text):
        sys.stderr.write(f"{line}\n")
