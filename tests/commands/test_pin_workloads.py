"""pin TARGET, from arguments to patches: in front of a stub API server and a stub registry."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.pins.workloads import path_keys
from kubectl_pullpolicy.printers.json_schema import plan_schema
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import Answer, State, status_body
from tests.harness.stubs.oci import small_image, small_index
from tests.harness.stubs.registry import Registry, error, serving

CORE = "/api/v1/namespaces/shop"
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
ACCOUNT = f"{CORE}/serviceaccounts/default"
ARGO = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}


class Shown(NamedTuple):
    """What a run showed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """A registry with some images, and no credentials of whoever runs the tests."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
    state = Registry()
    for name in ("a:1", "b:1", "a:latest"):
        state.push(name, small_image(name))
    state.push("multi:1", small_index("multi", "amd64", "arm64"))
    with serving(state):
        yield state


@pytest.fixture
def state() -> State:
    """An API server with a ServiceAccount without pull secrets."""
    held = State()
    held.objects[ACCOUNT] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named("default")}
    return held


def named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": "shop"}


def web(state: State, registry: Registry, *images: str, policy: str = "IfNotPresent", **metadata: Any) -> None:
    """A Deployment with a container an image; names of the registry unless they have one."""
    names = [image if "." in image.partition("/")[0] else f"{registry.host}/{image}" for image in images]
    containers = [container(name, policy, f"c{place}") for place, name in enumerate(names)]
    state.objects[WEB] = workload("Deployment", *containers, **metadata)


def images(state: State) -> list[str]:
    spec = state.objects[WEB]["spec"]["template"]["spec"]
    return [each["image"].partition("/")[2] for each in spec["containers"]]


@pytest.fixture
def pin(server: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs pin."""

    def run(*arguments: str) -> Shown:
        code = main(["pin", *arguments])
        return Shown(code, *capsys.readouterr())

    return run


def digest(registry: Registry, name: str) -> str:
    return registry.held[name].digest


