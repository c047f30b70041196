"""kubectl's flags as frozen dataclasses, in the order of --help. Without __eq__ and __repr__ they are made faster."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import typer

Strings = list[str] | None


def _option(*names: str, text: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, show_default=False)


def _output(text: str) -> Any:
    return _option("--output", "-o", text=text, metavar="FORMAT")


def _details(text: str) -> Any:
    return _option("--details", text=text)


def _no_secrets(text: str) -> Any:
    return _option("--no-secrets", text=text)


def _policy(text: str) -> Any:
    return _option("--policy", text=text, metavar="POLICY")


def _probe(text: str) -> Any:
    return _option("--probe", text=text)


def _timeout(text: str) -> Any:
    return _option("--timeout", text=text, metavar="TIME")


@dataclass(frozen=True, eq=False, repr=False)
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

    @property
    def repeated(self) -> str:
        """Return ` --context prod`: what a printed command repeats of the cluster and the user; never a token."""
        from shlex import quote

        place = ("kubeconfig", "context", "cluster", "user", "server", "tls_server_name", "as_uid")
        files = ("certificate_authority", "client_certificate", "client_key")
        flags = [(f"--{name.replace('_', '-')}", str(getattr(self, name))) for name in (*place, *files)]
        flags += [("--as", self.as_user), *(("--as-group", group) for group in self.as_group or ())]
        insecure = " --insecure-skip-tls-verify" * self.insecure_skip_tls_verify
        return "".join(f" {flag} {quote(value)}" for flag, value in flags if value) + insecure


@dataclass(frozen=True, eq=False, repr=False)
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
    max_file_size: Annotated[
        str, _option("--max-file-size", text="Largest file that -f reads (500Mi, 2Gi). [1Gi]", metavar="SIZE")
    ] = "1Gi"


@dataclass(frozen=True, eq=False, repr=False)
class OutputFlags:
    """How to print. `formats`: what `output` may be, besides ""."""

    formats: ClassVar[tuple[str, ...]] = ("json", "yaml", "name", "wide")
    output: Annotated[str, _output("One of: json, yaml, name, wide.")] = ""
    no_headers: Annotated[bool, _option("--no-headers", text="Print no header line.")] = False
    verbosity: Annotated[int, _option("--v", "-v", text="1: show where an error came from.", metavar="N")] = 0


@dataclass(frozen=True, eq=False, repr=False)
class ResultFlags(OutputFlags):
    """How to print a result that has no wider table."""

    formats: ClassVar[tuple[str, ...]] = ("json", "yaml", "name")
    output: Annotated[str, _output("One of: json, yaml, name.")] = ""


@dataclass(frozen=True, eq=False, repr=False)
class ExplainFlags:
    """What to explain, and in how much detail."""

    failing: Annotated[bool, _option("--failing", text="Only containers that cannot get their image.")] = False
    details: Annotated[bool, _details("The full text for each Pod, not a table.")] = False
    watch: Annotated[
        bool,
        _option(
            "--watch",
            "-w",
            text="Then go on: the rows of each Pod that changes or goes. -o json: an Explanation a line.",
        ),
    ] = False
    watch_only: Annotated[bool, _option("--watch-only", text="As --watch, without what is there now.")] = False
    image: Annotated[str, _option("--image", text="Explain this image string; no cluster.", metavar="REF")] = ""
    policy: Annotated[str, _policy("With --image: the policy that is set.")] = ""
    credentials: Annotated[bool, _option("--credentials", text="Look at the pull secrets of every container.")] = False
    no_secrets: Annotated[bool, _no_secrets("Read no Secret, and no ServiceAccount.")] = False
    probe: Annotated[bool, _probe("Ask the registries, too: from this machine, with the Pods' pull secrets.")] = False


@dataclass(frozen=True, eq=False, repr=False)
class DiagnoseFlags:
    """In how much detail to print what fails."""

    details: Annotated[bool, _details("Each cause with evidence and remedies, not a table.")] = False


@dataclass(frozen=True, eq=False, repr=False)
class ProbeFlags:
    """Whether to ask registries about what fails, and with which credentials."""

    probe: Annotated[
        bool, _probe("Ask the registries about an example or more of each cause: from this machine, as its Pod.")
    ] = False
    no_secrets: Annotated[bool, _no_secrets("Read no Secret, and no ServiceAccount; with --probe ask anonymously.")] = (
        False
    )


@dataclass(frozen=True, eq=False, repr=False)
class SourceFlags:
    """Which recording to read or write, the time to count from, and how long reading may take."""

    record: Annotated[str, _option("--record", text="Write what was read; -f reads it again.", metavar="FILE")] = ""
    demo: Annotated[bool, _option("--demo", text="Use the recording of a real cluster.")] = False
    now: Annotated[str, _option("--now", text="The time to count from (RFC 3339).", metavar="TIME")] = ""
    timeout: Annotated[str, _timeout("How long the API server may take in all (90s, 5m); 0: no limit. [0]")] = "0"


@dataclass(frozen=True, eq=False, repr=False)
class TimeoutFlags:
    """How long to wait."""

    timeout: Annotated[str, _timeout("How long (90s, 5m); 0: look once, -1s: a week. [5m]")] = "5m"


@dataclass(frozen=True, eq=False, repr=False)
class RegistryFlags:
    """How to reach registries."""

    registry_ca: Annotated[
        str,
        _option("--registry-ca", text="Certificates to trust besides the system's, for registries.", metavar="FILE"),
    ] = ""
    plain_http: Annotated[
        Strings, _option("--plain-http", text="Registry (host or host:port) without TLS; repeatable.", metavar="HOST")
    ] = None


@dataclass(frozen=True, eq=False, repr=False)
class FileFlags:
    """Whether to change the files in place."""

    write: Annotated[
        bool, _option("--write", text="With -f: change the files in place; without it the text goes to stdout.")
    ] = False


@dataclass(frozen=True, eq=False, repr=False)
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
    policy: Annotated[str, _policy("Set imagePullPolicy of what is pinned, too.")] = ""
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
    no_secrets: Annotated[bool, _no_secrets("Read no pull secrets of the cluster.")] = False


@dataclass(frozen=True, eq=False, repr=False)
class AskFlags:
    """Which objects to change, and whether to ask first."""

    everything: Annotated[bool, _option("--all", text="All objects of the namespace and the types given.")] = False
    dry_run: Annotated[
        str,
        _option("--dry-run", text="client: only show; server: let the server check it, too; none.", metavar="MODE"),
    ] = "none"
    yes: Annotated[bool, _option("--yes", "-y", text="Do not ask.")] = False


@dataclass(frozen=True, eq=False, repr=False)
class WriteFlags(AskFlags):
    """Whether and how to write."""

    diff: Annotated[bool, _option("--diff", text="Show what changes as a diff instead of a table.")] = False
    field_manager: Annotated[
        str, _option("--field-manager", text="Name to write as. [kubectl-pullpolicy]", metavar="NAME")
    ] = "kubectl-pullpolicy"
    allow_managed: Annotated[
        bool, _option("--allow-managed", text="Also what Argo CD, Flux, an operator or an applier will write again.")
    ] = False


@dataclass(frozen=True, eq=False, repr=False)
class WaitFlags:
    """Whether to wait for the images of the new Pods."""

    wait: Annotated[bool, _option("--wait", text="Then wait for the images of the new Pods; ends as `wait` does.")] = (
        False
    )
    timeout: Annotated[str, _timeout("With --wait: how long. [5m]")] = "5m"


@dataclass(frozen=True, eq=False, repr=False)
class PlanOutputFlags(OutputFlags):
    """How to print the plan of a command that writes."""

    formats: ClassVar[tuple[str, ...]] = ("json", "yaml", "name", "patch")
    output: Annotated[str, _output("One of: json, yaml, name; patch: for Git, nothing is written.")] = ""


@dataclass(frozen=True, eq=False, repr=False)
class DeletionFlags(PlanOutputFlags):
    """The same for a command that changes no object that Git could hold."""

    output: Annotated[str, _output("One of: json, yaml, name.")] = ""
