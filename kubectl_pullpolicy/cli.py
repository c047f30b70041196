"""The Typer app: commands, flags and help. Commands are imported when they run, so that --help starts fast."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

import typer
from typer.core import TyperCommand

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.flags.examples import (
    COMPLETION_EPILOG,
    DIAGNOSE_EPILOG,
    EXPLAIN_EPILOG,
    PIN_EPILOG,
    RETRY_EPILOG,
    ROOT_EPILOG,
    SET_EPILOG,
    VERSION_EPILOG,
    WAIT_EPILOG,
)
from kubectl_pullpolicy.flags.options import (
    AskFlags,
    ConnectionFlags,
    DeletionFlags,
    DiagnoseFlags,
    ExplainFlags,
    FileFlags,
    OutputFlags,
    PinFlags,
    PlanOutputFlags,
    ProbeFlags,
    RegistryFlags,
    ResultFlags,
    SelectionFlags,
    SourceFlags,
    Strings,
    TimeoutFlags,
    WaitFlags,
    WriteFlags,
)

T = TypeVar("T")

app = typer.Typer(
    name="kubectl pullpolicy",
    help="Which image pull policy each container really has, and why; and why a pull fails.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog=ROOT_EPILOG,
)


class AfterDashes(TyperCommand):
    """A command with arguments after `--`: `context.meta["after"]`, None without `--`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keep what follows the first `--`, and parse the rest."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta["after"] = args[at + 1 :] if at < len(args) else None
        return super().parse_args(ctx, args[:at])


