"""Exec plugins: when they run, what they are given, what is taken from them, and that no failure becomes anonymous."""

import json
import os
import pty
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.cluster.connection import connect
from kubectl_pullpolicy.cluster.credentials import Credentials
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.cluster.conftest import Secure

SECRET = "s3cr3t"
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
START = "Unable to connect to the server: getting credentials: "


def plugin(script: str, **fields: Any) -> dict[str, Any]:
    """A user whose plugin is a shell script."""
    given = {"apiVersion": V1, "command": "/bin/sh", "args": ["-c", script], "interactiveMode": "Never"}
    return {"exec": {name: value for name, value in (given | fields).items() if value is not None}}


def credential(status: Any = None, **fields: Any) -> str:
    """A shell command that prints an ExecCredential."""
    given = {"apiVersion": V1, "kind": "ExecCredential", "status": status or {"token": SECRET}} | fields
    return f"echo '{json.dumps(given)}'"


def counted(secure: Secure, lifetime: float | None = None) -> dict[str, Any]:
    """A plugin that counts its runs, and whose token lives so many seconds."""
    status: dict[str, Any] = {"token": SECRET}
    if lifetime is not None:
        status["expirationTimestamp"] = (datetime.now(UTC) + timedelta(seconds=lifetime)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return plugin(f"echo >> {secure.folder}/runs; {credential(status)}")


def runs(secure: Secure) -> int:
    path = secure.folder / "runs"
    return len(path.read_text()) if path.exists() else 0


def credentials_of(secure: Secure, user: dict[str, Any]) -> Credentials:
    credentials = connect(ConnectionFlags(kubeconfig=secure.kubeconfig(user))).credentials
    assert credentials is not None
    return credentials


def authorizations(secure: Secure, user: dict[str, Any], count: int = 5) -> set[str]:
    credentials = credentials_of(secure, user)
    return {credentials.authorization() for _ in range(count)}


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_the_token_of_a_plugin_is_sent(secure: Secure, version: str) -> None:
    request = secure.run(plugin(credential(apiVersion=version), apiVersion=version))
    assert request.headers["Authorization"] == [f"Bearer {SECRET}"]


def test_an_answer_in_yaml_is_read_as_kubectl_reads_it(secure: Secure) -> None:
    text = f"apiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: {SECRET}\n"
    assert secure.run(plugin(f"printf '{text}'")).headers["Authorization"] == [f"Bearer {SECRET}"]


@pytest.mark.parametrize("lifetime", [None, 3600, 240, 30])
def test_a_token_is_used_until_shortly_before_it_expires(secure: Secure, lifetime: float | None) -> None:
    assert authorizations(secure, counted(secure, lifetime)) == {f"Bearer {SECRET}"}
    assert runs(secure) == 1


def test_an_expired_token_is_replaced(secure: Secure) -> None:
    authorizations(secure, counted(secure, -5), count=3)
    assert runs(secure) == 3


def test_a_token_is_replaced_when_a_tenth_of_its_lifetime_is_left(secure: Secure) -> None:
    credentials = credentials_of(secure, counted(secure, 60))
    credentials.authorization()
    used = credentials._plugin
    assert used is not None
    now = datetime.now(UTC)
    for seconds, count in ((50, 1), (57, 2)):
        used._now = lambda seconds=seconds: now + timedelta(seconds=seconds)
        credentials.authorization()
        assert runs(secure) == count


def test_parallel_requests_run_a_plugin_once(secure: Secure) -> None:
    from concurrent.futures import ThreadPoolExecutor

    credentials = credentials_of(secure, counted(secure))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: credentials.authorization(), range(25)))
    assert runs(secure) == 1


