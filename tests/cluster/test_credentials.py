"""As which user: each field of a kubeconfig as kubectl reads it, and no credential where kubectl sends none."""

import base64
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import connection, credentials, open_cluster
from kubectl_pullpolicy.cluster.connection import connect
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.cluster.conftest import Secure
from tests.harness.stubs.api_server import State, api_server

SECRET = "s3cr3t"
AS_JANE = {"as": "jane", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"example.com/X_y": ["1", "2"]}}


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def wrapped(text: str) -> str:
    return "\r\n".join(text[start : start + 64] for start in range(0, len(text), 64)) + "\n"


def impersonation(headers: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: values for name, values in headers.items() if name.startswith("Impersonate-")}


def test_the_user_that_the_kubeconfig_impersonates_is_sent(secure: Secure) -> None:
    assert impersonation(secure.run({"token": SECRET} | AS_JANE).headers) == {
        "Impersonate-User": ["jane"],
        "Impersonate-Uid": ["7"],
        "Impersonate-Group": ["a", "b"],
        "Impersonate-Extra-Example.Com%2Fx_Y": ["1", "2"],
    }


@pytest.mark.parametrize(
    ("flags", "changed"),
    [
        ({"as_user": "bob"}, {"Impersonate-User": ["bob"]}),
        ({"as_uid": "8"}, {"Impersonate-Uid": ["8"]}),
        ({"as_group": ["c"]}, {"Impersonate-Group": ["c"]}),
        ({"token": "other"}, {}),
    ],
)
def test_each_flag_wins_over_its_field_and_leaves_the_others(
    secure: Secure, flags: dict[str, Any], changed: dict[str, list[str]]
) -> None:
    user = {"token": SECRET} | AS_JANE
    before = impersonation(secure.run(user).headers)
    assert impersonation(secure.run(user, flags).headers) == before | changed


@pytest.mark.parametrize("field", ["as-uid", "as-groups", "as-user-extra"])
def test_impersonation_without_a_user_is_refused(secure: Secure, field: str) -> None:
    words = "error: requesting uid, groups or user-extra for u without impersonating a user"
    assert secure.refusal({"token": SECRET, field: AS_JANE[field]}) == words


@pytest.mark.parametrize("group", ["a\nb", "a\rb", "a\0"])
def test_a_group_cannot_add_a_header(secure: Secure, group: str) -> None:
    words = 'Unable to connect to the server: net/http: invalid header field value for "Impersonate-Group"'
    assert secure.refusal({"as": "jane", "as-groups": [group]}) == words


@pytest.mark.parametrize(
    "user",
    [{"token": SECRET}, {"username": "u", "password": SECRET}, {"tokenFile": "token"}],
    ids=["token", "basic", "tokenFile"],
)
def test_plain_http_gets_no_credentials(secure: Secure, state: State, user: dict[str, Any]) -> None:
    (secure.folder / "token").write_text(SECRET)
    with api_server(state) as url:
        request = secure.run(user | AS_JANE, server=url)
    assert "Authorization" not in request.headers
    assert request.headers["Impersonate-User"] == ["jane"]


@pytest.mark.parametrize(
    ("user", "flags", "value"),
    [
        ({"token": SECRET}, {}, f"Bearer {SECRET}"),
        ({"username": "u", "password": "p"}, {}, "Basic dTpw"),
        ({"tokenFile": "token"}, {}, f"Bearer {SECRET}"),
        ({"tokenFile": "token", "token": "other"}, {}, f"Bearer {SECRET}"),
        ({"tokenFile": "missing", "token": "other"}, {}, "Bearer other"),
        ({"tokenFile": "empty", "token": "other"}, {}, "Bearer other"),
        ({"tokenFile": "token", "token": "other"}, {"token": "given"}, "Bearer given"),
        ({"username": "u", "password": "p"}, {"token": "given"}, "Bearer given"),
    ],
)
def test_the_authorization_of_each_field(secure: Secure, user: Any, flags: dict[str, Any], value: str) -> None:
    (secure.folder / "token").write_text(f"{SECRET}\n")
    (secure.folder / "empty").write_text("\n")
    assert secure.run(user, flags).headers["Authorization"] == [value]


