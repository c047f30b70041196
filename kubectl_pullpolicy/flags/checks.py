"""Checks of flags and arguments that several commands share, with kubectl's messages."""

import re
from collections.abc import Iterable, Sequence

from kubectl_pullpolicy.core.k8s.pod_templates import POLICY_SETTINGS
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.k8s.times import duration_seconds
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.options import AskFlags, OutputFlags, PlanOutputFlags, SelectionFlags, WriteFlags


def check_format(form: str, formats: Sequence[str]) -> None:
    """Raise UsageError for an output format that the command does not have; "" is the table or text."""
    if form and form not in formats:
        raise UsageError(
            f'unable to match a printer suitable for the output format "{form}", '
            f"allowed formats are: {', '.join(formats)}"
        )


def check_names(targets: Iterable[Target], selection: SelectionFlags) -> None:
    """Raise UsageError for names with a selector, or in all namespaces."""
    named = any(target.name for target in targets)
    if named and (selection.selector or selection.field_selector):
        raise UsageError("name cannot be provided when a selector is specified")
    if named and selection.all_namespaces:
        raise UsageError("a resource cannot be retrieved by name across all namespaces")


def check_selects(arguments: Sequence[str], selection: SelectionFlags, write: AskFlags) -> None:
    """Raise UsageError for flags that select nothing, or everything without --all."""
    if write.everything and selection.selector:
        raise UsageError("cannot set --all and --selector at the same time")
    if selection.selector:
        from kubectl_pullpolicy.core.k8s.selectors import parse_labels  # not for commands that only read

        if not parse_labels(selection.selector).requirements:
            raise UsageError("--selector selects everything: say --all if that is meant")
    if not arguments and not write.everything and not selection.selector:
        raise UsageError(
            "nothing is selected: name a target (TYPE/NAME), or give --selector, --all or --filename; "
            "--all-namespaces alone selects nothing"
        )


def check_targets(targets: tuple[Target, ...], selection: SelectionFlags, write: AskFlags) -> None:
    """Raise UsageError for names with selectors, and for types without either."""
    if any(target.name is not None for target in targets):
        if selection.selector or selection.field_selector:
            raise UsageError("name cannot be provided when a selector is specified")
        if write.everything:
            raise UsageError("name cannot be provided when --all is specified")
        if selection.all_namespaces:
            raise UsageError("a resource cannot be retrieved by name across all namespaces")
    elif not write.everything and not selection.selector:
        raise UsageError("resource(s) were provided, but no name was specified: --selector or --all selects several")


def check_policy(value: str, settings: Sequence[str] = POLICY_SETTINGS) -> None:
    """Raise UsageError for a value that is none of these settings."""
    if value not in settings:
        supported = ", ".join(f'"{policy}"' for policy in settings)
        raise UsageError(f'Unsupported value: "{value}": supported values: {supported}')


def check_platform(text: str) -> None:
    """Raises UsageError for what is neither empty nor OS/ARCHITECTURE[/VARIANT]."""
    if text and (text.count("/") not in {1, 2} or not all(text.split("/"))):
        raise UsageError(f'--platform="{text}" is not OS/ARCHITECTURE, as in linux/arm64')


_SIZE = re.compile(r"([0-9]{1,12})(|k|M|G|Ki|Mi|Gi)")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def max_file_bytes(text: str) -> int:
    """Return the bytes of --max-file-size, a quantity as Kubernetes writes it. Raises UsageError."""
    size = _SIZE.fullmatch(text)
    if size is None or not int(size[1]):
        raise UsageError(f'invalid argument "{text}" for "--max-file-size" flag: must be a size, as in 500Mi or 2Gi')
    return int(size[1]) * _UNITS[size[2]]


def check_probe(output: OutputFlags, *, probe: bool, demo: bool) -> None:
    """Raise UsageError for flags that --probe cannot be used with."""
    if probe and demo:
        raise UsageError("--probe cannot be used with --demo: no registry knows its images")
    if probe and output.output in {"name", "wide"}:
        raise UsageError("--probe is told in the full text, and with -o json|yaml")


WEEK = 7 * 24 * 3600.0  # seconds; a negative --timeout of kubectl wait


def timeout_seconds(text: str) -> float:
    """Return the seconds of a --timeout. Raises UsageError."""
    limit = duration_seconds(text)
    if limit is None:
        raise UsageError(f'invalid argument "{text}" for "--timeout" flag: time: invalid duration "{text}"')
    return WEEK if limit < 0 else limit


DRY_RUNS = ("none", "client", "server")


def check_output(write: AskFlags, output: PlanOutputFlags) -> None:
    """Raise UsageError for an output format or a dry run that does not exist."""
    check_format(output.output, output.formats)
    if write.dry_run not in DRY_RUNS:
        raise UsageError(f'Invalid dry-run value ({write.dry_run}). Must be "none", "server", or "client".')


def check_manager(write: WriteFlags) -> None:
    """Raise UsageError for a name that the API server would refuse."""
    if not write.field_manager or len(write.field_manager) > 128:
        raise UsageError("--field-manager is a name of 1 to 128 characters")