def test_a_certificate_of_a_plugin_is_presented(secure: Secure) -> None:
    status = {
        "clientCertificateData": secure.identity.certificate.read_text(),
        "clientKeyData": secure.identity.key.read_text(),
    }
    (secure.folder / "out").write_text(json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status}))
    request = secure.run(plugin(f"cat {secure.folder}/out"))
    assert request.client == "jane"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("user", "runs_it"),
    [({}, True), ({"token": "own"}, False), ({"username": "u", "password": "p"}, False), ({"tokenFile": "t"}, False)],
)
def test_a_plugin_runs_only_if_there_is_no_other_credential(secure: Secure, user: Any, runs_it: bool) -> None:
    (secure.folder / "t").write_text("own")
    secure.run(counted(secure) | user)
    assert runs(secure) == runs_it


def test_the_token_flag_runs_no_plugin(secure: Secure) -> None:
    assert secure.run(counted(secure), {"token": "given"}).headers["Authorization"] == ["Bearer given"]
    assert runs(secure) == 0


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (SECRET, "decoding stdout: Expected `object`, got `str`"),
        ("{", "decoding stdout: neither JSON nor YAML"),
        ("", "decoding stdout: Expected `object`, got `null`"),
        ({"status": {"token": 5}}, "decoding stdout: Expected `str | null`, got `int` - at `$.status.token`"),
        ({"status": {"token": [SECRET]}}, "decoding stdout: Expected `str | null`, got `array` - at `$.status.token`"),
        ({"status": {"token": SECRET, "expirationTimestamp": "soon"}},
         "decoding stdout: expirationTimestamp is no time of RFC 3339"),
        ({"kind": "Other"}, "decoding stdout: it is no ExecCredential"),
        ({"apiVersion": V1BETA1},
         f"exec plugin is configured to use API version {V1}, plugin returned another version"),
        ({"status": None}, "exec plugin didn't return a status field"),
        ({"status": {"x": 1}}, "exec plugin didn't return a token or cert/key pair"),
        ({"status": {"token": ""}}, "exec plugin didn't return a token or cert/key pair"),
        ({"status": {"clientKeyData": SECRET}}, "exec plugin returned only certificate or key, not both"),
        ({"status": {"clientKeyData": SECRET, "clientCertificateData": SECRET}},
         "failed parsing client key/certificate: tls: failed to find any PEM data in certificate input"),
    ],
)  # fmt: skip
def test_what_is_no_credential_is_refused_and_not_quoted(secure: Secure, output: Any, words: str) -> None:
    if isinstance(output, dict):
        given = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": SECRET}} | output
        output = json.dumps({name: value for name, value in given.items() if value is not None})
    (secure.folder / "out").write_text(output)
    said = secure.refusal(plugin(f"cat {secure.folder}/out"))
    assert said == f"{START}{words}"
    assert SECRET not in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"interactiveMode": "Sometimes"}, 'error: invalid interactiveMode for u: "Sometimes"'),
        ({"interactiveMode": None}, "error: interactiveMode must be specified for u to use exec authentication plugin"),
        ({"command": ""}, "error: command must be specified for u to use exec authentication plugin"),
        ({"apiVersion": None}, "error: apiVersion must be specified for u to use exec authentication plugin"),
        ({"env": [{"value": "x"}]},
         "error: env variable name must be specified for u to use exec authentication plugin"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"},
         'error: exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"'),
    ],
)  # fmt: skip
def test_a_plugin_that_kubectl_refuses_is_refused(secure: Secure, fields: dict[str, Any], words: str) -> None:
    assert secure.refusal(plugin("exit 1", **fields)) == words


def test_a_plugin_beside_an_auth_provider_is_refused(secure: Secure) -> None:
    words = "error: authProvider cannot be provided in combination with an exec plugin for u"
    assert secure.refusal(plugin("exit 1") | {"auth-provider": {"name": "oidc"}}) == words


def test_the_standard_error_of_a_plugin_reaches_the_user(secure: Secure, capfd: pytest.CaptureFixture[str]) -> None:
    secure.run(plugin(f"echo 'open https://example.com, code 1234' >&2; {credential()}"))
    assert capfd.readouterr().err == "open https://example.com, code 1234\n"


