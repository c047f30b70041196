"""kubectl's flags as frozen dataclasses, each with the name, the short form and the meaning that kubectl gives it.

`flags(...)` turns such classes into the parameters of a Typer command, which then gets one value of each.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

import typer
from typer.core import TyperCommand

Strings = list[str] | None

T = TypeVar("T")


def _option(*names: str, text: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, show_default=False)


@dataclass(frozen=True)
class ConnectionFlags:
    """Which API server, as whom."""

    namespace: Annotated[str, _option("--namespace", "-n", text="The namespace to look in.", metavar="NS")] = ""
    context: Annotated[str, _option("--context", text="The kubeconfig context to use.", metavar="NAME")] = ""
    kubeconfig: Annotated[str, _option("--kubeconfig", text="Path of the kubeconfig file.", metavar="FILE")] = ""
    cluster: Annotated[str, _option("--cluster", text="The kubeconfig cluster to use.", metavar="NAME")] = ""
    user: Annotated[str, _option("--user", text="The kubeconfig user to use.", metavar="NAME")] = ""
    server: Annotated[str, _option("--server", "-s", text="Address of the API server.", metavar="URL")] = ""
    token: Annotated[str, _option("--token", text="Bearer token for the API server.", metavar="TOKEN")] = ""
    as_user: Annotated[str, _option("--as", text="User to impersonate.", metavar="USER")] = ""
    as_group: Annotated[Strings, _option("--as-group", text="Group to impersonate; repeatable.", metavar="GROUP")] = (
        None
    )
    as_uid: Annotated[str, _option("--as-uid", text="UID to impersonate.", metavar="UID")] = ""
    certificate_authority: Annotated[
        str, _option("--certificate-authority", text="Certificate file of the authority.", metavar="FILE")
    ] = ""
    client_certificate: Annotated[str, _option("--client-certificate", text="Client certificate.", metavar="FILE")] = ""
    client_key: Annotated[str, _option("--client-key", text="Client key.", metavar="FILE")] = ""
    tls_server_name: Annotated[
        str, _option("--tls-server-name", text="Name to check the server's certificate for.", metavar="NAME")
    ] = ""
    insecure_skip_tls_verify: Annotated[
        bool, _option("--insecure-skip-tls-verify", text="Do not check the server's certificate (insecure).")
    ] = False
    request_timeout: Annotated[
        str, _option("--request-timeout", text="Time to wait for one request (1s, 2m; 0: no limit).", metavar="TIME")
    ] = "0"
    chunk_size: Annotated[
        int, _option("--chunk-size", text="Objects a request returns; 0: all at once. [500]", metavar="N")
    ] = 500


@dataclass(frozen=True)
class SelectionFlags:
    """Which objects."""

    all_namespaces: Annotated[bool, _option("--all-namespaces", "-A", text="Look in all namespaces.")] = False
    selector: Annotated[
        str, _option("--selector", "-l", text="Label selector (a=b, a!=b, a in (b,c)).", metavar="SELECTOR")
    ] = ""
    field_selector: Annotated[
        str, _option("--field-selector", text="Field selector (spec.nodeName=node-1).", metavar="SELECTOR")
    ] = ""
    container: Annotated[str, _option("--container", "-c", text="Only the container of this name.", metavar="NAME")] = (
        ""
    )
    filename: Annotated[
        Strings,
        _option("--filename", "-f", text="Read files, folders or - (stdin) instead of a cluster.", metavar="FILE"),
    ] = None
    recursive: Annotated[bool, _option("--recursive", "-R", text="Read the folders of -f recursively.")] = False


@dataclass(frozen=True)
class OutputFlags:
    """In which form."""

    output: Annotated[str, _option("--output", "-o", text="One of: json, yaml, name, wide.", metavar="FORMAT")] = ""
    no_headers: Annotated[bool, _option("--no-headers", text="Print no header line.")] = False
    verbosity: Annotated[int, _option("--v", "-v", text="1: show where an error came from.", metavar="N")] = 0


@dataclass(frozen=True)
class ResultFlags(OutputFlags):
    """In which form a command tells a result that has no wider table."""

    output: Annotated[str, _option("--output", "-o", text="One of: json, yaml, name.", metavar="FORMAT")] = ""


@dataclass(frozen=True)
class RegistryFlags:
    """How registries are reached, for what asks them."""

    registry_ca: Annotated[
        str,
        _option("--registry-ca", text="Certificates to trust besides the system's, for registries.", metavar="FILE"),
    ] = ""
    plain_http: Annotated[
        Strings, _option("--plain-http", text="Registry (host or host:port) without TLS; repeatable.", metavar="HOST")
    ] = None


@dataclass(frozen=True)
class FileFlags:
    """What to do with files that are changed."""

    write: Annotated[
        bool, _option("--write", text="With -f: change the files in place; without it the text goes to stdout.")
    ] = False


@dataclass(frozen=True)
class PinFlags:
    """What to pin, and to what."""

    check: Annotated[
        bool, _option("--check", text="Only tell what is not pinned, stale, vanished or of one platform; exit code 3.")
    ] = False
    update: Annotated[bool, _option("--update", text="Also move pins whose tag has moved.")] = False
    platform: Annotated[
        str,
        _option("--platform", text="Pin to the image of this platform, not to the index.", metavar="OS/ARCH"),
    ] = ""
    drop_tag: Annotated[bool, _option("--drop-tag", text="Write name@digest, without the tag.")] = False
    policy: Annotated[
        str, _option("--policy", text="Set imagePullPolicy of what is pinned, too.", metavar="POLICY")
    ] = ""
    ignore: Annotated[
        Strings, _option("--ignore", text="Leave images that match this pattern; repeatable.", metavar="GLOB")
    ] = None
    evidence: Annotated[
        str,
        _option(
            "--from",
            text="registry: what the tag stands for now; running: what the Pods run now. [registry]",
            metavar="SOURCE",
        ),
    ] = "registry"
    path: Annotated[
        str,
        _option(
            "--path",
            text="Where the pod spec stands in a kind of one's own (spec.worker.template.spec, spec.pods[0].spec).",
            metavar="PATH",
        ),
    ] = ""
    no_secrets: Annotated[bool, _option("--no-secrets", text="Read no pull secrets of the cluster.")] = False


class AfterDashes(TyperCommand):
    """A command that tells what stands behind `--` from its other arguments: `context.meta["after"]`, None without."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Keeps what stands behind the first `--`, and parses the rest."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta["after"] = args[at + 1 :] if at < len(args) else None
        return super().parse_args(ctx, args[:at])