def test_tags_become_digests_and_names_stay_as_written(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1", "a", "multi:1")
    shown = pin("deploy/web", "--yes")
    assert shown.code == 0, shown.err
    assert images(state) == [
        f"a:1@{digest(registry, 'a:1')}",
        f"a@{digest(registry, 'a:latest')}",
        f"multi:1@{digest(registry, 'multi:1')}",
    ]
    assert shown.out.endswith("deployment.apps/web image updated\n")
    assert "kubectl set image deployment.apps/web c0=" in shown.err


def test_without_the_tag_where_that_is_wished(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1")
    assert pin("deploy/web", "--yes", "--drop-tag").code == 0
    assert images(state) == [f"a@{digest(registry, 'a:1')}"]


def test_one_image_that_fails_costs_no_other(state: State, registry: Registry, pin: Any) -> None:
    for name, status in (("denied", 401), ("busy", 429)):
        registry.fail(f"/{name}/", error(status, {"Retry-After": "0"}))
    web(state, registry, "a:1", "missing:1", "denied:1", "busy:1", "127.0.0.1:1/dead:1", "Upper.example.com/A:1", "b:1")
    shown = pin("deploy/web", "--yes")
    assert shown.code == 1
    after = images(state)
    assert after[0] == f"a:1@{digest(registry, 'a:1')}"
    assert after[6] == f"b:1@{digest(registry, 'b:1')}"
    assert after[1:6] == ["missing:1", "denied:1", "busy:1", "dead:1", "A:1"]
    told = [line for line in shown.err.splitlines() if line.startswith("error: ")]
    assert [line.split(": ")[2] for line in told] == [f"container c{place}" for place in range(1, 6)]


def test_one_look_up_serves_all_containers_and_objects(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1", "a:1")
    state.objects[WEB.replace("web", "other")] = workload("Deployment", container(f"{registry.host}/a:1"), name="other")
    assert pin("deploy/web", "deploy/other", "--yes").code == 0
    assert registry.asked("/a/") == ["HEAD /v2/a/manifests/1"]


def secret(name: str, registry: Registry, password: str) -> dict[str, Any]:
    auth = base64.b64encode(f"puller:{password}".encode()).decode()
    config = json.dumps({"auths": {registry.host: {"auth": auth}}}).encode()
    data = {".dockerconfigjson": base64.b64encode(config).decode()}
    metadata, kind = named(name), "kubernetes.io/dockerconfigjson"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": data}


@pytest.mark.parametrize("holder", ["template", "ServiceAccount"])
def test_pull_secrets_are_read_by_name_and_offered(state: State, registry: Registry, pin: Any, holder: str) -> None:
    registry.challenge, registry.users = "Basic", {"puller": "s3cret"}
    web(state, registry, "a:1")
    listed = {"imagePullSecrets": [{"name": "regcred"}, {"name": "missing"}]}
    if holder == "template":
        state.objects[WEB]["spec"]["template"]["spec"] |= listed
    else:
        state.objects[ACCOUNT] |= listed
    state.objects[f"{CORE}/secrets/regcred"] = secret("regcred", registry, "s3cret")
    shown = pin("deploy/web", "--yes")
    assert shown.code == 0, shown.err
    assert images(state) == [f"a:1@{digest(registry, 'a:1')}"]
    assert "pull secret missing does not exist in namespace shop" in shown.err
    assert sorted(path for path in state.paths() if "secrets" in path) == [
        f"{CORE}/secrets/missing",
        f"{CORE}/secrets/regcred",
    ]
    assert "s3cret" not in shown.out + shown.err


def static_pod(registry: Registry) -> dict[str, Any]:
    metadata = {**named("static"), "annotations": {"kubernetes.io/config.mirror": "hash"}, "resourceVersion": "1"}
    return pod(container(f"{registry.host}/a:1", "IfNotPresent"), metadata=metadata)


def test_an_empty_list_of_pull_secrets_keeps_those_of_the_service_account_away(
    state: State, registry: Registry, pin: Any
) -> None:
    registry.challenge, registry.users = "Basic", {"puller": "s3cret"}
    web(state, registry, "a:1")
    state.objects[WEB]["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": ""}]
    state.objects[ACCOUNT]["imagePullSecrets"] = [{"name": "regcred"}]
    state.objects[f"{CORE}/secrets/regcred"] = secret("regcred", registry, "s3cret")
    shown = pin("deploy/web", "--yes")
    assert shown.code == 1
    assert "s3cret" not in shown.out + shown.err
    assert not [path for path in state.paths() if "secrets" in path]
    assert not registry.credentials()


def test_a_static_pod_has_no_service_account_to_look_up(state: State, registry: Registry, pin: Any) -> None:
    state.objects[f"{CORE}/pods/static"] = static_pod(registry)
    state.objects[ACCOUNT]["imagePullSecrets"] = [{"name": "regcred"}]
    pin("pod/static", "--check")
    assert not [path for path in state.paths() if "serviceaccounts" in path or "secrets" in path]


def test_a_pod_keeps_the_list_that_it_was_created_with(state: State, registry: Registry, pin: Any) -> None:
    registry.challenge, registry.users = "Basic", {"puller": "s3cret"}
    metadata = {**named("bare"), "resourceVersion": "1"}
    state.objects[f"{CORE}/pods/bare"] = pod(container(f"{registry.host}/a:1", "IfNotPresent"), metadata=metadata)
    state.objects[ACCOUNT]["imagePullSecrets"] = [{"name": "regcred"}]
    state.objects[f"{CORE}/secrets/regcred"] = secret("regcred", registry, "s3cret")
    assert pin("pod/bare", "--yes").code == 1
    assert not registry.credentials()


def test_an_entry_without_a_name_is_part_of_the_list(state: State, registry: Registry, pin: Any) -> None:
    registry.challenge, registry.users = "Basic", {"puller": "s3cret"}
    web(state, registry, "a:1")
    state.objects[WEB]["spec"]["template"]["spec"]["imagePullSecrets"] = [{}, {"name": "regcred"}]
    state.objects[f"{CORE}/secrets/regcred"] = secret("regcred", registry, "s3cret")
    assert pin("deploy/web", "--yes").code == 0


def test_no_secret_is_read_where_that_is_forbidden(state: State, registry: Registry, pin: Any) -> None:
    registry.challenge, registry.users = "Basic", {"puller": "s3cret"}
    web(state, registry, "a:1")
    state.objects[WEB]["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    state.objects[f"{CORE}/secrets/regcred"] = secret("regcred", registry, "s3cret")
    assert pin("deploy/web", "--yes", "--no-secrets").code == 1
    assert not [path for path in state.paths() if "secrets" in path or "serviceaccounts" in path]
    forbidden = status_body(403, "Forbidden", 'secrets "regcred" is forbidden')
    state.answers.append((lambda request: "/secrets/" in request.path, Answer(403, forbidden)))
    shown = pin("deploy/web", "--yes")
    assert shown.code == 1
    assert "cannot get secrets: forbidden" in shown.err
    assert state.count("PATCH") == 0


def test_a_wrong_pull_secret_does_not_hide_a_public_image(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1")
    state.objects[WEB]["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    state.objects[f"{CORE}/secrets/regcred"] = secret("regcred", registry, "wrong")
    registry.answers.append((lambda asked: "authorization" in asked.headers, error(401)))
    assert pin("deploy/web", "--yes").code == 0


def test_the_policy_that_latest_gets_is_told_and_set_at_once_on_request(
    state: State, registry: Registry, pin: Any
) -> None:
    web(state, registry, "a:latest", policy="Always")
    shown = pin("deploy/web", "--dry-run=client")
    assert "container c0 has policy Always, the default for its tag latest, even with a digest" in shown.err
    shown = pin("deploy/web", "--yes", "--policy", "IfNotPresent")
    assert "has policy Always" not in shown.err
    spec = state.objects[WEB]["spec"]["template"]["spec"]["containers"][0]
    assert spec["imagePullPolicy"] == "IfNotPresent"
    assert "@sha256:" in spec["image"]
    assert state.count("PATCH") == 1


def test_what_argo_cd_would_undo_is_refused(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1", annotations=ARGO)
    shown = pin("deploy/web", "--yes")
    assert shown.code == 1
    assert "Argo CD" in shown.err
    assert state.count("PATCH") == 0
    assert pin("deploy/web", "--yes", "--allow-managed").code == 0
    assert state.count("PATCH") == 1


def test_an_image_that_somebody_changed_meanwhile_stays(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1")

    def meanwhile(held: State, _: Any) -> None:
        held.objects[WEB]["spec"]["template"]["spec"]["containers"][0]["image"] = f"{registry.host}/b:1"

    state.before_patch = meanwhile
    shown = pin("deploy/web", "--yes")
    assert shown.code == 1
    assert "changed by somebody else meanwhile" in shown.err
    assert images(state) == ["b:1"]


def test_jobs_are_skipped_with_the_reason(state: State, registry: Registry, pin: Any) -> None:
    path = f"{WEB.replace('apps', 'batch').replace('deployments', 'jobs')}"
    state.objects[path] = workload("Job", container(f"{registry.host}/a:1"))
    shown = pin("job/web", "--yes")
    assert shown.code == 1
    assert "a Job's template is immutable" in shown.out
    assert state.count("PATCH") == 0


def test_a_pin_to_one_platform_warns_of_nodes_of_others(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "multi:1")
    for name in ("amd64", "arm64"):
        info = {"nodeInfo": {"operatingSystem": "linux", "architecture": name}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": info}
        state.lists.setdefault("/api/v1/nodes", []).append(node)
    shown = pin("deploy/web", "--platform", "linux/arm64", "--yes")
    assert shown.code == 0, shown.err
    assert "Warning: nodes of linux/amd64 cannot run what is pinned to images for linux/arm64" in shown.err
    assert images(state) == [f"multi:1@{small_index('multi', 'amd64', 'arm64').manifests[1].digest}"]


def test_check_writes_nothing_and_its_document_holds_to_the_schema(state: State, registry: Registry, pin: Any) -> None:
    gone = "sha256:" + 64 * "0"
    web(state, registry, "a:1", f"b:1@{gone}", f"a:latest@{digest(registry, 'a:latest')}")
    shown = pin("deploy/web", "--check")
    assert shown.code == 3
    assert [row.split(maxsplit=3)[3].partition(":")[0] for row in shown.out.splitlines()[1:]] == [
        "not pinned",
        "vanished",
    ]
    assert shown.err == "2 of 3 images need a look.\n"
    document = json.loads(pin("deploy/web", "--check", "-o", "json").out)
    jsonschema.validate(document, plan_schema())
    assert [item["gate"] for item in document["items"]] == ["notPinned", "vanished", None]
    assert pin("deploy/web", "--check", "-o", "name").out == "deployment.apps/web\n"
    assert state.count("PATCH") == 0


def test_update_moves_a_pin_whose_tag_moved(state: State, registry: Registry, pin: Any) -> None:
    old = registry.push("a:1", small_image("old"))
    new = registry.push("a:1", small_image("new"))
    web(state, registry, f"a:1@{old}")
    assert "No change" in pin("deploy/web", "--yes").err
    assert pin("deploy/web", "--yes", "--update").code == 0
    assert images(state) == [f"a:1@{new}"]


def test_images_that_match_a_pattern_are_left(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1", "b:1")
    assert pin("deploy/web", "--yes", "--ignore", "*/b:*").code == 0
    assert images(state) == [f"a:1@{digest(registry, 'a:1')}", "b:1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: nothing is selected"),
        (["-A"], "error: nothing is selected"),
        (["deploy"], "error: resource(s) were provided, but no name was specified"),
        (["deploy/web", "--from", "hearsay"], 'error: invalid argument "hearsay" for "--from" flag'),
        (["-f", "x", "--from", "running"], "error: --from=running cannot be used with --filename"),
        (["deploy/web", "--write"], "error: --write is for files"),
        (["deploy/web", "--platform", "arm64"], 'error: --platform="arm64" is not OS/ARCHITECTURE'),
        (["deploy/web", "--check", "--update"], "error: --check changes nothing"),
        (["deploy/web", "--check", "-o", "patch"], "error: --check changes nothing"),
        (["deploy/web", "--from", "running", "--update"], "error: --update follows tags at the registry"),
        (["deploy/web", "--path", "spec..x"], 'error: --path="spec..x" is not a path of keys'),
        (["-f", "x", "--path", "spec"], "error: --path is for objects of a cluster"),
        (["deploy/web", "--policy", "always"], 'error: Unsupported value: "always"'),
    ],
)
def test_what_does_not_go_together_is_refused(state: State, pin: Any, arguments: list[str], message: str) -> None:
    shown = pin(*arguments)
    assert shown.code == 1
    assert shown.err.startswith(message)
    assert not state.requests


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("spec.worker.template.spec", ("spec", "worker", "template", "spec")),
        (".spec.pods[0].spec", ("spec", "pods", "0", "spec")),
        ("spec[x]", ()),
        ("spec/a", ()),
        ("", ()),
    ],
)
def test_a_path_is_read_as_kubectl_writes_it(text: str, keys: tuple[str, ...]) -> None:
    assert path_keys(text) == keys


def test_a_path_is_refused_for_kinds_whose_shape_is_known(state: State, registry: Registry, pin: Any) -> None:
    web(state, registry, "a:1")
    assert "error: --path is for kinds of one's own" in pin("deploy/web", "--path", "spec.template.spec").err
    assert state.count("PATCH") == 0


def running(state: State, registry: Registry, *digests: str, names: tuple[str, ...] = ()) -> None:
    """Pods of the newest ReplicaSet, one a digest, on a node that names these for what they run."""
    web(state, registry, "a:1", annotations={"deployment.kubernetes.io/revision": "1"})
    made = workload("ReplicaSet", owner="Deployment/web", annotations={"deployment.kubernetes.io/revision": "1"})
    state.lists["/apis/apps/v1/namespaces/shop/replicasets"] = [made]
    pods = []
    for place, each in enumerate(digests):
        metadata = {"name": f"web-{place}", "uid": f"p{place}"}
        status = {"name": "c0", "image": "x", "imageID": each, "state": {"running": {}}}
        held = pod(container(f"{registry.host}/a:1", "IfNotPresent", "c0"), owner="ReplicaSet/web", metadata=metadata)
        pods.append(held | {"status": {"phase": "Running", "containerStatuses": [status]}})
    state.lists[f"{CORE}/pods"] = pods
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
    state.objects["/api/v1/nodes/node-1"] = node | {"status": {"images": [{"names": list(names)}]}}


def test_what_the_node_proves_is_pinned_whatever_the_image_id_says(state: State, registry: Registry, pin: Any) -> None:
    old = digest(registry, "a:1")
    registry.push("a:1", small_image("newer"))
    other = f"other.example.com/x@sha256:{64 * '3'}"
    running(state, registry, other, other, names=(other, f"{registry.host}/a@{old}", f"{registry.host}/a:1"))
    shown = pin("deploy/web", "--from", "running", "--yes")
    assert shown.code == 0, shown.err
    assert images(state) == [f"a:1@{old}"]


def test_pods_that_do_not_agree_are_told_one_by_one(state: State, registry: Registry, pin: Any) -> None:
    old = digest(registry, "a:1")
    new = registry.push("a:1", small_image("newer"))
    running(state, registry, *(f"{registry.host}/a@{each}" for each in (old, new)))
    shown = pin("deploy/web", "--from", "running", "--yes")
    assert shown.code == 1
    assert f"its Pods do not agree\n  web-0  {old}\n  web-1  {new}\n" in shown.err
    assert "skipped: its Pods do not agree\n" in shown.out
    assert state.count("PATCH") == 0


def test_a_node_that_may_not_be_read_leaves_it_to_the_registry(state: State, registry: Registry, pin: Any) -> None:
    old = digest(registry, "a:1")
    registry.push("a:1", small_image("newer"))
    running(state, registry, f"elsewhere.example.com/a@{old}")
    forbidden = status_body(403, "Forbidden", 'nodes "node-1" is forbidden')
    state.answers.append((lambda request: "/nodes" in request.path, Answer(403, forbidden)))
    shown = pin("deploy/web", "--from", "running", "--yes")
    assert shown.code == 0, shown.err
    assert "cannot get nodes: forbidden; the registry alone decides what runs" in shown.err
    assert images(state) == [f"a:1@{old}"]


def test_without_pods_nothing_is_frozen(state: State, registry: Registry, pin: Any) -> None:
    running(state, registry)
    shown = pin("deploy/web", "--from", "running", "--yes")
    assert shown.code == 1
    assert "no Pod of the newest revision runs" in shown.err
    assert state.count("PATCH") == 0