def test_a_plugin_that_fails_is_an_error_with_its_exit_code_alone(
    secure: Secure, capfd: pytest.CaptureFixture[str]
) -> None:
    said = secure.refusal(plugin(f"echo {SECRET}; echo oops >&2; exit 3"))
    assert said == f"{START}exec: executable /bin/sh failed with exit code 3"
    assert capfd.readouterr().err == "oops\n"


def test_a_missing_plugin_shows_its_install_hint_without_control_characters(secure: Secure) -> None:
    said = secure.refusal(plugin("", command="no-such-plugin", installHint="brew install\n\x1b[1mplugin\u202e"))
    assert said.startswith(f"{START}exec: executable no-such-plugin not found\n\nIt looks like you are trying to use")
    assert said.endswith("\n\nbrew install\nU+001B[1mpluginU+202E")


def test_a_command_with_a_folder_is_relative_to_the_kubeconfig(secure: Secure) -> None:
    script = secure.folder / "bin" / "login"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{credential()}\n")
    script.chmod(0o700)
    request = secure.run(plugin("", command="bin/login", args=None))
    assert request.headers["Authorization"] == [f"Bearer {SECRET}"]


def test_a_path_in_the_environment_of_a_plugin_does_not_choose_its_program(secure: Secure) -> None:
    other = secure.folder / "other"
    other.mkdir()
    (other / "sh").write_text("#!/bin/sh\nexit 7\n")
    (other / "sh").chmod(0o700)
    user = plugin(credential(), command="sh", env=[{"name": "PATH", "value": str(other)}])
    assert secure.run(user).headers["Authorization"] == [f"Bearer {SECRET}"]


def exec_info(secure: Secure, user: dict[str, Any], **cluster: Any) -> Any:
    """What the plugin gets in KUBERNETES_EXEC_INFO."""
    path = secure.folder / "info"
    script = user["exec"]["args"][1]
    user["exec"]["args"][1] = f'printf %s "$KUBERNETES_EXEC_INFO" > {path}; echo "$COLOUR" > {path}.env; {script}'
    secure.run(user, **cluster)
    return json.loads(path.read_text())


def test_a_plugin_gets_its_version_and_environment(secure: Secure) -> None:
    info = exec_info(secure, plugin(credential(), env=[{"name": "COLOUR", "value": "blue"}]))
    assert info == {"kind": "ExecCredential", "apiVersion": V1, "spec": {"interactive": False}}
    assert (secure.folder / "info.env").read_text() == "blue\n"


@pytest.mark.parametrize("form", ["file", "data"])
def test_a_plugin_gets_the_cluster_if_it_asks_for_it(secure: Secure, form: str) -> None:
    from tests.cluster.test_credentials import encoded, wrapped

    data = encoded(secure.identity.tls.authority)
    cluster: dict[str, Any] = {"tls_server_name": "localhost"}
    cluster["extensions"] = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]
    if form == "data":
        cluster |= {"certificate_authority": None, "certificate_authority_data": wrapped(data)}
    info = exec_info(secure, plugin(credential(), provideClusterInfo=True), **cluster)
    assert info["spec"]["cluster"] == {
        "server": secure.url,
        "tls-server-name": "localhost",
        "certificate-authority-data": data,
        "config": {"audience": "a"},
    }


def test_a_plugin_that_needs_a_terminal_is_not_run_without_one(secure: Secure) -> None:
    words = f"{START}exec plugin cannot support interactive mode: standard input is not a terminal"
    assert (
        secure.refusal(counted(secure)["exec"] and {"exec": counted(secure)["exec"] | {"interactiveMode": "Always"}})
        == words
    )
    assert runs(secure) == 0


