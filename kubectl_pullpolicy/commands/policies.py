"""The policies that a user may ask for, in the API server's words where there is no such policy."""

from kubectl_pullpolicy.errors import UsageError

VALUES = ("Always", "IfNotPresent", "Never", "Default")


def check_policy(value: str) -> None:
    """Raises UsageError for anything else; `Default` is the word for the server's own rule."""
    if value not in VALUES:
        supported = ", ".join(f'"{policy}"' for policy in VALUES)
        raise UsageError(f'Unsupported value: "{value}": supported values: {supported}')
