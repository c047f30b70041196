"""The errors that end a command, each with its exit code and message.

PullPolicyError             exit 1
├── UsageError              wrong flags or arguments
├── ConfigError             kubeconfig: missing, broken, unknown context
├── ServerError             the API server answered with a Status
│   ├── NotFoundError       404
│   ├── ForbiddenError      403
│   ├── UnauthorizedError   401
│   └── UnreadableError     an answer that is not what was asked for, such as HTML
├── NoConnectionError       the API server did not answer
│   ├── BrokenAnswerError   the connection ended before the answer did
│   └── TimedOutError       the API server did not answer in time
├── UnconfirmedError        the API server's answer to a write is not its result
│   └── OverriddenError     ... but another value than the one that was written
├── WriteUnknownError       it is not known whether a write was stored
├── OutputError             standard output cannot be written
├── PinError                an image that cannot be pinned
└── FileError               a manifest, saved output or recording that cannot be read or written

The text is the whole message as kubectl prints it, with "error: " if kubectl prints that.
"""


class PullPolicyError(Exception):
    """A message for the user, and the exit code of the process."""

    exit_code = 1


class UsageError(PullPolicyError):
    """Wrong flags or arguments."""

    def __init__(self, message: str) -> None:
        super().__init__(f"error: {message}")


class ConfigError(PullPolicyError):
    """The kubeconfig cannot be used."""


class ServerError(PullPolicyError):
    """The API server answered with an error; `status` is the HTTP status code, `retry_after` in seconds."""

    def __init__(self, message: str, status: int = 0, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


class NotFoundError(ServerError):
    """404: no such object or resource type."""


class ForbiddenError(ServerError):
    """403: the user lacks the permission."""


class UnauthorizedError(ServerError):
    """401: the credentials are missing or not accepted."""


class UnreadableError(ServerError):
    """An answer that is not what was asked for: a page of a proxy, JSON of something else."""


class NoConnectionError(PullPolicyError):
    """No answer from the API server. `sent`: the request may have reached it."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class UnconfirmedError(PullPolicyError):
    """The API server answered a write with something else than its result."""


class OverriddenError(UnconfirmedError):
    """The API server accepted a write, and stored something else."""


class OutputError(PullPolicyError):
    """Standard output cannot be written: a full disk, say."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"error: write /dev/stdout: {(error.strerror or str(error)).lower()}")


class WriteUnknownError(PullPolicyError):
    """It is not known whether a write was stored."""


class BrokenAnswerError(NoConnectionError):
    """The connection ended before the answer did."""


class TimedOutError(NoConnectionError):
    """No answer from the API server within the time limit."""


class PinError(PullPolicyError):
    """The digest of an image is not known. The message names object, container and image."""


class FileError(PullPolicyError):
    """A file cannot be read, parsed or written. The message names file, document and line."""
