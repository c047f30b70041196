"""The ClusterRoles of rbac/: each use runs with its roles alone, and says what it lacks without them."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, deployment, pull_secret
from tests.harness.cluster.imitations import PASSWORD, USER
from tests.harness.cluster.layout import LOOPBACK, Ports

pytestmark = pytest.mark.e2e

ROLES = Path(__file__).parents[2] / "rbac"
PRIVATE = "private.example.com/team/app:1.0"


class User:
    """Somebody who may do what some of the roles allow, everywhere, and nothing else."""

    def __init__(self, cluster: Cluster, pullpolicy: Program, name: str) -> None:
        self._cluster = cluster
        self._pullpolicy = pullpolicy
        self.name = name

    def grant(self, *roles: str) -> None:
        """Bind these roles of rbac/."""
        for role in roles:
            (made,) = self._cluster.kubectl("apply", "-f", str(ROLES / f"{role}.yaml"), "-o", "name").split()
            binding = f"{self.name}-{role}"
            named = f"--clusterrole={made.partition('/')[2]}"
            self._cluster.kubectl("create", "clusterrolebinding", binding, named, f"--user={self.name}")
        can = "auth", "can-i", "list", "pods", "--as", self.name
        self._cluster.wait_for(lambda: not self._cluster.run_kubectl(*can).returncode, 30, "the roles to be known")

    def run(self, *arguments: str) -> Any:
        """kubectl pullpolicy as this user."""
        return self._pullpolicy.run(*arguments, "--as", self.name)

    def leave(self) -> None:
        """Take the bindings away."""
        names = [f"{self.name}-{path.stem}" for path in ROLES.glob("*.yaml")]
        self._cluster.kubectl("delete", "clusterrolebinding", "--ignore-not-found", *names)


@pytest.fixture
def user(namespace: Cluster, pullpolicy: Program) -> Iterator[User]:
    made = User(namespace, pullpolicy, f"user-{uuid.uuid4().hex[:8]}")
    try:
        yield made
    finally:
        made.leave()


def failing(namespace: Cluster) -> str:
    """A Deployment whose Pod lacks the credentials for its image; answers the Pod."""
    made = deployment("web", container(PRIVATE))
    made["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    namespace.apply(made)
    command = "create", "secret", "docker-registry", "regcred", "--docker-server=private.example.com"
    namespace.kubectl(*command, "--docker-username=nobody", "--docker-password=wrong")
    pod = namespace.wait_pod_of("web")
    namespace.wait_waiting_reason(pod, "main", {"ErrImagePull", "ImagePullBackOff"})
    return pod


def test_without_a_role_every_verb_says_what_it_lacks(namespace: Cluster, user: User) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:1.4")))
    for arguments in (["explain"], ["diagnose"]):
        done = user.run(*arguments)
        assert done.returncode == 1
        assert f'User "{user.name}" cannot list resource "pods" in API group ""' in done.stderr
    for arguments in (["explain", "deploy/web"], ["set", "Always", "deploy/web", "--yes"], ["wait", "deploy/web"]):
        done = user.run(*arguments)
        assert done.returncode == 1
        assert f'User "{user.name}" cannot get resource "deployments" in API group "apps"' in done.stderr


def test_explain_reads_with_its_role_alone_and_names_the_secrets_that_it_may_not_read(
    cluster: Cluster, namespace: Cluster, user: User
) -> None:
    cluster.require("a private registry")
    pod = failing(namespace)
    user.grant("explain")
    listed = user.run("explain", "-o", "json")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert json.loads(listed.stdout)["notes"] == []
    named = user.run("explain", f"pod/{pod}")
    assert named.returncode == 0
    assert "cannot get secrets: forbidden" in named.stdout + named.stderr
    assert user.run("diagnose").returncode == 0
    assert user.run("wait", "deploy/web", "--timeout=0").returncode in {3, 4}


def test_credentials_are_told_with_the_role_for_them(cluster: Cluster, namespace: Cluster, user: User) -> None:
    cluster.require("a private registry")
    pod = failing(namespace)
    user.grant("explain", "credentials")
    done = user.run("explain", f"pod/{pod}")
    assert done.returncode == 0
    assert "regcred" in done.stdout
    assert "forbidden" not in done.stdout + done.stderr


def test_writing_needs_its_role_and_says_so(namespace: Cluster, user: User) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:nope")))
    namespace.wait_waiting_reason(namespace.wait_pod_of("web"), "main", {"ImagePullBackOff"})
    user.grant("explain")
    refused = user.run("set", "Always", "deploy/web", "--yes")
    assert refused.returncode == 1
    assert 'cannot patch resource "deployments" in API group "apps"' in refused.stderr
    kept = user.run("retry", "deploy/web", "--yes")
    assert kept.returncode == 1
    assert 'cannot delete resource "pods" in API group ""' in kept.stderr
    user.grant("write")
    allowed = "auth", "can-i", "patch", "deployments.apps", "--as", user.name
    namespace.wait_for(lambda: not namespace.run_kubectl(*allowed).returncode, 30, "the role to be known")
    done = user.run("retry", "deploy/web", "--yes")
    assert done.returncode == 0, done.stderr
    done = user.run("set", "Always", "deploy/web", "--yes")
    assert done.returncode == 0, done.stderr


def test_pinning_a_private_image_needs_the_role_for_credentials_and_says_so(
    cluster: Cluster, namespace: Cluster, user: User
) -> None:
    cluster.require("a private registry")
    host = f"{LOOPBACK}:{Ports.of_node().private}"
    made = deployment("web", container(f"{host}/team/app:1.0"), replicas=0)
    made["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    namespace.apply([made, pull_secret("regcred", {"username": USER, "password": PASSWORD}, host)])
    user.grant("explain", "write")
    without = user.run("pin", "deploy/web", "--yes")
    assert without.returncode == 1
    assert "cannot get secrets: forbidden" in without.stderr
    user.grant("credentials")
    done = user.run("pin", "deploy/web", "--yes")
    assert done.returncode == 0, done.stderr
    assert "deployment.apps/web image updated" in done.stdout
