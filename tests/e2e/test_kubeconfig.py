"""Each field of a kubeconfig, given to the real kubectl and to us: the same request on the wire, or both refuse."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.cluster.kubeconfig import AuthProvider, Cluster, Context, ExecConfig, ExecEnv, User
from tests.cluster.conftest import Identity
from tests.cluster.test_credentials import encoded, wrapped
from tests.e2e.manifests import WEB, container, deployment
from tests.harness.cluster.build import ensure_built
from tests.harness.cluster.certificates import make_authority, make_client_certificate, make_server_certificate
from tests.harness.cluster.versions import Versions
from tests.harness.stubs.api_server import Answer, Request, State, Tls, api_server
from tests.harness.stubs.proxy import proxying

pytestmark = pytest.mark.e2e

TOKEN = {"token": "t0ken"}
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
DISCOVERY: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "v1",
        "resources": [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["list"]}],
    },
}
PODS = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}).encode()


@dataclass(frozen=True)
class Row:
    """One kubeconfig. `reworded`: both refuse, in other words."""

    name: str
    user: dict[str, Any] = field(default_factory=dict)
    cluster: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)
    tls: bool = True
    reworded: bool = False


def plugin(status: Any = None, **fields: Any) -> dict[str, Any]:
    """A user with an exec plugin that notes what it gets."""
    version = fields.get("apiVersion", V1)
    output = {"apiVersion": version, "kind": "ExecCredential", "status": status or {"token": "issued"}}
    script = f"printf %s \"$KUBERNETES_EXEC_INFO\" > $NOTES; echo '{json.dumps(output)}'"
    given = {"apiVersion": V1, "command": "sh", "args": ["-c", script], "interactiveMode": "Never"} | fields
    return {"exec": {name: value for name, value in given.items() if value is not None}}


AS_JANE = {"as": "jane", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"example.com/X_y": ["1", "2"]}}
CERTIFICATE = {"client-certificate": "$JANE", "client-key": "$KEY"}
CERTIFICATE_DATA = {"client-certificate-data": "$JANE_DATA", "client-key-data": "$KEY_DATA"}
DATA = {"certificate-authority": None, "certificate-authority-data": "$CA_DATA"}

ROWS = [
    Row("token", TOKEN),
    Row("token over http", TOKEN, tls=False),
    Row("token flag over http", flags=("--token=x",), tls=False),
    Row("token flag", TOKEN, flags=("--token=x",)),
    Row("impersonation over http", TOKEN | AS_JANE, tls=False),
    Row("no scheme", TOKEN | AS_JANE, {"server": "$HOST"}, tls=False),
    Row("tokenFile", {"tokenFile": "$FILES/token"}),
    Row("tokenFile relative", {"tokenFile": "files/token"}),
    Row("tokenFile and token", {"tokenFile": "$FILES/token"} | TOKEN),
    Row("tokenFile empty and token", {"tokenFile": "$FILES/empty"} | TOKEN),
    Row("tokenFile missing and token", {"tokenFile": "$FILES/missing"} | TOKEN),
    Row("tokenFile missing", {"tokenFile": "$FILES/missing"}),
    Row("basic", {"username": "u", "password": "p"}),
    Row("basic and token", {"username": "u", "password": "p"} | TOKEN),
    Row("impersonation", TOKEN | AS_JANE),
    Row("impersonation and --as", TOKEN | AS_JANE, flags=("--as=bob",)),
    Row("impersonation and --as-group", TOKEN | AS_JANE, flags=("--as-group=c", "--as-group=d")),
    Row("impersonation and --as-uid", TOKEN | AS_JANE, flags=("--as-uid=8",)),
    Row("flags alone", TOKEN, flags=("--as=bob", "--as-group=c", "--as-uid=8")),
    *(Row(f"{name} alone", TOKEN | {name: AS_JANE[name]}) for name in ("as", "as-uid", "as-groups", "as-user-extra")),
    Row("certificate", CERTIFICATE),
    Row("certificate data", CERTIFICATE_DATA),
    Row("certificate data wrapped", {"client-certificate-data": "$JANE_WRAPPED", "client-key-data": "$KEY_WRAPPED"}),
    Row("certificate and token", CERTIFICATE | TOKEN),
    Row("certificate flags", CERTIFICATE_DATA, flags=("--client-certificate=$JANE", "--client-key=$KEY")),
    Row("certificate without key", {"client-certificate": "$JANE"}),
    Row("certificate twice", CERTIFICATE | {"client-certificate-data": "$JANE_DATA"}),
    Row("key twice", CERTIFICATE | {"client-key-data": "$KEY_DATA"}),
    Row("certificate of no PEM", CERTIFICATE | {"client-certificate": "$FILES/token"}),
    Row("key of no PEM", CERTIFICATE | {"client-key": "$FILES/token"}),
    Row("key of another", CERTIFICATE | {"client-key": "$SERVER_KEY"}),
    Row("certificate missing", CERTIFICATE | {"client-certificate": "$FILES/missing"}),
    Row("key of no base64", {"client-certificate-data": "$JANE_DATA", "client-key-data": "?"}, reworded=True),
    Row("authority data", TOKEN, DATA),
    Row("authority data wrapped", TOKEN, DATA | {"certificate-authority-data": "$CA_WRAPPED"}),
    Row("authority twice", TOKEN, {"certificate-authority-data": "$CA_DATA"}),
    Row("authority of no PEM", TOKEN, {"certificate-authority": "$FILES/token"}),
    Row("authority missing", TOKEN, {"certificate-authority": "$FILES/missing"}),
    Row("authority and insecure", TOKEN, {"insecure-skip-tls-verify": True}),
    Row("insecure", TOKEN, {"certificate-authority": None, "insecure-skip-tls-verify": True}),
    Row("authority flag", TOKEN, {"certificate-authority": "$FILES/token"}, flags=("--certificate-authority=$CA",)),
    Row("insecure flag", TOKEN, flags=("--insecure-skip-tls-verify",)),
    Row("tls-server-name", TOKEN, {"tls-server-name": "localhost"}),
    Row("tls-server-name and --server", TOKEN, {"tls-server-name": "elsewhere"}, flags=("--server=$URL",)),
    Row("tls-server-name flag", TOKEN, {"tls-server-name": "elsewhere"}, flags=("--tls-server-name=localhost",)),
    Row("disable-compression", TOKEN, {"disable-compression": True}),
    Row("server with a path", TOKEN, {"server": "$URL/prefix/"}),
    Row("proxy-url", TOKEN, {"proxy-url": "http://$PROXY"}),
    Row("proxy-url with a login", TOKEN, {"proxy-url": "http://me:p%40w@$PROXY"}),
    Row("proxy-url with a user", TOKEN, {"proxy-url": "http://me@$PROXY"}),
    Row("proxy-url of another scheme", TOKEN, {"proxy-url": "ftp://$PROXY"}, reworded=True),
    Row("HTTPS_PROXY", TOKEN, {"server": "$NAMED", "tls-server-name": "localhost"},
        environment={"HTTPS_PROXY": "http://me:pw@$PROXY"}),
    Row("HTTPS_PROXY without a scheme", TOKEN, {"server": "$NAMED", "tls-server-name": "localhost"},
        environment={"HTTPS_PROXY": "$PROXY"}),
    Row("HTTPS_PROXY for this machine", TOKEN, environment={"HTTPS_PROXY": "$PROXY"}),
    Row("ALL_PROXY", TOKEN, environment={"ALL_PROXY": "http://$PROXY", "all_proxy": "http://$PROXY"}),
    Row("proxy-url and NO_PROXY", TOKEN, {"proxy-url": "http://$PROXY"}, environment={"NO_PROXY": "*"}),
    Row("namespace", TOKEN, context={"namespace": "away"}),
    Row("namespace flag", TOKEN, context={"namespace": "away"}, flags=("--namespace=pod",)),
    Row("context missing", TOKEN, flags=("--context=no",), reworded=True),
    Row("cluster missing", TOKEN, flags=("--cluster=no",), reworded=True),
    Row("user missing", TOKEN, flags=("--user=no",)),
    Row("kind", TOKEN, top={"kind": "Pod"}, reworded=True),
    Row("version", TOKEN, top={"apiVersion": "v2"}, reworded=True),
    Row("two users of one name", top={"users": [{"name": "u", "user": TOKEN}] * 2}, reworded=True),
    Row("no kind", TOKEN, top={"kind": None, "apiVersion": None}),
    Row("unknown fields", TOKEN | {"extensions": []}, {"extensions": []}, top={"preferences": {"colors": True}}),
    Row("a token that is no string", {"token": 5}, reworded=True),
    Row("null fields", TOKEN | {"as": None, "exec": None, "as-groups": None}, {"proxy-url": None}),
    Row("exec", plugin()),
    Row("exec v1beta1", plugin(apiVersion=V1BETA1, interactiveMode=None)),
    Row("exec and token", plugin() | TOKEN),
    Row("exec and certificate", plugin() | CERTIFICATE),
    Row("exec env", plugin(env=[{"name": "A", "value": "b"}])),
    Row("exec env with a PATH", plugin(env=[{"name": "PATH", "value": "$FILES"}])),
    Row("exec provideClusterInfo", plugin(provideClusterInfo=True), {"tls-server-name": "localhost", "extensions": [
        {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]}),
    Row("exec provideClusterInfo with data", plugin(provideClusterInfo=True), DATA | {"disable-compression": True}),
    Row("exec IfAvailable", plugin(interactiveMode="IfAvailable")),
    Row("exec Always", plugin(interactiveMode="Always")),
    Row("exec Sometimes", plugin(interactiveMode="Sometimes")),
    Row("exec without interactiveMode", plugin(interactiveMode=None)),
    Row("exec v1alpha1", plugin(apiVersion="client.authentication.k8s.io/v1alpha1")),
    Row("exec without command", plugin(command=None)),
    Row("exec with an env without name", plugin(env=[{"value": "b"}])),
    Row("exec without status", plugin(args=["-c", f'echo \'{{"apiVersion":"{V1}","kind":"ExecCredential"}}\''])),
    Row("exec without token", plugin({"other": "x"})),
    Row("exec with a certificate alone", plugin({"clientCertificateData": "x"})),
    Row("exec with a token that is no string", plugin({"token": 5}), reworded=True),
    Row("exec of another version", plugin(args=["-c", f'echo \'{{"apiVersion":"{V1BETA1}","kind":"ExecCredential"}}\'']
    ), reworded=True),
    Row("exec with no JSON", plugin(args=["-c", "echo hello"]), reworded=True),
    Row("exec that fails", plugin(args=["-c", "exit 3"])),
    Row("exec that is missing", plugin(command="no-such-plugin", installHint="install it"), reworded=True),
    Row("exec that the kuberc denies", plugin(), environment={"KUBERC": "$FILES/deny"}),
    Row("exec that the kuberc allows", plugin(), environment={"KUBERC": "$FILES/allow"}),
    Row("exec that the kuberc does not list", plugin(), environment={"KUBERC": "$FILES/other"}),
    Row("exec and a kuberc that contradicts itself", plugin(), environment={"KUBERC": "$FILES/contradiction"},
        reworded=True),
    Row("exec and a kuberc that is switched off", plugin(), environment={"KUBERC": "off"}),
    Row("exec and auth-provider", plugin() | {"auth-provider": {"name": "oidc", "config": {}}}),
    Row("auth-provider of another name", {"auth-provider": {"name": "other", "config": {}}}),
    Row("auth-provider oidc without token", {"auth-provider": {"name": "oidc", "config": {
        "idp-issuer-url": "https://127.0.0.1:9", "client-id": "c"}}}, reworded=True),
]  # fmt: skip


def test_each_field_that_is_read_has_a_row() -> None:
    owners: list[tuple[Any, str]] = [(Cluster, "cluster"), (User, "user"), (Context, "context")]
    for struct, part in owners:
        given = {name for row in ROWS for name in getattr(row, part)}
        fields = set(struct.__struct_encode_fields__) - {"cluster", "user", "server"}
        assert fields <= given | {"certificate-authority"}
    plugins = [row.user["exec"] for row in ROWS if row.user.get("exec")]
    assert set(ExecConfig.__struct_encode_fields__) <= {name for each in plugins for name in each}
    assert set(ExecEnv.__struct_encode_fields__) == {"name", "value"}
    assert set(AuthProvider.__struct_encode_fields__) == {"name", "config"}


@pytest.fixture(scope="module")
def kubectl() -> str:
    """The real kubectl: the test cluster's, or the user's own."""
    found = shutil.which("kubectl") if os.environ.get("KUBECONFIG") else None
    return found or str(ensure_built(Versions()) / "kubectl")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Files of an API server with TLS, and of a client."""
    folder = tmp_path_factory.mktemp("identity")
    authority, key = folder / "ca.crt", folder / "ca.key"
    make_authority(key, authority)
    make_server_certificate(key, authority, folder / "tls.key", folder / "tls.crt")
    make_client_certificate(key, authority, "jane", folder / "jane.key", folder / "jane.crt")
    return Identity(Tls(authority, folder / "tls.crt", folder / "tls.key"), folder / "jane.crt", folder / "jane.key")


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_kubeconfig_is_read_as_kubectl_reads_it(row: Row, kubectl: str, identity: Identity, tmp_path: Path) -> None:
    state = State(objects=DISCOVERY | {f"/prefix{path}": body for path, body in DISCOVERY.items()})
    state.answers.append((lambda request: request.path.endswith("/pods"), Answer(body=PODS)))
    with api_server(state, identity.tls if row.tls else None) as url, proxying(url) as proxy:
        values = _values(identity, tmp_path) | {"$URL": url, "$HOST": url.partition("://")[2], "$PROXY": proxy.address}
        values["$NAMED"] = url.replace("127.0.0.1", "api.example.test")
        path = tmp_path / "config"
        path.write_text(_filled(json.dumps(_kubeconfig(row)), values))
        flags = [_filled(flag, values) for flag in row.flags]
        environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "KUBECONFIG": str(path)}
        environment |= {name: _filled(value, values) for name, value in row.environment.items()}
        if "PYTHONPATH" in os.environ:
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        results = []
        for command in ([kubectl, "get", "pods"], [sys.executable, "-m", "kubectl_pullpolicy", "explain"]):
            state.requests.clear()
            proxy.heads.clear()
            notes = tmp_path / "notes"
            notes.unlink(missing_ok=True)
            done = subprocess.run(
                [*command, *flags], env=environment | {"NOTES": str(notes)}, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            words = "" if row.reworded or not done.returncode else done.stderr.strip().splitlines()[-1]
            noted = json.loads(notes.read_text()) if notes.exists() else None
            results.append((done.returncode, words, _wire(state.requests), _proxied(proxy.heads), noted))
    theirs, ours = results
    assert ours == theirs


def _kubeconfig(row: Row) -> dict[str, Any]:
    cluster = {"server": "$URL"} | ({"certificate-authority": "$CA"} if row.tls else {}) | row.cluster
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {name: value for name, value in cluster.items() if value is not None}}],
        "users": [{"name": "u", "user": row.user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"} | row.context}],
        "current-context": "x",
    } | row.top
    return {name: value for name, value in content.items() if value is not None}


def _values(identity: Identity, folder: Path) -> dict[str, str]:
    files = folder / "files"
    files.mkdir()
    (files / "token").write_text("from-a-file\n")
    (files / "empty").write_text("\n")
    for name, policy, command in (
        ("deny", "DenyAll", ""),
        ("allow", "Allowlist", "sh"),
        ("other", "Allowlist", "cat"),
        ("contradiction", "AllowAll", "sh"),
    ):
        preference = {
            "apiVersion": "kubectl.config.k8s.io/v1beta1",
            "kind": "Preference",
            "credentialPluginPolicy": policy,
        }
        listed = {"credentialPluginAllowlist": [{"command": command}]} if command else {}
        (files / name).write_text(json.dumps(preference | listed))
    paths = {"CA": identity.tls.authority, "JANE": identity.certificate, "KEY": identity.key}
    values = {f"${name}_DATA": encoded(path) for name, path in paths.items()}
    values |= {f"${name}_WRAPPED": json.dumps(wrapped(encoded(path)))[1:-1] for name, path in paths.items()}
    values |= {"$FILES": str(files), "$SERVER_KEY": str(identity.tls.key)}
    return values | {f"${name}": str(path) for name, path in paths.items()}


def _filled(text: str, values: dict[str, str]) -> str:
    for name in sorted(values, key=len, reverse=True):
        text = text.replace(name, values[name])
    return text


def _wire(requests: list[Request]) -> Any:
    """What a request for Pods says of its user, and to which server it goes."""
    lists = [request for request in requests if request.path.endswith("/pods")]
    if not lists:
        return None
    headers = lists[0].headers
    sent = {name: headers[name] for name in headers if name == "Authorization" or name.startswith("Impersonate-")}
    gzip = "gzip" in str(headers.get("Accept-Encoding"))
    return lists[0].path, sent, gzip, lists[0].client, lists[0].sni, len(lists)


def _proxied(heads: list[str]) -> set[tuple[str, ...]]:
    """Target and login of each request to the proxy."""
    lines = [head.splitlines() for head in heads]
    return {
        (each[0].rpartition(" ")[0], *(line for line in each if line.lower().startswith("proxy-authorization")))
        for each in lines
    }


@pytest.fixture
def as_nobody(namespace: Any, tmp_path: Path) -> Any:
    """The cluster with an administrator's token, and a user who may do nothing in `as`."""
    config = json.loads(namespace.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
    for user in config["users"]:
        user["user"]["as"] = "nobody"
    path = tmp_path / "as-nobody"
    path.write_text(json.dumps(config))
    return replace(namespace, kubeconfig=path)


def test_as_of_the_kubeconfig_refuses_a_write_as_it_does_for_kubectl(namespace: Any, as_nobody: Any) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:1.4", "IfNotPresent")))
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"main","imagePullPolicy":"Always"}]}}}}'
    theirs = as_nobody.kubectl_errors("patch", "deployment", "web", "-p", patch)
    assert 'User "nobody" cannot' in theirs
    command = [sys.executable, "-m", "kubectl_pullpolicy", "set", "Always", "deployment/web", "--yes"]
    done = subprocess.run(command, env=as_nobody.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert 'User "nobody" cannot' in done.stderr
    template = namespace.get("deployment", "web")["spec"]["template"]["spec"]
    assert template["containers"][0]["imagePullPolicy"] == "IfNotPresent"
