"""Pull secrets are read by name, where they are asked for, and nothing secret is in what comes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.files.recorder import Recorder
from tests.cluster.conftest import opened
from tests.core.credentials.test_keyring import document, encoded
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import Answer, State, status_body

SHOP = "/api/v1/namespaces/shop"
ACCOUNT = f"{SHOP}/serviceaccounts/default"
IMAGE = "registry.example.com/acme/worker"
WAITING = {"waiting": {"reason": "ImagePullBackOff", "message": "authorization failed: no basic auth credentials"}}
USER, PASSWORD = "hunter", "correct-horse"


def failing(*names: str, **metadata: Any) -> dict[str, Any]:
    status = {"phase": "Pending", "containerStatuses": [{"name": "main", "image": IMAGE, "state": WAITING}]}
    spec = {"imagePullSecrets": [{"name": name} for name in names]}
    return pod(container(IMAGE, "Always"), owner="ReplicaSet/web", spec=spec, status=status, metadata=metadata)


@pytest.fixture
def shop(state: State) -> State:
    """A failing Pod with a Secret of its own; its ServiceAccount has another; owners as usual."""
    state.objects[f"{SHOP}/pods/web-1"] = failing("regcred")
    state.lists[f"{SHOP}/pods"] = [failing("regcred")]
    apps = "/apis/apps/v1/namespaces/shop"
    state.objects[f"{apps}/replicasets/web"] = workload(
        "ReplicaSet", container(IMAGE, "Always"), owner="Deployment/web"
    )
    state.objects[f"{apps}/deployments/web"] = workload("Deployment", container(IMAGE, "Always"))
    state.lists[f"{apps}/replicasets"] = [state.objects[f"{apps}/replicasets/web"]]
    state.lists[f"{apps}/deployments"] = [state.objects[f"{apps}/deployments/web"]]
    account = {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}}
    state.objects[ACCOUNT] = account | {"imagePullSecrets": [{"name": "acme"}]}
    login = {"auth": encoded(f"{USER}:{PASSWORD}")}
    for name, key in {"regcred": "registry.example.com/other", "acme": "registry.example.com"}.items():
        metadata = {"name": name, "namespace": "shop", "uid": name}
        state.objects[f"{SHOP}/secrets/{name}"] = json.loads(document({"auths": {key: login}}, metadata=metadata))
    return state


def secrets_of(state: State) -> list[str]:
    return [path for path in state.paths() if "/secrets" in path or "/serviceaccounts" in path]


def explained(server: str, wanted: CredentialsWanted) -> SubjectExplanation:
    query = Query(opened(server), credentials=wanted)
    (page,) = query.named(parse_targets(["pod/web-1"])[0], "shop")
    return page[0]


def test_a_failing_pod_adds_its_service_account_and_one_get_a_secret(server: str, shop: State) -> None:
    (found,) = explained(server, "failing").containers
    assert [each.verdict for each in found.credentials or ()] == ["NoMatch", "Ignored", "Unknown"]
    assert found.remedies[0].command.startswith("kubectl patch deployment web -n shop")
    assert sorted(secrets_of(shop)) == [f"{SHOP}/secrets/acme", f"{SHOP}/secrets/regcred", ACCOUNT]
    pods, replica_sets = f"{SHOP}/pods/web-1", "/apis/apps/v1/namespaces/shop/replicasets/web"
    others = set(shop.paths()) - set(secrets_of(shop))
    assert others == {
        pods, f"{SHOP}/events", "/api/v1/nodes/node-1", replica_sets, "/apis/apps/v1/namespaces/shop/deployments/web"
    }  # fmt: skip
    # Three rounds: the Pod and its events; then what the Pod names; then what that names.
    assert set(shop.paths()[:2]) == {pods, f"{SHOP}/events"}
    assert f"{SHOP}/secrets/regcred" in shop.paths()[2:6]
    assert f"{SHOP}/secrets/acme" in shop.paths()[6:]
    assert len(shop.requests) == len(set(shop.paths()))


def test_a_pod_that_is_well_reads_none_unless_asked_to(server: str, shop: State) -> None:
    shop.objects[f"{SHOP}/pods/web-1"] |= {"status": {"phase": "Running"}}
    assert explained(server, "failing").containers[0].credentials is None
    assert secrets_of(shop) == []
    found = explained(server, "all").containers[0]
    assert [each.source for each in found.credentials or ()] == ["regcred", "acme", ""]
    assert found.remedies == ()


def test_no_secrets_reads_none(server: str, shop: State) -> None:
    assert explained(server, "never").containers[0].credentials is None
    assert secrets_of(shop) == []


@pytest.mark.parametrize("wanted", ["failing", "never"])
def test_a_list_reads_none(server: str, shop: State, wanted: CredentialsWanted) -> None:
    (page,) = Query(opened(server), credentials=wanted).listed(Selection("shop"))
    assert page[0].containers[0].credentials is None
    assert secrets_of(shop) == []


def test_a_list_that_is_asked_to_reads_each_secret_once(server: str, shop: State) -> None:
    shop.lists[f"{SHOP}/pods"] = [failing("regcred", name=f"web-{n}", uid=f"uid-{n}") for n in range(20)]
    (page,) = Query(opened(server), credentials="all").listed(Selection("shop"))
    assert all(subject.containers[0].credentials for subject in page)
    assert sorted(secrets_of(shop)) == [f"{SHOP}/secrets/acme", f"{SHOP}/secrets/regcred", ACCOUNT]


def test_the_failing_pods_of_a_named_workload_read_each_secret_once(server: str, shop: State) -> None:
    shop.lists[f"{SHOP}/pods"] = [failing("regcred", name=f"web-{n}", uid=f"uid-{n}") for n in range(3)]
    pages = list(Query(opened(server), credentials="failing").named(parse_targets(["deploy/web"])[0], "shop"))
    assert pages[0][0].containers[0].credentials is None  # the template does not fail
    assert all(subject.containers[0].credentials for subject in pages[1])
    assert sorted(secrets_of(shop)) == [f"{SHOP}/secrets/acme", f"{SHOP}/secrets/regcred", ACCOUNT]


def test_forbidden_secrets_are_said_and_are_no_error(server: str, shop: State) -> None:
    message = 'secrets "regcred" is forbidden: User "jane" cannot get resource "secrets" in API group ""'
    shop.answers.append(
        (lambda request: "/secrets/" in request.path, Answer(403, status_body(403, "Forbidden", message)))
    )
    query = Query(opened(server), credentials="failing")
    (page,) = query.named(parse_targets(["pod/web-1"])[0], "shop")
    found = page[0].containers[0].credentials or ()
    assert [(each.source, each.verdict) for each in found] == [
        ("regcred", "Forbidden"),
        ("acme", "Forbidden"),
        ("", "Unknown"),
    ]
    assert found[0].detail == "unknown: cannot get secrets: forbidden"
    assert "cannot get secrets: forbidden" in query.refusals()


@pytest.mark.parametrize("form", ["", "json", "yaml", "record"])
def test_nothing_secret_is_written_anywhere(
    server: str, shop: State, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "recording.json"
    arguments = ["explain", "pod/web-1", "-n", "shop", "--server", server, "--credentials", "--v", "1"]
    more = ["--record", str(recording)] if form == "record" else ["-o", form] if form else []
    assert main([*arguments, *more]) == 0
    written = "".join(capsys.readouterr()) + (recording.read_text() if form == "record" else "")
    assert "registry.example.com/other" in written
    for hidden in (USER, PASSWORD, encoded(f"{USER}:{PASSWORD}"), encoded(PASSWORD), '"auth"', '"data"'):
        assert hidden not in written


def test_a_recording_explains_the_same(server: str, shop: State, tmp_path: Path) -> None:
    recording = tmp_path / "recording.json"
    recorder = Recorder(opened(server), "server", "shop")
    target = parse_targets(["pod/web-1"])[0]
    (before,) = Query(recorder, credentials="failing").named(target, "shop")
    recorder.write(str(recording))
    from kubectl_pullpolicy.files.source import FileSource

    (after,) = Query(FileSource([str(recording)]), credentials="failing").named(target, "shop")
    assert after == before
    entry = next(thing for thing in json.loads(recording.read_text())["objects"] if thing["metadata"]["name"] == "acme")
    assert entry["type"] == "kubernetes.io/dockerconfigjson"
    assert entry["entries"] == [{"host": "registry.example.com"}]


@pytest.mark.parametrize("answer", [b"not json", b'{"kind": "Secret", "type": 5}', b'{"kind": "Secret", "x": "\xff"}'])
def test_a_secret_that_cannot_be_read_is_said_without_its_contents(server: str, shop: State, answer: bytes) -> None:
    shop.answers.append((lambda request: request.path.endswith("/secrets/regcred"), Answer(200, answer)))
    (found,) = explained(server, "failing").containers
    assert [each.verdict for each in found.credentials or ()] == ["Unknown", "Ignored", "Unknown"]
