"""Colour, where the command asks for it; it never carries meaning alone."""

RED, YELLOW, BOLD, RESET = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def painted(text: str, colour: str, *, wanted: bool) -> str:
    """The text in that colour."""
    return f"{colour}{text}{RESET}" if wanted and text else text
