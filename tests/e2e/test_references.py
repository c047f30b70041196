"""Image strings as the kubelet and containerd read them, in the messages of their pulls, and as core reads them."""

import json
import re
from typing import Any

import pytest

from kubectl_pullpolicy.core.images.reference import InvalidReference, parse
from tests.e2e.manifests import container, pod

pytestmark = pytest.mark.e2e

HEX = "a" * 64
# None of them can be pulled here, so every message names what containerd looked for.
READABLE = [
    "nope", "nope:1.0", "team/nope", "team/nope:v1.2", "docker.io/nope", "index.docker.io/nope",
    "docker.io/library/nope:x", "localhost:5000", "localhost/nope", "localhost:27449/nope:1",
    "127.0.0.1:27449/nope", "[::1]:27449/nope:1",
    "registry.example.com/nope", "REG.invalid/nope:1", "reg.invalid:5000/a/b/c/d:1", "a__b/c--d:_x",
    f"nope@sha256:{HEX}", f"nope:1.0@sha256:{HEX}", f"registry.example.com/nope:latest@sha256:{HEX}", f"sha256:{HEX}",
]  # fmt: skip
UNREADABLE = [
    "Nope", "registry.example.com/Team/nope", HEX, "nope:", "nope::1", "https://x/y", "nope@sha256:1234", "a..b",
    "-nope", f"nope@md5:{'c' * 32}", f"nope@sha256:{'A' * 64}", "nope:" + "t" * 129, "x" * 300, "a b", "n\u0130pe",
]  # fmt: skip
QUOTED = re.compile(r'failed to pull and unpack image "([^"]+)"')


def messages(namespace: Any, name: str) -> dict[str, tuple[str, str]]:
    """Waiting reason and message of each container that has one, by its image string."""
    found = json.loads(namespace.kubectl("get", "pod", name, "-o", "json"))
    images = {each["name"]: each["image"] for each in found["spec"]["containers"]}
    states = {each["name"]: each["state"].get("waiting", {}) for each in found["status"].get("containerStatuses", ())}
    return {images[key]: (state.get("reason", ""), state.get("message", "")) for key, state in states.items()}


def test_containerd_looks_for_the_name_that_core_reads(cluster: Any, namespace: Any) -> None:
    cluster.require("containerd without the internet")
    runtime = cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.nodeInfo.containerRuntimeVersion}")
    # containerd 1.x says "invalid reference format" of an IPv6 address, which the kubelet can read.
    readable = [image for image in READABLE if not (runtime.startswith("containerd://1.") and image.startswith("["))]
    namespace.apply(pod("web", *(container(image, name=f"c{n}") for n, image in enumerate(readable))))
    found: dict[str, str] = {}

    def looked_for() -> bool:
        """Kept from one look to the next: before 1.32 a back-off hides the message of the pull."""
        for image, (_, message) in messages(namespace, "web").items():
            if (quoted := QUOTED.search(message)) is not None:
                found[image] = quoted[1]
        return len(found) == len(readable)

    namespace.wait_for(looked_for, 120, "a message for each image")
    read = {image: parse(image) for image in readable}
    # Of a name with tag and digest containerd keeps the digest.
    expected = {image: f"{each.name}@{each.digest}" if each.digest else each.normalized for image, each in read.items()}
    assert found == expected


def test_the_kubelet_refuses_the_strings_that_core_cannot_read_for_the_same_reason(namespace: Any) -> None:
    namespace.apply(pod("web", *(container(image, name=f"c{n}") for n, image in enumerate(UNREADABLE))))

    def refused() -> dict[str, str] | None:
        found = {
            image: text for image, (reason, text) in messages(namespace, "web").items() if reason == "InvalidImageName"
        }
        return found if len(found) == len(UNREADABLE) else None

    found = namespace.wait_for(refused, 120, "a refusal of each image")
    for image, message in found.items():
        with pytest.raises(InvalidReference) as caught:
            parse(image)
        assert message.endswith(f": {caught.value}"), image
