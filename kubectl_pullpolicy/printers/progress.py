"""A progress bar on standard error, if that is a terminal."""

from typing import TextIO

WIDTH = 24
CLEAR = "\r\x1b[K"


class Progress:
    """A bar of `total` steps. It draws nothing if the stream is not a terminal."""

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
        """Clear the line of the bar, before other text."""
        if self._wanted:
            self._stream.write(CLEAR)
            self._stream.flush()
