"""What to do when the API server does not answer: wait, each time longer, and ask again."""

from collections.abc import Callable
from time import sleep

from kubectl_pullpolicy.errors import NoConnectionError, PullPolicyError, ServerError

FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 30.0  # k8s.io/client-go tools/cache/reflector.go: the longest of its back-off


class ReconnectBackoff:
    """Counts pauses; says each failure once until something succeeds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._pause = FIRST_PAUSE
        self._said: set[str] = set()

    def wait(self, error: PullPolicyError | None = None) -> None:
        """Says what went wrong and lets time pass."""
        text = str(error) if error is not None else ""
        if text and text not in self._said:
            self._said.add(text)
            self._say(text)
        sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def renew(self) -> None:
        """Something succeeded."""
        self._pause = FIRST_PAUSE
        self._said.clear()


def is_retriable(error: PullPolicyError) -> bool:
    """Whether the same request may succeed later: no connection, a server that is starting, busy or broken."""
    return isinstance(error, NoConnectionError) or (
        isinstance(error, ServerError) and (error.status == 429 or error.status >= 500)
    )
