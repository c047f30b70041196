"""What every command that reads refuses, in kubectl's words."""

from collections.abc import Iterable, Sequence

from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.options import SelectionFlags


def check_format(form: str, formats: Sequence[str]) -> None:
    """Raises UsageError for an output format that the command does not have."""
    if form not in formats:
        allowed = ", ".join(name for name in formats if name)
        raise UsageError(
            f'unable to match a printer suitable for the output format "{form}", allowed formats are: {allowed}'
        )


def check_names(targets: Iterable[Target], selection: SelectionFlags) -> None:
    """Raises UsageError for names beside a selector, or in all namespaces."""
    named = any(target.name for target in targets)
    if named and (selection.selector or selection.field_selector):
        raise UsageError("name cannot be provided when a selector is specified")
    if named and selection.all_namespaces:
        raise UsageError("a resource cannot be retrieved by name across all namespaces")