def test_a_token_file_is_read_again_and_its_last_token_outlives_it(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secure.folder / "token"
    path.write_text("one")
    made = connect(ConnectionFlags(kubeconfig=secure.kubeconfig({"tokenFile": "token"})))
    path.write_text("two")
    assert made.credentials is not None
    assert made.credentials.authorization() == "Bearer one"
    monkeypatch.setattr(credentials, "TOKEN_FILE_PERIOD", -1.0)
    assert made.credentials.authorization() == "Bearer two"
    path.unlink()
    assert made.credentials.authorization() == "Bearer two"


def test_a_token_that_cannot_be_sent_is_not_shown(secure: Secure) -> None:
    words = 'Unable to connect to the server: net/http: invalid header field value for "Authorization"'
    assert secure.refusal({"token": f"{SECRET}\n{SECRET}"}) == words


def test_the_server_flag_is_not_undone_by_the_users_token(secure: Secure) -> None:
    request = secure.run({"token": SECRET}, {"server": secure.url}, server="https://127.0.0.1:9")
    assert request.headers["Authorization"] == [f"Bearer {SECRET}"]


@pytest.mark.parametrize("form", ["path", "data", "wrapped"])
def test_a_client_certificate_is_presented(secure: Secure, form: str) -> None:
    identity = secure.identity
    if form == "path":
        user = {"client-certificate": str(identity.certificate), "client-key": str(identity.key)}
    else:
        fold = wrapped if form == "wrapped" else str
        user = {
            "client-certificate-data": fold(encoded(identity.certificate)),
            "client-key-data": fold(encoded(identity.key)),
        }
    assert secure.run(user).client == "jane"


@pytest.mark.parametrize("field", ["certificate-authority-data", "client-certificate-data", "client-key-data"])
def test_data_that_is_not_base64_is_named_and_not_quoted(secure: Secure, field: str) -> None:
    text = f"{SECRET}!"
    if field.startswith("client"):
        said = secure.refusal({field: text})
    else:
        said = secure.refusal(certificate_authority=None, certificate_authority_data=text)
    owner = 'user "u"' if field.startswith("client") else 'cluster "c"'
    assert said.endswith(f"illegal base64 data in {field} of {owner}")
    assert SECRET not in said


def test_certificates_and_keys_that_cannot_be_used_are_named(secure: Secure) -> None:
    (secure.folder / "text").write_text("no PEM")
    (secure.folder / "half").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    certificate, key = str(secure.identity.certificate), str(secure.identity.key)
    start = "Unable to connect to the server: tls: "
    for user, words in (
        ({"client-certificate": certificate}, "error: client-key-data or client-key must be specified for u to use "
         "the clientCert authentication method."),
        ({"client-certificate": "text", "client-key": key}, f"{start}failed to find any PEM data in certificate input"),
        ({"client-certificate": certificate, "client-key": "text"}, f"{start}failed to find any PEM data in key input"),
        ({"client-certificate": certificate, "client-key": "half"},
         f"{start}failed to parse certificate or private key"),
        ({"client-certificate": certificate, "client-key": str(secure.identity.tls.key)},
         f"{start}private key does not match public key"),
        ({"client-certificate": certificate, "client-certificate-data": "aGk=", "client-key": key},
         "error: client-cert-data and client-cert are both specified for u. client-cert-data will override."),
        ({"client-certificate": certificate, "client-key": key, "client-key-data": "aGk="},
         "error: client-key-data and client-key are both specified for u; client-key-data will override"),
        ({"token": "a", "username": "b"}, "error: more than one authentication method found for u; found "
         "[token basicAuth], only one is allowed"),
    ):  # fmt: skip
        assert secure.refusal(user) == words


def test_a_cluster_that_cannot_be_trusted_is_refused(secure: Secure) -> None:
    (secure.folder / "text").write_text("no PEM")
    for cluster, words in (
        ({"certificate_authority": "text"},
         "error: unable to load root certificates: unable to parse bytes as PEM block"),
        ({"certificate_authority": None, "certificate_authority_data": "aGk="},
         "error: unable to load root certificates: unable to parse bytes as PEM block"),
        ({"certificate_authority_data": "aGk="}, "error: certificate-authority-data and certificate-authority are both "
         "specified for c. certificate-authority-data will override."),
        ({"insecure_skip_tls_verify": True},
         "error: specifying a root certificates file with the insecure flag is not allowed"),
    ):  # fmt: skip
        assert secure.refusal(**cluster) == words


def test_an_authority_as_data_with_line_breaks_is_trusted(secure: Secure) -> None:
    data = wrapped(encoded(secure.identity.tls.authority))
    assert secure.run(certificate_authority=None, certificate_authority_data=data).path.endswith("/pods")


def test_an_authority_may_have_comments_and_other_certificates(secure: Secure) -> None:
    bundle = secure.folder / "bundle"
    own = secure.identity.tls.authority.read_bytes()
    bundle.write_bytes("# Autorité\n".encode() + secure.identity.certificate.read_bytes() + own + own + b"# end\n")
    assert secure.run(certificate_authority=str(bundle)).path.endswith("/pods")


def test_without_its_authority_the_server_is_not_trusted(secure: Secure) -> None:
    assert "certificate signed by unknown authority" in secure.refusal(certificate_authority=None)


def test_the_tls_server_name_is_sent_and_belongs_to_the_fields_server(secure: Secure) -> None:
    assert secure.run(tls_server_name="localhost").sni == "localhost"
    assert "certificate is not valid for elsewhere" in secure.refusal(tls_server_name="elsewhere")
    assert secure.run(None, {"server": secure.url}, tls_server_name="elsewhere").sni == ""


def test_compression_can_be_disabled(secure: Secure) -> None:
    assert secure.run().headers["Accept-Encoding"] == ["gzip"]
    assert secure.run(disable_compression=True).headers["Accept-Encoding"] != ["gzip"]


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ({"name": "gcp"}, "error: The gcp auth plugin has been removed."),
        ({"name": "azure"}, "error: The azure auth plugin has been removed."),
        ({"name": "other"}, 'error: no Auth Provider found for name "other"'),
        ({"name": "oidc"}, "Unable to connect to the server: No valid id-token for u in the kubeconfig"),
        ({"name": "oidc", "config": {"id-token": "a.e30.c", "refresh-token": SECRET}}, "No valid id-token for u"),
        ({"name": "oidc", "config": {"id-token": "no JSON Web Token"}}, "No valid id-token for u"),
    ],
)
def test_an_auth_provider_that_cannot_be_used_is_an_error_and_never_anonymous(
    secure: Secure, provider: dict[str, Any], words: str
) -> None:
    said = secure.refusal({"auth-provider": provider})
    assert words in said
    assert SECRET not in said


