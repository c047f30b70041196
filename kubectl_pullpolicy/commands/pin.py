"""pin: tags replaced by digests, in files or in the pod templates of live objects."""

from dataclasses import dataclass

from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import check_platform
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


@dataclass(frozen=True)
class PinArguments:
    """The command line of pin."""

    targets: tuple[str, ...]
    pin: PinFlags
    connection: ConnectionFlags
    selection: SelectionFlags
    files: FileFlags
    write: WriteFlags
    awaited: WaitFlags
    output: PlanOutputFlags
    registries: RegistryFlags


def run(arguments: PinArguments) -> int:
    """Pin the images of the targets or files. Return the exit code. Raises PullPolicyError."""
    if arguments.pin.evidence not in EVIDENCE:
        raise UsageError(f'invalid argument "{arguments.pin.evidence}" for "--from" flag: must be registry or running')
    check_platform(arguments.pin.platform)
    return _run_files(arguments) if arguments.selection.filename else _run_live(arguments)


def _run_files(arguments: PinArguments) -> int:
    flags, selection = arguments.pin, arguments.selection
    if flags.path:
        raise UsageError("--path is for objects of a cluster: it cannot be used with --filename")
    if flags.evidence != "registry":
        raise UsageError(f"--from={flags.evidence} cannot be used with --filename: files do not run")
    from kubectl_pullpolicy.commands.pin_files import run_files
    from kubectl_pullpolicy.core.pins.request import PinRequest
    from kubectl_pullpolicy.writes.files import file_request

    ignore = tuple(flags.ignore or ())
    request = PinRequest(flags.check, flags.update, flags.drop_tag, flags.platform, flags.policy, ignore)
    files = file_request(arguments.targets, selection, arguments.files, arguments.write, arguments.output)
    return run_files(request, files, arguments.registries)


def _run_live(arguments: PinArguments) -> int:
    flags, selection = arguments.pin, arguments.selection
    if arguments.files.write:
        raise UsageError("--write is for files: it goes with --filename")
    from kubectl_pullpolicy.commands.pin_workloads import Flags, run_live
    from kubectl_pullpolicy.core.pins.workloads import LivePinRequest, path_keys

    if flags.path and not path_keys(flags.path):
        raise UsageError(f'--path="{flags.path}" is not a path of keys, as in spec.worker.template.spec')
    request = LivePinRequest(
        flags.check,
        flags.update,
        flags.drop_tag,
        flags.platform,
        flags.policy,
        tuple(flags.ignore or ()),
        flags.evidence == "running",
        selection.container,
        path_keys(flags.path),
    )
    others = Flags(
        arguments.connection,
        selection,
        arguments.write,
        arguments.output,
        arguments.registries,
        arguments.awaited,
        flags.no_secrets,
    )
    return run_live(arguments.targets, request, others)
