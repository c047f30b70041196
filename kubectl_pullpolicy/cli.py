"""The Typer app: names, help, registration. Nothing that costs start-up time is imported here."""

from typing import Annotated

import typer

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.options import (
    AfterDashes,
    AskFlags,
    ConnectionFlags,
    DeletionFlags,
    FileFlags,
    Lines,
    OutputFlags,
    PinFlags,
    PlanOutputFlags,
    RegistryFlags,
    ResultFlags,
    SelectionFlags,
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
    epilog="""\b
Examples:
  kubectl pullpolicy explain pod/web-0 -n shop      # one Pod: its policies, why, and why it waits
  kubectl pullpolicy diagnose -A                    # what cannot be pulled anywhere, by cause
  kubectl pullpolicy explain --demo                 # a recorded cluster, no cluster needed

\b
Flags stand after the command: kubectl refuses them before the name of a plugin.
""",
)

EXPLAIN_EPILOG = """\b
Examples:
  kubectl pullpolicy explain                        # the Pods of this namespace
  kubectl pullpolicy explain pod/web-0 -n shop      # one Pod, in full
  kubectl pullpolicy explain deploy/web             # its template and its Pods
  kubectl pullpolicy explain -A --failing           # what cannot pull, everywhere
  kubectl pullpolicy explain -w --failing           # what cannot pull, and what changes
  kubectl pullpolicy explain -f manifests/          # what the API server would store
  kubectl pullpolicy explain --image nginx:1.27     # how a name is read, and its default
  kubectl pullpolicy explain pod/web-0 --probe      # what the registry says, too
  kubectl pullpolicy explain --demo                 # a recorded cluster, no cluster needed
"""

DIAGNOSE_EPILOG = """\b
Examples:
  kubectl pullpolicy diagnose                       # what cannot be pulled in this namespace, by cause
  kubectl pullpolicy diagnose -A                    # in all of them
  kubectl pullpolicy diagnose -A --details          # with evidence and remedies
  kubectl pullpolicy diagnose deploy/web            # of one workload, in full
  kubectl pullpolicy diagnose -f dump.json          # of `kubectl get pods -o json`, or of a recording
  kubectl pullpolicy diagnose -- 'Failed to pull image "x": ...'    # each message behind --
  kubectl describe pod web-0 | kubectl pullpolicy diagnose -         # what a text says: describe, events, a log
  kubectl get events -A | kubectl pullpolicy diagnose - -o json
"""

SET_EPILOG = """\b
Examples:
  kubectl pullpolicy set Always deploy/web -n shop              # asks first, and tells how to take it back
  kubectl pullpolicy set IfNotPresent deploy/web sts/db -c app  # one container of each
  kubectl pullpolicy set Default -l app=web                     # give it back to the server's tag rule
  kubectl pullpolicy set Always deploy --all -A --dry-run=server
  kubectl pullpolicy set Never cronjob/nightly -o patch         # for Git; nothing is written
  kubectl pullpolicy set Always -f manifests/ -R --write        # in files; without --write the text goes to stdout

\b
A Pod or ReplicaSet that is named stands for the workload that makes it. A Job and a Pod of nobody cannot
change: the commands that replace them are printed.

\b
Needs: get and patch of what is named (get of its owners, too); list and patch with -l or --all.
"""


PIN_EPILOG = """\b
Examples:
  kubectl pullpolicy pin deploy/web -n shop               # to what its tags stand for now; asks, tells how to go back
  kubectl pullpolicy pin deploy/web --from running        # freeze what its Pods run
  kubectl pullpolicy pin --all --check                    # not pinned, stale, vanished: exit code 3
  kubectl pullpolicy pin deploy -l app=web --update --wait
  kubectl pullpolicy pin -f deploy.yaml                   # the text with digests, on standard output
  kubectl pullpolicy pin -f manifests/ -R --write         # change the files in place
  kubectl pullpolicy pin -f manifests/ -R --diff          # only show what would change
  kustomize build . | kubectl pullpolicy pin -f - | kubectl apply -f -
  kubectl pullpolicy pin -f manifests/ --check            # for CI: exit code 3 where something is not pinned
  kubectl pullpolicy pin -f manifests/ --update --write   # follow the tags that have moved
  kubectl pullpolicy pin -f values.yaml --policy IfNotPresent --ignore 'registry.internal/*'

\b
Registries are asked with the Pods' pull secrets as the kubelet would, then as docker login does, then without any.
Needs for a TARGET: get and patch of it, get of its ServiceAccount and pull secrets (--no-secrets: not those).

\b
Files are manifests (YAML or JSON), kustomizations (images:) and values of Helm charts, which have `values` in their
name. Only image values change; a comment behind an image or above it leaves it alone: # pullpolicy: ignore
"""


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


