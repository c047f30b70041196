"""Line numbers of a text, as YAML counts them."""

import re
from bisect import bisect_right

from kubectl_pullpolicy.core.syntax.yaml_parser import LINE_BREAK

BREAK = re.compile(LINE_BREAK)


class LineIndex:
    """The lines of a text; `first_line` is the line of its file at which it begins."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text = text
        self._first_line = first_line
        self._starts = [0, *(found.end() for found in BREAK.finditer(text))]

    def line(self, at: int) -> int:
        """Return the line of the file that holds this character of the text."""
        return self._first_line + bisect_right(self._starts, at) - 1

    def rest_of_line(self, at: int) -> str:
        """Return the text from this character to the end of its line, without blanks at its end."""
        number = bisect_right(self._starts, at)
        return self._text[at : self._starts[number] if number < len(self._starts) else None].rstrip()
