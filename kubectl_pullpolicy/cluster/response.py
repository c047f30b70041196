"""The body of an answer, as it comes.

A list names the token of its next page at its very beginning, and newer API servers (1.33) write a list while they
encode it: so the beginning can be had long before the rest, and the next page asked for meanwhile.
"""

import time
from typing import Any

from kubectl_pullpolicy.cluster.errors import read_timeout_error
from kubectl_pullpolicy.errors import NoConnectionError

# The first piece holds the metadata of a list; one larger than that is read later, with the whole.
START = 1 << 13
CHUNK = 1 << 20


class ApiResponse:
    """`what`: the request, for messages; `deadline`: holds for all of the body together."""

    def __init__(self, response: Any, what: str, deadline: float | None) -> None:
        self._response = response
        self._what = what
        self._deadline = deadline
        self._start: bytes | None = None

    @property
    def start(self) -> bytes:
        """The first bytes. Raises NoConnectionError."""
        if self._start is None:
            self._start = self._read(START)
        return self._start

    def whole(self) -> bytes:
        """All of it; to be asked for once. Raises NoConnectionError."""
        pieces = [self.start]
        while piece := self._read(CHUNK):
            pieces.append(piece)
        return b"".join(pieces)

    def _read(self, size: int) -> bytes:
        """What has come, "" at the end."""
        import urllib3

        try:
            piece: bytes = self._response.response.read1(size)
        except urllib3.exceptions.TimeoutError as error:
            raise read_timeout_error() from error
        except urllib3.exceptions.HTTPError as error:
            raise NoConnectionError(f"error: the answer to {self._what} broke off: unexpected EOF") from error
        if piece and self._deadline is not None and time.monotonic() > self._deadline:
            self._response.response.close()
            raise read_timeout_error()
        return piece