def flags(*classes: type[Any]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Give a command the fields of these classes as parameters; its first arguments are one value of each class."""

    def decorate(command: Callable[..., T]) -> Callable[..., T]:
        own = list(inspect.signature(command).parameters.values())[len(classes) :]
        names = {cls: [field.name for field in fields(cls)] for cls in classes}
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=getattr(cls, name), annotation=hint)
            for cls in classes
            for name, hint in _hints(cls).items()
        ]

        @wraps(command)
        def run_command(**values: Any) -> T:
            groups = [cls(**{name: values.pop(name) for name in names[cls]}) for cls in classes]
            return command(*groups, **values)

        kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        signature = inspect.Signature([*kept, *added])
        run_command.__signature__ = signature  # type: ignore[attr-defined]
        run_command.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return run_command

    return decorate


def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", show_default=False)] = False,
) -> None:
    """Which image pull policy each container really has, and why; and why a pull fails."""
    if version:
        print_version()
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("version", epilog=VERSION_EPILOG)
def print_version() -> None:
    """Print the version."""
    typer.echo(f"kubectl-pullpolicy v{__version__}")


@app.command("completion", epilog=COMPLETION_EPILOG)
def print_completion() -> None:
    """Print the script that completes `kubectl pullpolicy`, for those who installed it through krew."""
    from kubectl_pullpolicy.commands.completion import SCRIPT

    typer.echo(SCRIPT, nl=False)


@app.command("explain", epilog=EXPLAIN_EPILOG)
@flags(ExplainFlags, SourceFlags, ConnectionFlags, SelectionFlags, OutputFlags, RegistryFlags)
def explain(  # noqa: PLR0913, PLR0917  one parameter a group of flags
    explain_flags: ExplainFlags,
    recording: SourceFlags,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
    registries: RegistryFlags,
    target: Annotated[
        Strings,
        typer.Argument(help="pod NAME, TYPE/NAME, ...; none: all Pods.", metavar="[TARGET...]", show_default=False),
    ] = None,
) -> None:
    """Explain the pull policy of each container: its value, why, what it does at the next start, and the state."""
    from kubectl_pullpolicy.commands.explain import run
    from kubectl_pullpolicy.flags.requests import ExplainRequest

    targets = tuple(target or ())
    raise typer.Exit(run(ExplainRequest(targets, connection, selection, recording, output, registries, explain_flags)))


@app.command("diagnose", epilog=DIAGNOSE_EPILOG, cls=AfterDashes)
@flags(DiagnoseFlags, SourceFlags, ProbeFlags, ConnectionFlags, SelectionFlags, OutputFlags, RegistryFlags)
def diagnose(  # noqa: PLR0913, PLR0917  one parameter a group of flags
    diagnose_flags: DiagnoseFlags,
    recording: SourceFlags,
    probe_flags: ProbeFlags,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
    registries: RegistryFlags,
    invocation: typer.Context,
    target: Annotated[
        Strings,
        typer.Argument(
            help="pod NAME, TYPE/NAME, ...; none: all Pods; -: text from standard input.",
            metavar="[TARGET...|-] [-- MESSAGE...]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Tell what cannot be pulled, by cause and registry: how much, since when, who can end it. Or why, by a text."""
    from kubectl_pullpolicy.commands.diagnose import run
    from kubectl_pullpolicy.flags.requests import DiagnoseRequest

    read = (tuple(target or ()), connection, selection, recording, output, registries)
    raise typer.Exit(run(DiagnoseRequest(*read, diagnose_flags, probe_flags, invocation.meta["after"])))


@app.command("set", epilog=SET_EPILOG)
@flags(ConnectionFlags, SelectionFlags, FileFlags, WriteFlags, WaitFlags, PlanOutputFlags)
def set_policy(  # noqa: PLR0913, PLR0917  one parameter a group of flags
    connection: ConnectionFlags,
    selection: SelectionFlags,
    files: FileFlags,
    write: WriteFlags,
    awaited: WaitFlags,
    output: PlanOutputFlags,
    value: Annotated[
        str,
        typer.Argument(help="Always, IfNotPresent, Never, or Default.", metavar="POLICY", show_default=False),
    ],
    target: Annotated[
        Strings, typer.Argument(help="TYPE/NAME, TYPE NAME, ...", metavar="[TARGET...]", show_default=False)
    ] = None,
    probe_admission: Annotated[
        bool,
        typer.Option(
            "--probe-admission",
            help="Try by a dry run of a Pod whether admission overrides the policy.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Set the pull policy of containers where their Pods are made: shows what changes and restarts, asks, writes."""
    if selection.filename:
        from kubectl_pullpolicy.commands.set_files import run_files
        from kubectl_pullpolicy.errors import UsageError
        from kubectl_pullpolicy.writes.files import file_request

        if probe_admission:
            raise UsageError("--probe-admission cannot be used with --filename")
        raise typer.Exit(run_files(value, file_request(tuple(target or ()), selection, files, write, output)))
    from kubectl_pullpolicy.commands.set import SetRequest, run

    request = SetRequest(value, tuple(target or ()), awaited, probe_admission)
    raise typer.Exit(run(request, connection, selection, write, output))


@app.command("pin", epilog=PIN_EPILOG)
@flags(ConnectionFlags, SelectionFlags, FileFlags, PinFlags, RegistryFlags, WriteFlags, WaitFlags, PlanOutputFlags)
def pin(  # noqa: PLR0913, PLR0917  one parameter a group of flags
    connection: ConnectionFlags,
    selection: SelectionFlags,
    files: FileFlags,
    wanted: PinFlags,
    registries: RegistryFlags,
    write: WriteFlags,
    awaited: WaitFlags,
    output: PlanOutputFlags,
    target: Annotated[
        Strings, typer.Argument(help="TYPE/NAME, TYPE NAME, ...", metavar="[TARGET...]", show_default=False)
    ] = None,
) -> None:
    """Replace tags by digests where Pods are made, or in files, so that the same bytes run everywhere and always."""
    from kubectl_pullpolicy.commands.pin import PinArguments, run

    targets = tuple(target or ())
    raise typer.Exit(
        run(PinArguments(targets, wanted, connection, selection, files, write, awaited, output, registries))
    )


@app.command("wait", epilog=WAIT_EPILOG)
@flags(TimeoutFlags, ConnectionFlags, ResultFlags)
def wait(
    limit: TimeoutFlags,
    connection: ConnectionFlags,
    output: ResultFlags,
    target: Annotated[
        Strings,
        typer.Argument(help="pod NAME, TYPE/NAME, ...", metavar="TARGET...", show_default=False),
    ] = None,
) -> None:
    """Wait until the images are there. Ends early where a pull fails in a way that does not heal by itself."""
    from kubectl_pullpolicy.commands.wait import run

    raise typer.Exit(run(tuple(target or ()), limit, connection, output))


@app.command("retry", epilog=RETRY_EPILOG)
@flags(ConnectionFlags, SelectionFlags, AskFlags, WaitFlags, DeletionFlags)
def retry(  # noqa: PLR0913, PLR0917  one parameter a group of flags
    connection: ConnectionFlags,
    selection: SelectionFlags,
    write: AskFlags,
    awaited: WaitFlags,
    output: DeletionFlags,
    target: Annotated[
        Strings, typer.Argument(help="pod NAME, TYPE/NAME, ...", metavar="[TARGET...]", show_default=False)
    ] = None,
    kill_running: Annotated[
        bool, typer.Option("--kill-running", help="Also Pods of which containers run.", show_default=False)
    ] = False,
) -> None:
    """Make the kubelet pull now: delete Pods that are in back-off, for their controllers to make them anew."""
    from kubectl_pullpolicy.commands.retry import RetryRequest, run

    request = RetryRequest(tuple(target or ()), kill_running, awaited.wait, awaited.timeout)
    raise typer.Exit(run(request, connection, selection, write, output))
