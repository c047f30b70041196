"""The credentials of docker login and podman login are found, broken files are reported, no secret is shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.registry import ANONYMOUS, Anonymous, Credential, DockerConfigKeychain, Password
from kubectl_pullpolicy.registry import credential_helpers as programs
from kubectl_pullpolicy.registry.keychain import IdentityToken, RegistryToken


def pair(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def docker(home: Path, content: Any) -> None:
    write(home / ".docker" / "config.json", content)


def find(home: Path, registry: str, repository: str = "team/app", **environment: str) -> Credential:
    [found] = DockerConfigKeychain(environment, home).credentials(registry, repository)
    return found


def login(found: Credential) -> tuple[str, str]:
    assert isinstance(found, Password)
    return found.user, found.password


def trouble(found: Credential) -> str:
    assert isinstance(found, Anonymous)
    return found.unavailable


def test_without_any_file_there_are_no_credentials(home: Path) -> None:
    assert find(home, "docker.io") == ANONYMOUS


def test_an_entry_is_found_by_its_host(home: Path) -> None:
    docker(home, {"auths": {"ghcr.io": pair("u", "p:with colons")}})
    assert login(find(home, "ghcr.io")) == ("u", "p:with colons")
    assert find(home, "quay.io") == ANONYMOUS


@pytest.mark.parametrize(
    "server",
    ["https://index.docker.io/v1/", "https://index.docker.io/v1", "index.docker.io", "docker.io", "https://docker.io/"],
)
def test_docker_hub_has_many_names(home: Path, server: str) -> None:
    docker(home, {"auths": {server: pair("u", "p")}})
    assert login(find(home, "docker.io", "library/nginx")) == ("u", "p")


@pytest.mark.parametrize(
    "server", ["https://r.example.com:5000", "r.example.com:5000/v2/", "http://r.example.com:5000/v1/"]
)
def test_scheme_and_protocol_path_do_not_matter_but_the_port_does(home: Path, server: str) -> None:
    docker(home, {"auths": {server: pair("u", "p")}})
    assert login(find(home, "r.example.com:5000")) == ("u", "p")
    assert find(home, "r.example.com") == ANONYMOUS


def test_user_and_password_may_be_plain_text(home: Path) -> None:
    docker(home, {"auths": {"a.io": {"username": "u", "password": "p"}}})
    assert login(find(home, "a.io")) == ("u", "p")


def test_identity_tokens_and_registry_tokens_differ(home: Path) -> None:
    docker(home, {"auths": {"a.io": {"identitytoken": "i", **pair("u", "")}, "b.io": {"registrytoken": "r"}}})
    assert isinstance(find(home, "a.io"), IdentityToken)
    assert isinstance(find(home, "b.io"), RegistryToken)


@pytest.mark.parametrize("entry", [{}, None, {"auth": ""}, {"email": "x"}])
def test_an_empty_entry_holds_no_credentials(home: Path, entry: Any) -> None:
    docker(home, {"auths": {"a.io": entry}})
    assert find(home, "a.io") == ANONYMOUS


@pytest.mark.parametrize("auth", ["%%%", "bm9jb2xvbg==", "OnA=", "/w=="])
def test_an_unreadable_entry_is_reported_without_its_content(home: Path, auth: str) -> None:
    docker(home, {"auths": {"a.io": {"auth": auth}}})
    assert trouble(find(home, "a.io")) == f"the entry a.io of {home}/.docker/config.json is not base64 of user:password"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"auths": []}', '{"auths": {"a.io": {"auth": 5}}}'])
def test_a_broken_file_is_reported_without_its_content(home: Path, content: str) -> None:
    docker(home, content)
    assert trouble(find(home, "a.io")) == f"{home}/.docker/config.json is no docker configuration"


def test_docker_config_moves_the_file(home: Path, tmp_path: Path) -> None:
    docker(home, {"auths": {"a.io": pair("home", "p")}})
    write(tmp_path / "elsewhere" / "config.json", {"auths": {"a.io": pair("moved", "p")}})
    assert login(find(home, "a.io", DOCKER_CONFIG=str(tmp_path / "elsewhere"))) == ("moved", "p")


def test_podmans_file_is_read_after_dockers(home: Path, tmp_path: Path) -> None:
    docker(home, {"auths": {"a.io": pair("docker", "p")}})
    write(
        tmp_path / "run" / "containers" / "auth.json", {"auths": {"a.io": pair("podman", "p"), "b.io": pair("b", "p")}}
    )
    write(
        home / ".config" / "containers" / "auth.json", {"auths": {"b.io": pair("later", "p"), "c.io": pair("c", "p")}}
    )
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path / "run")}
    assert login(find(home, "a.io", **runtime))[0] == "docker"
    assert login(find(home, "b.io", **runtime))[0] == "b"
    assert login(find(home, "c.io", **runtime))[0] == "c"


def test_registry_auth_file_moves_podmans(home: Path, tmp_path: Path) -> None:
    write(home / ".config" / "containers" / "auth.json", {"auths": {"a.io": pair("home", "p")}})
    write(tmp_path / "auth.json", {"auths": {"a.io": pair("moved", "p")}})
    assert login(find(home, "a.io", REGISTRY_AUTH_FILE=str(tmp_path / "auth.json")))[0] == "moved"


def test_the_longest_path_wins(home: Path) -> None:
    docker(
        home, {"auths": {"a.io": pair("host", "p"), "a.io/team": pair("team", "p"), "a.io/team/app": pair("app", "p")}}
    )
    assert login(find(home, "a.io", "team/app"))[0] == "app"
    assert login(find(home, "a.io", "team/other"))[0] == "team"
    assert login(find(home, "a.io", "teams/app"))[0] == "host"


def program(folder: Path, name: str, script: str) -> str:
    """A credential program; answers the PATH that has it."""
    path = folder / f"docker-credential-{name}"
    folder.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


SAYS_SERVER = 'read server; printf \'{"ServerURL":"%s","Username":"%s","Secret":"s"}\' "$server" "$server"'


def test_a_credential_helper_is_run_for_its_registry(home: Path, tmp_path: Path) -> None:
    docker(home, {"credHelpers": {"a.io": "one"}})
    path = program(tmp_path / "bin", "one", f'test "$1" = get && {SAYS_SERVER}')
    assert login(find(home, "a.io", PATH=path)) == ("a.io", "s")
    assert find(home, "b.io", PATH=path) == ANONYMOUS


def test_the_store_is_asked_by_the_name_that_docker_login_uses(home: Path, tmp_path: Path) -> None:
    docker(home, {"auths": {"https://index.docker.io/v1/": {}}, "credsStore": "one"})
    path = program(tmp_path / "bin", "one", SAYS_SERVER)
    assert login(find(home, "docker.io", PATH=path))[0] == "https://index.docker.io/v1/"
    assert login(find(home, "a.io:5000", PATH=path))[0] == "a.io:5000"


def test_a_helper_is_run_once_for_each_registry(home: Path, tmp_path: Path) -> None:
    docker(home, {"credsStore": "one"})
    path = program(tmp_path / "bin", "one", f"echo x >> {tmp_path}/calls; {SAYS_SERVER}")
    keychain = DockerConfigKeychain({"PATH": path}, home)
    for repository in ("a", "b", "c"):
        keychain.credentials("a.io", repository)
    assert (tmp_path / "calls").read_text() == "x\n"


def test_a_helper_may_return_an_identity_token(home: Path, tmp_path: Path) -> None:
    docker(home, {"credsStore": "one"})
    path = program(tmp_path / "bin", "one", 'printf \'{"Username":"<token>","Secret":"i"}\'')
    assert isinstance(find(home, "a.io", PATH=path), IdentityToken)


def test_without_credentials_of_a_helper_the_entry_of_the_file_is_used(home: Path, tmp_path: Path) -> None:
    docker(home, {"credsStore": "one", "auths": {"a.io": pair("u", "p")}})
    path = program(tmp_path / "bin", "one", "echo credentials not found in native keychain; exit 1")
    assert login(find(home, "a.io", PATH=path))[0] == "u"
    assert find(home, "b.io", PATH=path) == ANONYMOUS


def test_a_missing_helper_is_reported(home: Path) -> None:
    docker(home, {"credsStore": "desktop"})
    message = trouble(find(home, "a.io", PATH="/usr/bin"))
    assert message == f"docker-credential-desktop, named in {home}/.docker/config.json, is not on the PATH"


@pytest.mark.parametrize("name", ["../evil", "/bin/evil", "a b", ""])
def test_a_helper_is_never_run_by_a_path(home: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "bin" / "docker-credential-..").mkdir(parents=True)
    evil = tmp_path / "bin" / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o755)
    docker(home, {"credHelpers": {"a.io": name}})
    find(home, "a.io", PATH=str(tmp_path / "bin"))
    assert not (tmp_path / "ran").exists()


def test_a_known_text_of_a_failing_helper_is_shown(home: Path, tmp_path: Path) -> None:
    docker(home, {"credsStore": "one"})
    path = program(tmp_path / "bin", "one", "echo alice, you are not logged in: hunter2 >&2; exit 3")
    assert trouble(find(home, "a.io", PATH=path)) == "docker-credential-one failed: exit code 3: not logged in"


def test_the_name_of_a_helper_is_not_any_text(home: Path) -> None:
    docker(home, {"credHelpers": {"a.io": "x --password hunter2"}})
    expected = f"the name of a credential helper in {home}/.docker/config.json is invalid"
    assert trouble(find(home, "a.io", PATH="/usr/bin")) == expected


@pytest.mark.parametrize("script", ["exit 7", 'echo \'{"Secret":"hidden"}\'; exit 7'])
def test_a_helper_that_fails_without_a_message_is_reported_by_exit_code(
    home: Path, tmp_path: Path, script: str
) -> None:
    docker(home, {"credsStore": "one"})
    path = program(tmp_path / "bin", "one", script)
    assert trouble(find(home, "a.io", PATH=path)) == "docker-credential-one failed: exit code 7"


@pytest.mark.parametrize(
    "said",
    [
        *("+ echo hunter2", "password: hunter2", "token=hunter2", "using Authorization: Basic hunter2=="),
        *("cannot reach https://alice:hunter2@a.io/", "bad secret 'user:hunter2'", "Bearer hunter2hunter2"),
        *("dckr_pat_3hunter2abcdefghijklmnop is refused", '"Secret" : "hunter2", "Username": "alice"'),
        *("hunter2", "login -u alice -p hunter2", "glpat-hunter2", "ghp_hunter2", "aHVudGVyMg", "alice\nhunter2"),
        *("\N{FULLWIDTH LATIN SMALL LETTER H}unter2", "hunter2\x00", "it was: hunter2 (refused)", "h u n t e r 2"),
    ],
)
@pytest.mark.parametrize("stream", [1, 2])
def test_a_failing_helper_that_shows_a_credential_is_reported_by_exit_code(
    home: Path, tmp_path: Path, said: str, stream: int
) -> None:
    docker(home, {"credsStore": "one"})
    (tmp_path / "said").write_text(said)
    path = program(tmp_path / "bin", "one", f"/bin/cat {tmp_path}/said >&{stream}; exit 7")
    assert trouble(find(home, "a.io", PATH=path)) == "docker-credential-one failed: exit code 7"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "ERROR: (gcloud.auth.docker-helper) There was a problem refreshing your current auth tokens: hunter2",
            "There was a problem refreshing your current auth tokens",
        ),
        (
            "error getting credentials - err: exec: docker-credential-desktop.exe: executable file not found in $PATH",
            "executable file not found",
        ),
        ("pass not initialized: exit status 1: Error: password store is empty. Try pass", "password store is empty"),
    ],
)
def test_the_texts_of_known_helpers_are_shown(home: Path, tmp_path: Path, said: str, shown: str) -> None:
    docker(home, {"credsStore": "one"})
    (tmp_path / "said").write_text(said)
    path = program(tmp_path / "bin", "one", f"/bin/cat {tmp_path}/said >&2; exit 1")
    assert trouble(find(home, "a.io", PATH=path)) == f"docker-credential-one failed: exit code 1: {shown}"


@pytest.mark.parametrize("content", ["[" * 200_000, '{"auths":' * 100_000, '{"auths": {"a.io": ' + "[" * 100_000])
def test_a_file_nested_too_deeply_is_reported(home: Path, content: str) -> None:
    docker(home, {})
    path = home / ".docker" / "config.json"
    path.write_text(content)
    assert trouble(find(home, "a.io")) == f"{path} is no docker configuration"


def test_a_file_without_end_is_reported(home: Path) -> None:
    docker(home, {})
    path = home / ".docker" / "config.json"
    path.unlink()
    path.symlink_to("/dev/zero")
    assert trouble(find(home, "a.io")) == f"{path} is no docker configuration"


@pytest.mark.parametrize("output", ["[" * 200_000, '{"Secret":' * 100_000])
def test_an_answer_nested_too_deeply_is_reported(home: Path, tmp_path: Path, output: str) -> None:
    docker(home, {"credsStore": "one"})
    (tmp_path / "said").write_text(output)
    path = program(tmp_path / "bin", "one", f"/bin/cat {tmp_path}/said")
    assert trouble(find(home, "a.io", PATH=path)).endswith("answered with something that is no credential")


def test_an_answer_that_is_no_credential_is_reported_without_its_content(home: Path, tmp_path: Path) -> None:
    docker(home, {"credsStore": "one"})
    path = program(tmp_path / "bin", "one", 'echo \'{"Secret": "hidden", \'')
    assert (
        trouble(find(home, "a.io", PATH=path)) == "docker-credential-one answered with something that is no credential"
    )


def test_a_helper_that_hangs_is_given_up(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "TIMEOUT", 0.3)
    docker(home, {"credsStore": "one"})
    path = program(tmp_path / "bin", "one", "exec sleep 5")
    assert trouble(find(home, "a.io", PATH=path)).startswith("docker-credential-one did not answer")


@pytest.mark.parametrize(
    "credential",
    [Password("src", "u5er", "s3cret"), IdentityToken("src", "s3cret"), RegistryToken("src", "s3cret")],
)
def test_no_form_of_a_credential_shows_its_values(credential: Credential) -> None:
    shown = f"{credential!r} {credential} {[credential]} {(credential,)!r:>10}"
    assert "s3cret" not in shown
    assert "u5er" not in shown
    assert "src" in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["auths", "a.io", "auth", "credsStore"]), inner),
)


@pytest.mark.fuzz
@given(JSON)
def test_any_json_is_a_configuration_or_reported(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    home = tmp_path_factory.mktemp("home")
    docker(home, json.dumps(content))
    [found] = DockerConfigKeychain({"PATH": ""}, home).credentials("a.io", "b")
    assert repr(found)
