"""The Typer app: names, help, registration. Nothing that costs start-up time is imported here."""

from typing import Annotated

import typer

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
    AfterDashes,
    AskFlags,
    ConnectionFlags,
    DeletionFlags,
    FileFlags,
    OutputFlags,
    PinFlags,
    PlanOutputFlags,
    RegistryFlags,
    ResultFlags,
    SelectionFlags,
    Strings,
    WaitFlags,
    WriteFlags,
    flags,
)

app = typer.Typer(
    name="kubectl pullpolicy",
    help="Which image pull policy each container really has, and why; and why a pull fails.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog=ROOT_EPILOG,
)


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
@flags(ConnectionFlags, SelectionFlags, OutputFlags, RegistryFlags)
def explain(  # noqa: PLR0913, PLR0917  one parameter a flag, as Typer wants them
    connection: ConnectionFlags,
    selection: SelectionFlags,
    output: OutputFlags,
    registries: RegistryFlags,
    target: Annotated[
        Strings,
        typer.Argument(help="pod NAME, TYPE/NAME, ...; none: all Pods.", metavar="[TARGET...]", show_default=False),
    ] = None,
    failing: Annotated[
        bool, typer.Option("--failing", help="Only containers that cannot get their image.", show_default=False)
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="The full text for each Pod, not a table.", show_default=False)
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            "-w",
            help="Then go on: the rows of each Pod that changes or goes. -o json: an Explanation a line.",
            show_default=False,
        ),
    ] = False,
    watch_only: Annotated[
        bool, typer.Option("--watch-only", help="As --watch, without what is there now.", show_default=False)
    ] = False,
    image: Annotated[
        str, typer.Option("--image", help="Explain this image string; no cluster.", metavar="REF", show_default=False)
    ] = "",
    policy: Annotated[
        str,
        typer.Option("--policy", help="With --image: the policy that is set.", metavar="POLICY", show_default=False),
    ] = "",
    credentials: Annotated[
        bool,
        typer.Option("--credentials", help="Look at the pull secrets of every container.", show_default=False),
    ] = False,
    no_secrets: Annotated[
        bool, typer.Option("--no-secrets", help="Read no Secret, and no ServiceAccount.", show_default=False)
    ] = False,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Ask the registries, too: from this machine, with the Pods' pull secrets.",
            show_default=False,
        ),
    ] = False,
    record: Annotated[
        str,
        typer.Option("--record", help="Write what was read; -f reads it again.", metavar="FILE", show_default=False),
    ] = "",
    demo: Annotated[
        bool, typer.Option("--demo", help="Use the recording of a real cluster.", show_default=False)
    ] = False,
    now: Annotated[
        str, typer.Option("--now", help="The time to count from (RFC 3339).", metavar="TIME", show_default=False)
    ] = "",
) -> None:
    """Explain the pull policy of each container: its value, why, what it does at the next start, and the state."""
    from kubectl_pullpolicy.commands.explain import run
    from kubectl_pullpolicy.flags.requests import ExplainRequest

    request = ExplainRequest(
        tuple(target or ()),
        failing,
        details,
        image,
        policy,
        record,
        demo,
        now,
        watch,
        watch_only,
        credentials,
        no_secrets,
        probe,
    )
    raise typer.Exit(run(request, connection, selection, output, registries))


@app.command("diagnose", epilog=DIAGNOSE_EPILOG, cls=AfterDashes)
@flags(ConnectionFlags, SelectionFlags, OutputFlags, RegistryFlags)
def diagnose(  # noqa: PLR0913, PLR0917  one parameter a flag, as Typer wants them
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
    details: Annotated[
        bool, typer.Option("--details", help="Each cause with evidence and remedies, not a table.", show_default=False)
    ] = False,
    record: Annotated[
        str,
        typer.Option("--record", help="Write what was read; -f reads it again.", metavar="FILE", show_default=False),
    ] = "",
    demo: Annotated[
        bool, typer.Option("--demo", help="Use the recording of a real cluster.", show_default=False)
    ] = False,
    now: Annotated[
        str, typer.Option("--now", help="The time to count from (RFC 3339).", metavar="TIME", show_default=False)
    ] = "",
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Ask the registries about an example or more of each cause: from this machine, as its Pod.",
            show_default=False,
        ),
    ] = False,
    no_secrets: Annotated[
        bool,
        typer.Option(
            "--no-secrets",
            help="Read no Secret, and no ServiceAccount; with --probe ask anonymously.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Tell what cannot be pulled, by cause and registry: how much, since when, who can end it. Or why, by a text."""
    from kubectl_pullpolicy.commands.diagnose import run
    from kubectl_pullpolicy.flags.requests import DiagnoseRequest

    request = DiagnoseRequest(
        tuple(target or ()), invocation.meta["after"], details, record, demo, now, probe, no_secrets
    )
    raise typer.Exit(run(request, connection, selection, output, registries))


@app.command("set", epilog=SET_EPILOG)
@flags(ConnectionFlags, SelectionFlags, FileFlags, WriteFlags, WaitFlags, PlanOutputFlags)
def set_policy(  # noqa: PLR0913, PLR0917  one parameter a flag, as Typer wants them
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
def pin(  # noqa: PLR0913, PLR0917  one parameter a flag, as Typer wants them
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
@flags(ConnectionFlags, ResultFlags)
def wait(
    connection: ConnectionFlags,
    output: ResultFlags,
    target: Annotated[
        Strings,
        typer.Argument(help="pod NAME, TYPE/NAME, ...", metavar="TARGET...", show_default=False),
    ] = None,
    timeout: Annotated[
        str,
        typer.Option(
            "--timeout",
            help="How long (90s, 5m); 0: look once, -1s: a week. [5m]",
            metavar="TIME",
            show_default=False,
        ),
    ] = "5m",
) -> None:
    """Wait until the images are there. Ends early where a pull fails in a way that does not heal by itself."""
    from kubectl_pullpolicy.commands.wait import WaitRequest, run

    raise typer.Exit(run(WaitRequest(tuple(target or ()), timeout), connection, output))


@app.command("retry", epilog=RETRY_EPILOG)
@flags(ConnectionFlags, SelectionFlags, AskFlags, WaitFlags, DeletionFlags)
def retry(  # noqa: PLR0913, PLR0917  one parameter a flag, as Typer wants them
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