@pytest.mark.parametrize(("mode", "interactive"), [("Always", True), ("IfAvailable", True), ("Never", False)])
def test_on_a_terminal_a_plugin_gets_standard_input_by_its_mode(secure: Secure, mode: str, interactive: bool) -> None:
    info = secure.folder / "info"
    command = f'printf %s "$KUBERNETES_EXEC_INFO" > {info}; read line; echo "$line" > {info}.line; {credential()}'
    kubeconfig = secure.kubeconfig(plugin(command, interactiveMode=mode))
    script = (
        "import sys\nfrom kubectl_pullpolicy.cluster.connection import connect\n"
        "from kubectl_pullpolicy.flags.options import ConnectionFlags\n"
        "connect(ConnectionFlags(kubeconfig=sys.argv[1])).credentials.authorization()\n"
    )
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen([sys.executable, "-c", script, kubeconfig], stdin=theirs) as process:
            os.write(ours, b"a password\n")
            assert process.wait(30) == 0
    finally:
        os.close(ours)
        os.close(theirs)
    assert json.loads(info.read_text())["spec"]["interactive"] is interactive
    assert Path(f"{info}.line").read_text() == ("a password\n" if interactive else "\n")


@pytest.mark.parametrize("command", ["sleep 60", "sleep 60 & wait", "exec sleep 60", "trap '' TERM INT; sleep 60"])
def test_a_plugin_that_hangs_ends_by_the_request_timeout(secure: Secure, command: str) -> None:
    before = time.monotonic()
    said = secure.refusal(plugin(command), {"request_timeout": "1s"})
    assert said == f"{START}exec: executable /bin/sh did not end within --request-timeout"
    assert time.monotonic() - before < 30


def kuberc(policy: str, *allowlist: dict[str, str]) -> str:
    given = {"apiVersion": "kubectl.config.k8s.io/v1beta1", "kind": "Preference", "credentialPluginPolicy": policy}
    return json.dumps(given | ({"credentialPluginAllowlist": list(allowlist)} if allowlist else {}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (kuberc("DenyAll"), 'plugin "/bin/sh" not allowed: policy set to "DenyAll"'),
        (
            kuberc("Allowlist", {"command": "other"}),
            'plugin path "/bin/sh" is not permitted by the credential plugin allowlist',
        ),
        (kuberc("Allowlist"), 'plugin path "/bin/sh" is not permitted by the credential plugin allowlist'),
        (
            kuberc("AllowAll", {"command": "/bin/sh"}),
            'misconfigured credential plugin allowlist: plugin policy is "AllowAll" but allowlist is non-nil',
        ),
        (kuberc("Sometimes"), 'unknown plugin policy "Sometimes"'),
        (f"# first\n---\n{kuberc('DenyAll')}", 'plugin "/bin/sh" not allowed: policy set to "DenyAll"'),
        (kuberc("Allowlist", {"command": 5}), "kuberc error: {} cannot be read, and may forbid the plugin"),  # type: ignore[dict-item]
        ("a: [", "kuberc error: {} cannot be read, and may forbid the plugin"),
    ],
)
def test_a_plugin_that_the_kuberc_forbids_is_not_run(
    secure: Secure, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    path = secure.folder / "kuberc"
    path.write_text(text)
    monkeypatch.setenv("KUBERC", str(path))
    assert secure.refusal(counted(secure)) == START + words.format(path)
    assert runs(secure) == 0


@pytest.mark.parametrize(
    "text",
    [
        kuberc("AllowAll"),
        kuberc("Allowlist", {"command": "/bin/sh"}),
        kuberc("Allowlist", {"name": "/bin/sh"}, {"command": "other"}),
        "apiVersion: example.com/v1\nkind: Preference\ncredentialPluginPolicy: DenyAll\n",
        "",
    ],
)
def test_a_plugin_that_the_kuberc_allows_is_run(secure: Secure, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folder = secure.folder / ".kube"
    folder.mkdir()
    (folder / "kuberc").write_text(text)
    secure.run(counted(secure))
    assert runs(secure) == 1


def test_a_kuberc_that_is_switched_off_forbids_nothing(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = secure.folder / ".kube"
    folder.mkdir()
    (folder / "kuberc").write_text(kuberc("DenyAll"))
    for name, value in (("KUBERC", "off"), ("KUBECTL_KUBERC", "false")):
        with monkeypatch.context() as context:
            context.setenv(name, value)
            secure.run(counted(secure))
    assert runs(secure) == 2