def test_an_oidc_id_token_is_used_until_it_expires(secure: Secure) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 60}).encode()).decode().rstrip("=")
    token = f"e30.{claims}.x"
    provider = {"name": "oidc", "config": {"id-token": token}}
    assert secure.run({"auth-provider": provider}).headers["Authorization"] == [f"Bearer {token}"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "Pod"}, 'no kind "Pod" is registered for version "v1"'),
        ({"apiVersion": "v2"}, 'no kind "Config" is registered for version "v2"'),
        (
            {"apiVersion": "example.com/v1", "kind": "Other"},
            'no kind "Other" is registered for version "example.com/v1"',
        ),
    ],
)
def test_a_kubeconfig_of_another_kind_is_refused(secure: Secure, change: dict[str, str], words: str) -> None:
    path = Path(secure.kubeconfig())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PullPolicyError) as caught:
        connect(ConnectionFlags(kubeconfig=str(path)))
    assert str(caught.value).startswith(f'error: error loading config file "{path}": {words}')


@pytest.mark.parametrize("part", ["clusters", "users", "contexts"])
def test_two_entries_of_one_name_are_refused_and_not_quoted(secure: Secure, part: str) -> None:
    path = Path(secure.kubeconfig({"token": SECRET}))
    content = json.loads(path.read_text())
    content[part] *= 2
    path.write_text(json.dumps(content))
    with pytest.raises(PullPolicyError) as caught:
        connect(ConnectionFlags(kubeconfig=str(path)))
    assert str(caught.value).startswith(f'error: error loading config file "{path}": duplicate name "')
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("scalar", ["2026-01-01", "2026-01-01T00:00:00Z", "1:20", "1:20.5", "=", "'5'", "a1", "&a x"])
def test_scalars_that_go_yaml_reads_as_strings_are_strings(secure: Secure, scalar: str) -> None:
    path = Path(secure.kubeconfig({"token": "SCALAR"}))
    path.write_text(path.read_text().replace('"SCALAR"', scalar) + "\n---\nanother: document\n")
    made = connect(ConnectionFlags(kubeconfig=str(path)))
    assert made.credentials is not None
    assert made.credentials.authorization() == f"Bearer {scalar.strip(chr(39)).removeprefix('&a ')}"


