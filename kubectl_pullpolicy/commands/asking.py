"""The question before anything is written: on the controlling terminal, whatever the standard streams are."""

import os

from kubectl_pullpolicy.errors import UsageError


def confirmed(question: str) -> bool:
    """Whether the answer is yes; without one it is no. Raises UsageError where there is no terminal."""
    from kubectl_pullpolicy.printers.escape import escaped

    keyboard, screen = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
    try:
        with open(keyboard, encoding="utf-8") as answers, open(screen, "w", encoding="utf-8") as shown:  # noqa: PTH123
            shown.write(f"{escaped(question)} [y/N] ")
            shown.flush()
            return answers.readline().strip().lower() in {"y", "yes"}
    except OSError as error:
        raise UsageError("there is no terminal to ask on, so nothing was changed: --yes goes without asking") from error
