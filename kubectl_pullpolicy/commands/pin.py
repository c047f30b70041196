"""pin: digests in the place of tags."""

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.options import (
    FileFlags,
    PinFlags,
    PlanOutputFlags,
    RegistryFlags,
    SelectionFlags,
    WriteFlags,
)


def run(  # noqa: PLR0913, PLR0917  one group of flags each
    wanted: PinFlags,
    selection: SelectionFlags,
    files: FileFlags,
    write: WriteFlags,
    output: PlanOutputFlags,
    registries: RegistryFlags,
) -> int:
    """Pins what the flags name. Returns the exit code. Raises PullPolicyError."""
    if not selection.filename:
        raise UsageError("must specify --filename: files, folders, or - for standard input")
    from kubectl_pullpolicy.commands.file_writing import file_request
    from kubectl_pullpolicy.commands.pin_files import run_files
    from kubectl_pullpolicy.core.file_pins import PinRequest

    request = PinRequest(
        wanted.check, wanted.update, wanted.drop_tag, wanted.platform, wanted.policy, tuple(wanted.ignore or ())
    )
    return run_files(request, file_request((), selection, files, write, output), registries)