@dataclass(frozen=True)
class AskFlags:
    """How much is meant, and whether to ask before it is done."""

    everything: Annotated[bool, _option("--all", text="All objects of the namespace and the types given.")] = False
    dry_run: Annotated[
        str,
        _option("--dry-run", text="client: only show; server: let the server check it, too; none.", metavar="MODE"),
    ] = "none"
    yes: Annotated[bool, _option("--yes", "-y", text="Do not ask.")] = False


@dataclass(frozen=True)
class WriteFlags(AskFlags):
    """Whether and how to write."""

    diff: Annotated[bool, _option("--diff", text="Show what changes as a diff instead of a table.")] = False
    field_manager: Annotated[
        str, _option("--field-manager", text="Name to write as. [kubectl-pullpolicy]", metavar="NAME")
    ] = "kubectl-pullpolicy"
    allow_managed: Annotated[
        bool, _option("--allow-managed", text="Also what Argo CD, Flux, an operator or an applier will write again.")
    ] = False


@dataclass(frozen=True)
class WaitFlags:
    """Whether to wait for what a write brings about."""

    wait: Annotated[bool, _option("--wait", text="Then wait for the images of the new Pods; ends as `wait` does.")] = (
        False
    )
    timeout: Annotated[str, _option("--timeout", text="With --wait: how long. [5m]", metavar="TIME")] = "5m"


@dataclass(frozen=True)
class PlanOutputFlags:
    """In which form a command that writes tells its plan."""

    output: Annotated[
        str,
        _option(
            "--output", "-o", text="One of: json, yaml, name; patch: for Git, nothing is written.", metavar="FORMAT"
        ),
    ] = ""
    no_headers: Annotated[bool, _option("--no-headers", text="Print no header line.")] = False
    verbosity: Annotated[int, _option("--v", "-v", text="1: show where an error came from.", metavar="N")] = 0


@dataclass(frozen=True)
class DeletionFlags(PlanOutputFlags):
    """The same, of a command that changes no object that Git could hold."""

    output: Annotated[str, _option("--output", "-o", text="One of: json, yaml, name.", metavar="FORMAT")] = ""


def flags(*classes: type[Any]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Gives a command the fields of these classes as parameters; it is called with one value of each class first."""

    def decorate(command: Callable[..., T]) -> Callable[..., T]:
        own = list(inspect.signature(command).parameters.values())[len(classes) :]
        names = {cls: [field.name for field in fields(cls)] for cls in classes}
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=getattr(cls, name), annotation=hint)
            for cls in classes
            for name, hint in _hints(cls).items()
        ]

        @wraps(command)
        def called(**values: Any) -> T:
            groups = [cls(**{name: values.pop(name) for name in names[cls]}) for cls in classes]
            return command(*groups, **values)

        kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        signature = inspect.Signature([*kept, *added])
        called.__signature__ = signature  # type: ignore[attr-defined]
        called.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return called

    return decorate


def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}
