"""The body of an answer, read as it arrives.

A list has the token of its next page at its beginning, and API servers since 1.33 stream lists while they encode them.
So the beginning arrives long before the rest, and the next page can be requested meanwhile.
"""

import time
from typing import Any

from kubectl_pullpolicy.cluster.errors import read_timeout_error
from kubectl_pullpolicy.errors import BrokenAnswerError

# Bytes; enough for the metadata of a list. Larger metadata is read with the whole body.
START = 1 << 13
CHUNK = 1 << 20
LEAST_WAIT = 0.01  # seconds; 0 would make the socket non-blocking


class ApiResponse:
    """`what`: the request, for messages; `deadline`: for the whole body, in seconds of the monotonic clock."""

    def __init__(self, response: Any, what: str, deadline: float | None) -> None:
        self._response = response
        self._what = what
        self._deadline = deadline
        self._start: bytes | None = None

    @property
    def start(self) -> bytes:
        """Return the first bytes. Raises NoConnectionError."""
        if self._start is None:
            self._start = self._read(START)
        return self._start

    def read_all(self) -> bytes:
        """Return the whole body; may be called once. Raises NoConnectionError."""
        pieces = [self.start]
        while piece := self._read(CHUNK):
            pieces.append(piece)
        return b"".join(pieces)

    def _read(self, size: int) -> bytes:
        """Return what has arrived, b"" at the end."""
        import urllib3

        self._limit_socket()
        try:
            piece: bytes = self._response.response.read1(size)
        except urllib3.exceptions.TimeoutError as error:
            raise read_timeout_error() from error
        except urllib3.exceptions.HTTPError as error:
            raise BrokenAnswerError(f"error: the answer to {self._what} broke off: unexpected EOF") from error
        if piece and self._deadline is not None and time.monotonic() > self._deadline:
            self._response.response.close()
            raise read_timeout_error()
        return piece

    def _limit_socket(self) -> None:
        """Let a read wait until the deadline, not for the whole time limit again."""
        if self._deadline is None:
            return
        socket = getattr(getattr(self._response.response, "connection", None), "sock", None)
        if socket is not None:
            socket.settimeout(max(self._deadline - time.monotonic(), LEAST_WAIT))