VERSION_EPILOG = """\b
Examples:
  kubectl pullpolicy version
"""


@app.command("version", epilog=VERSION_EPILOG)
def print_version() -> None:
    """Print the version."""
    typer.echo(f"kubectl-pullpolicy v{__version__}")


COMPLETION_EPILOG = """\b
Examples:
  kubectl pullpolicy completion > ~/.local/bin/kubectl_complete-pullpolicy     # in a folder of your PATH
  chmod +x ~/.local/bin/kubectl_complete-pullpolicy

\b
kubectl finds it by its name. Installed by pip, pipx or uv it is there already.
"""


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
        Lines,
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
    from kubectl_pullpolicy.commands.explain import Request, run

    request = Request(
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
        Lines,
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
    from kubectl_pullpolicy.commands.diagnose import Request, run

    request = Request(tuple(target or ()), invocation.meta["after"], details, record, demo, now, probe, no_secrets)
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
        Lines, typer.Argument(help="TYPE/NAME, TYPE NAME, ...", metavar="[TARGET...]", show_default=False)
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
        from kubectl_pullpolicy.commands.file_writing import file_request
        from kubectl_pullpolicy.commands.set_files import run_files
        from kubectl_pullpolicy.errors import UsageError

        if probe_admission:
            raise UsageError("--probe-admission cannot be used with --filename")
        raise typer.Exit(run_files(value, file_request(tuple(target or ()), selection, files, write, output)))
    from kubectl_pullpolicy.commands.set_policy import SetRequest, run

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
        Lines, typer.Argument(help="TYPE/NAME, TYPE NAME, ...", metavar="[TARGET...]", show_default=False)
    ] = None,
) -> None:
    """Replace tags by digests where Pods are made, or in files, so that the same bytes run everywhere and always."""
    from kubectl_pullpolicy.commands.pin import run

    raise typer.Exit(run(tuple(target or ()), wanted, connection, selection, files, write, awaited, output, registries))


WAIT_EPILOG = """\b
Examples:
  kubectl pullpolicy wait deploy/web                # its newest Pods have their images, or never will
  kubectl pullpolicy wait pod/web-0 --timeout=90s   # one Pod
  kubectl pullpolicy wait job/import || exit        # in a script

\b
Exit codes: 0 all images are there, 1 error, 3 a failure that does not heal by itself, 4 timed out.
"""


@app.command("wait", epilog=WAIT_EPILOG)
@flags(ConnectionFlags, ResultFlags)
def wait(
    connection: ConnectionFlags,
    output: ResultFlags,
    target: Annotated[
        Lines,
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
    from kubectl_pullpolicy.commands.wait import Request, run

    raise typer.Exit(run(Request(tuple(target or ()), timeout), connection, output))


RETRY_EPILOG = """\b
Examples:
  kubectl pullpolicy retry deploy/web               # the Pods of it that are in back-off
  kubectl pullpolicy retry deploy/web --wait        # and what comes of it
  kubectl pullpolicy retry pod/web-0 --yes          # one Pod, without a question
  kubectl pullpolicy retry -l app=web --dry-run=client
"""


@app.command("retry", epilog=RETRY_EPILOG)
@flags(ConnectionFlags, SelectionFlags, AskFlags, WaitFlags, DeletionFlags)
def retry(  # noqa: PLR0913, PLR0917  one parameter a flag, as Typer wants them
    connection: ConnectionFlags,
    selection: SelectionFlags,
    write: AskFlags,
    awaited: WaitFlags,
    output: DeletionFlags,
    target: Annotated[
        Lines, typer.Argument(help="pod NAME, TYPE/NAME, ...", metavar="[TARGET...]", show_default=False)
    ] = None,
    kill_running: Annotated[
        bool, typer.Option("--kill-running", help="Also Pods of which containers run.", show_default=False)
    ] = False,
) -> None:
    """Make the kubelet pull now: delete Pods that are in back-off, for their controllers to make them anew."""
    from kubectl_pullpolicy.commands.retry import RetryRequest, run

    request = RetryRequest(tuple(target or ()), kill_running, awaited.wait, awaited.timeout)
    raise typer.Exit(run(request, connection, selection, write, output))
