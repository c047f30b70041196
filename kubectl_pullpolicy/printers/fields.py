"""A label and its lines, as the full texts have them."""

from collections.abc import Iterator, Sequence

from kubectl_pullpolicy.printers.escape import escaped_lines

LABEL = 10


def field_lines(label: str, lines: Sequence[str]) -> Iterator[str]:
    """Label and text, the text's other lines below it."""
    for number, line in enumerate(part for text in lines for part in escaped_lines(text)):
        yield f"  {label if number == 0 else '':<{LABEL}}{line}"
