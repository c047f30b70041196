"""The default rule, on thousands of image strings that the real API server has stored."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kubectl_pullpolicy.core.policy.defaulting import default_policy
from tests.e2e.manifests import workload

pytestmark = pytest.mark.e2e

SEED = 20261124
COUNT = 2400
BATCH = 100  # strings an object; each stands in an app container, an init container and an image volume of it
KINDS = (
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "StatefulSet",
    "Job",
    "CronJob",
    "ReplicationController",
    "PodTemplate",
)

HOSTS = [
    "", "docker.io/", "index.docker.io/", "ghcr.io/", "localhost/", "localhost:5000/", "reg:5000/", "[::1]:5000/",
    "127.0.0.1:5000/", "REG.example.com/", "a_b.example.com/", "x/y/", "https://x/", "-bad/", "reg:port/", "//",
]  # fmt: skip
NAMES = [
    "nginx", "team/app", "a/b/c/d", "Nginx", "team/App", "a__b", "a..b", "a--b", "a_-b", "-a", "a-", "sha256", "1",
    "localhost", "a b", "ä", "名", "a/", "/a", "x" * 255, "x" * 300, "a" * 64, "g" * 64, "nginx\u0130", "",
]  # fmt: skip
TAGS = [
    "", ":latest", ":Latest", ":LATEST", ":1.27", ":5000", ":_x", ":-x", ":.x", ":", "::1", ":a:b", ":" + "t" * 128,
    ":" + "t" * 129, ":latest ", ": latest", ":lätest", ":latest\t", ":1+1",
]  # fmt: skip
DIGESTS = [
    "", f"@sha256:{'a' * 64}", f"@sha256:{'A' * 64}", "@sha256:1234", f"@sha512:{'b' * 128}", f"@md5:{'c' * 32}",
    f"@sha256:{'g' * 64}", "@", "@latest", f"@sha384:{'d' * 96}", f"@sha256:{'a' * 64}@sha256:{'b' * 64}",
]  # fmt: skip


def image_strings() -> list[str]:
    """Valid and broken strings, each once; the same in every run."""
    source = random.Random(SEED)
    found: dict[str, None] = {}
    while len(found) < COUNT:
        parts = (source.choice(each) for each in (HOSTS, NAMES, TAGS, DIGESTS))
        text = "".join(parts)
        if source.random() < 0.2:
            position = source.randrange(len(text) + 1)
            text = text[:position] + source.choice("/:@._- aZ9é\u2028") + text[position:]
        if text.strip():  # an empty image is refused everywhere
            found[text] = None
    return list(found)


def batches(strings: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(strings), BATCH):
        yield strings[start : start + BATCH]


def spec_of(strings: list[str]) -> dict[str, Any]:
    """The fields of a pod spec that hold images, each string in every one of them."""
    return {
        "containers": [{"name": f"app-{n}", "image": image} for n, image in enumerate(strings)],
        "initContainers": [{"name": f"init-{n}", "image": image} for n, image in enumerate(strings)],
        "volumes": [{"name": f"volume-{n}", "image": {"reference": image}} for n, image in enumerate(strings)],
    }


def pod_spec(stored: dict[str, Any]) -> dict[str, Any]:
    """The pod spec of an object."""
    if stored["kind"] == "Pod":
        return stored["spec"]  # type: ignore[no-any-return]
    holder = stored if stored["kind"] == "PodTemplate" else stored["spec"].get("jobTemplate", stored)["spec"]
    return holder["template"]["spec"]  # type: ignore[no-any-return]


def wrong(spec: dict[str, Any]) -> tuple[int, list[tuple[str, str]]]:
    """How many policies were compared, and the strings whose stored policy is another than core says."""
    stored = [(each["image"], each["imagePullPolicy"]) for each in (*spec["containers"], *spec["initContainers"])]
    volumes = [each["image"] for each in spec["volumes"] if "image" in each]
    stored += [(each["reference"], each["pullPolicy"]) for each in volumes]
    return len(stored), [(image, policy) for image, policy in stored if default_policy(image) != policy]


def make(namespace: Any, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Create the objects; answers what the API server stored."""
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    text = namespace.kubectl("create", "-f", "-", "-o", "json", input=body).strip()
    found = []
    while text:  # kubectl writes one document after the other
        document, end = json.JSONDecoder().raw_decode(text)
        found.append(document)
        text = text[end:].lstrip()
    return found


def test_core_predicts_the_policy_that_templates_store(cluster: Any, namespace: Any) -> None:
    cluster.require("image volumes")
    objects = []
    for number, strings in enumerate(batches(image_strings())):
        made = workload(KINDS[number % len(KINDS)], f"many-{number}", {"name": "x", "image": "x"})
        pod_spec(made).update(spec_of(strings))
        objects.append(made)
    compared, differing = 0, []
    for stored in make(namespace, objects):
        count, found = wrong(pod_spec(stored))
        compared += count
        differing += found
    assert differing == [], f"seed {SEED}"
    assert compared == 3 * COUNT


def test_core_predicts_the_policy_that_pods_store(cluster: Any, namespace: Any) -> None:
    cluster.require("image volumes")
    # A Pod refuses blanks at the ends, which a template takes.
    strings = [text for text in image_strings() if text == text.strip()]
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"many-{number}"},
            "spec": spec_of(each) | {"nodeSelector": {"disk": "tape"}},  # stored is enough
        }
        for number, each in enumerate(batches(strings))
    ]
    compared, differing = 0, []
    for stored in make(namespace, pods):
        count, found = wrong(stored["spec"])
        compared += count
        differing += found
    assert differing == [], f"seed {SEED}"
    assert compared == 3 * len(strings)
    assert len(strings) >= 2000


@pytest.mark.parametrize("image", ["nginx:1.27 ", " nginx", "nginx:latest\t"])
def test_a_pod_refuses_a_padded_string_that_a_template_takes(namespace: Any, image: str) -> None:
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "padded"}}
    body = json.dumps(made | {"spec": {"containers": [{"name": "main", "image": image}]}})
    done = namespace.run_kubectl("create", "-f", "-", input=body)
    assert "must not have leading or trailing whitespace" in done.stderr
    (stored,) = make(namespace, [workload("Deployment", "padded", {"name": "main", "image": image})])
    policy = pod_spec(stored)["containers"][0]["imagePullPolicy"]
    assert policy == default_policy(image) == "IfNotPresent"


def test_core_predicts_the_policy_of_ephemeral_containers(namespace: Any) -> None:
    spec = {"containers": [{"name": "main", "image": "nginx"}], "nodeSelector": {"disk": "tape"}}
    make(namespace, [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}])
    strings = [text for text in image_strings() if text == text.strip()][:BATCH]
    added = [{"name": f"debug-{number}", "image": image} for number, image in enumerate(strings)]
    path = f"/api/v1/namespaces/{namespace.name}/pods/web/ephemeralcontainers"
    held = namespace.get("pod", "web")
    held["spec"]["ephemeralContainers"] = added
    namespace.kubectl("replace", "--raw", path, "-f", "-", input=json.dumps(held))
    stored = json.loads(namespace.kubectl("get", "--raw", path))["spec"]["ephemeralContainers"]
    found = {each["image"]: each["imagePullPolicy"] for each in stored}
    assert found == {image: default_policy(image) for image in strings}
