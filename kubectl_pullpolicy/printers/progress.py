"""A bar on a terminal's standard error: how many of a known number are done. Nowhere else anything."""

from typing import TextIO

WIDTH = 24
CLEAR = "\r\x1b[K"


class Progress:
    """Counts up to `total`. `wanted`: whether the stream is a terminal."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._wanted = stream.isatty() and total > 1

    def show(self, done: int) -> None:
        """Draw the bar."""
        if self._wanted:
            full = WIDTH * done // self._total
            self._stream.write(f"{CLEAR}[{'#' * full}{'.' * (WIDTH - full)}] {done} of {self._total}")
            self._stream.flush()

    def clear(self) -> None:
        """Take the bar away: something else is to be written."""
        if self._wanted:
            self._stream.write(CLEAR)
            self._stream.flush()
