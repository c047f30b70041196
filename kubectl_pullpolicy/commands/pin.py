"""pin: digests in the place of tags, in files or where Pods are made."""

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.options import (
    ConnectionFlags,
    FileFlags,
    PinFlags,
    PlanOutputFlags,
    RegistryFlags,
    SelectionFlags,
    WaitFlags,
    WriteFlags,
)

EVIDENCE = ("registry", "running")


def run(  # noqa: PLR0913, PLR0917  one group of flags each
    targets: tuple[str, ...],
    wanted: PinFlags,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    files: FileFlags,
    write: WriteFlags,
    awaited: WaitFlags,
    output: PlanOutputFlags,
    registries: RegistryFlags,
) -> int:
    """Pins what the arguments name. Returns the exit code. Raises PullPolicyError."""
    if wanted.evidence not in EVIDENCE:
        raise UsageError(f'invalid argument "{wanted.evidence}" for "--from" flag: must be registry or running')
    if wanted.platform and (wanted.platform.count("/") not in {1, 2} or not all(wanted.platform.split("/"))):
        raise UsageError(f'--platform="{wanted.platform}" is not OS/ARCHITECTURE, as in linux/arm64')
    ignore = tuple(wanted.ignore or ())
    if selection.filename:
        if wanted.path:
            raise UsageError("--path is for objects of a cluster: it cannot be used with --filename")
        if wanted.evidence != "registry":
            raise UsageError(f"--from={wanted.evidence} cannot be used with --filename: files do not run")
        from kubectl_pullpolicy.commands.pin_files import run_files
        from kubectl_pullpolicy.core.pins.files import PinRequest
        from kubectl_pullpolicy.writes.files import file_request

        request = PinRequest(wanted.check, wanted.update, wanted.drop_tag, wanted.platform, wanted.policy, ignore)
        return run_files(request, file_request(targets, selection, files, write, output), registries)
    if files.write:
        raise UsageError("--write is for files: it goes with --filename")
    from kubectl_pullpolicy.commands.pin_workloads import Flags, run_live
    from kubectl_pullpolicy.core.pins.workloads import LivePinRequest, path_keys

    if wanted.path and not path_keys(wanted.path):
        raise UsageError(f'--path="{wanted.path}" is not a path of keys, as in spec.worker.template.spec')

    asked = LivePinRequest(
        wanted.check,
        wanted.update,
        wanted.drop_tag,
        wanted.platform,
        wanted.policy,
        ignore,
        wanted.evidence == "running",
        selection.container,
        path_keys(wanted.path),
    )
    flags = Flags(connection, selection, write, output, registries, awaited, wanted.no_secrets)
    return run_live(targets, asked, flags)
