"""The errors that end a command, each with its exit code and message.

PullPolicyError             exit 1
├── UsageError              wrong flags or arguments
├── ConfigError             kubeconfig: missing, broken, unknown context
├── ServerError             the API server answered with a Status
│   ├── NotFoundError       404
│   ├── ForbiddenError      403
│   └── UnauthorizedError   401
├── NoConnectionError       the API server did not answer
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
    """The API server answered with an error; `status` is the HTTP status code."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NotFoundError(ServerError):
    """404: no such object or resource type."""


class ForbiddenError(ServerError):
    """403: the user lacks the permission."""


class UnauthorizedError(ServerError):
    """401: the credentials are missing or not accepted."""


class NoConnectionError(PullPolicyError):
    """No answer from the API server."""


class PinError(PullPolicyError):
    """The digest of an image is not known. The message names object, container and image."""


class FileError(PullPolicyError):
    """A file cannot be read, parsed or written. The message names file, document and line."""
