"""Exponential back-off while the API server does not answer."""

from collections.abc import Callable
from time import sleep

from kubectl_pullpolicy.errors import NoConnectionError, PullPolicyError, ServerError

FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 30.0  # seconds, as client-go tools/cache/reflector.go


class ReconnectBackoff:
    """Doubles each pause; reports each failure once until a request succeeds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._pause = FIRST_PAUSE
        self._reported: set[str] = set()

    def wait(self, error: PullPolicyError | None = None) -> None:
        """Report the failure and sleep."""
        text = str(error) if error is not None else ""
        if text and text not in self._reported:
            self._reported.add(text)
            self._say(text)
        sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def reset(self) -> None:
        """Start over after a success."""
        self._pause = FIRST_PAUSE
        self._reported.clear()


def is_retriable(error: PullPolicyError) -> bool:
    """Return whether the same request may succeed later: no connection; a server that is starting, busy or broken."""
    return isinstance(error, NoConnectionError) or (
        isinstance(error, ServerError) and (error.status == 429 or error.status >= 500)
    )