@pytest.mark.parametrize("scalar", ["5", "yes", "1.5", "0x1f", "[a]", "{a: b}"])
def test_a_token_that_is_no_string_is_refused(secure: Secure, scalar: str) -> None:
    path = Path(secure.kubeconfig({"token": "SCALAR"}))
    path.write_text(path.read_text().replace('"SCALAR"', scalar))
    with pytest.raises(PullPolicyError, match=r"Expected `str`, got `\w+` - at `\$.users\[0\].user.token`"):
        connect(ConnectionFlags(kubeconfig=str(path)))


def test_null_fields_are_absent(secure: Secure) -> None:
    user = {"token": SECRET, "exec": None, "auth-provider": None, "as": None, "as-groups": None, "as-user-extra": None}
    assert secure.run(user, proxy_url=None, extensions=None).headers["Authorization"] == [f"Bearer {SECRET}"]


@pytest.fixture
def service_account(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> Path:
    """We run in a Pod; the API server is the secure one."""
    folder = secure.folder / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(f"{SECRET}\n")
    (folder / "namespace").write_text("pod\n")
    (folder / "ca.crt").write_bytes(secure.identity.tls.authority.read_bytes())
    monkeypatch.setattr(connection, "SERVICE_ACCOUNT", folder)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", secure.url.rpartition(":")[2])
    return folder


def in_pod(secure: Secure, **flags: Any) -> tuple[str, str]:
    """Namespace and authorization of a request."""
    source, _ = open_cluster(ConnectionFlags(**flags), None, print)
    list(source.pages(Selection(source.namespace)))
    return source.namespace, secure.state.requests[-1].headers["Authorization"][0]


def test_in_a_pod_its_service_account_is_used(secure: Secure, service_account: Path) -> None:
    assert in_pod(secure) == ("pod", f"Bearer {SECRET}")
    assert in_pod(secure, namespace="away") == ("away", f"Bearer {SECRET}")
    assert in_pod(secure, token="given") == ("pod", "Bearer given")
    kubeconfig = secure.kubeconfig({"token": "own"})
    assert in_pod(secure, kubeconfig=kubeconfig) == ("pod", "Bearer own")


def test_in_a_pod_pod_namespace_wins_over_the_file(
    secure: Secure, service_account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POD_NAMESPACE", "away")
    assert in_pod(secure) == ("away", f"Bearer {SECRET}")


def test_in_a_pod_the_server_flag_keeps_the_authority_and_sends_no_token_of_the_service_account(
    secure: Secure, service_account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "9")
    source, _ = open_cluster(ConnectionFlags(server=secure.url), None, print)
    list(source.pages(Selection("pod")))
    assert "Authorization" not in secure.state.requests[-1].headers
    assert in_pod(secure, server=secure.url, token="given") == ("pod", "Bearer given")


def test_in_a_pod_impersonation_is_kept(secure: Secure, service_account: Path) -> None:
    in_pod(secure, as_user="jane")
    assert secure.state.requests[-1].headers["Impersonate-User"] == ["jane"]


def test_kubernetes_master_replaces_localhost(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_MASTER", "http://127.0.0.1:9")
    assert connect(ConnectionFlags()).host == "127.0.0.1:9"


def key_user(secure: Secure) -> dict[str, Any]:
    return {
        "client-certificate-data": encoded(secure.identity.certificate),
        "client-key-data": encoded(secure.identity.key),
    }


@pytest.mark.parametrize("memory", [True, False])
def test_no_key_is_left_in_the_temporary_folder(secure: Secure, monkeypatch: pytest.MonkeyPatch, memory: bool) -> None:
    folder = secure.folder / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    if not memory:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    assert secure.run(key_user(secure)).client == "jane"
    gc.collect()
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memory files are Linux's")
def test_keys_need_no_temporary_folder(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/folder")
    assert secure.run(key_user(secure)).client == "jane"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL])
def test_no_key_outlives_a_program_that_is_killed(secure: Secure, number: signal.Signals) -> None:
    folder = secure.folder / "tmp"
    folder.mkdir()
    script = (
        "import signal, sys\nfrom kubectl_pullpolicy.cluster.connection import connect\n"
        "from kubectl_pullpolicy.flags.options import ConnectionFlags\n"
        "signal.signal(signal.SIGQUIT, signal.SIG_DFL)\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "made = connect(ConnectionFlags(kubeconfig=sys.argv[1]))\nmade.credentials.tls_context()\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, secure.kubeconfig(key_user(secure))]
    environment = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(10) != 0
    assert list(folder.iterdir()) == []
