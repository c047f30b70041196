"""Pods whose pulls fail at the registries of the internet and on the way to them, each with its true cause.

The gateway of the test cluster speaks for those registries; account names and tokens are made up. The table makes the
Pods, and the tests assert that each cause is found.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.harness.cluster.imitations import ECR, EXPIRED, PASSWORD, USER

HUB, GAR, ACR = "https://index.docker.io/v1/", "europe-west1-docker.pkg.dev", "acmeshop.azurecr.io"
GITLAB, HARBOR = "registry.gitlab.com", "harbor.example.com"
WRONG = "wrong"


class Login(NamedTuple):
    """What the Secret that a Pod names holds."""

    host: str
    user: str = USER
    password: str = PASSWORD


class Failure(NamedTuple):
    """An image that cannot be pulled, with the credentials that are offered, and why it cannot."""

    image: str
    cause: str
    login: Login | None = None


REGISTRIES = {
    "hub-absent": Failure("absent/app:1.0", "NotFoundOrDenied"),
    "hub-short": Failure("ngnix", "NotFoundOrDenied"),
    "hub-tag": Failure("nginx:nope", "ImageNotFound"),
    "hub-rejected": Failure("team/private:1.0", "CredentialsRejected", Login(HUB, password=WRONG)),
    "ecr-anonymous": Failure(f"{ECR}/shop/web:1.4", "AuthenticationRequired"),
    "ecr-expired": Failure(f"{ECR}/shop/web:1.4", "CredentialsExpired", Login(ECR, "AWS", EXPIRED)),
    "ecr-forbidden": Failure(f"{ECR}/forbidden/web:1.4", "Forbidden", Login(ECR, "AWS")),
    "ecr-absent": Failure(f"{ECR}/absent/web:1.4", "ImageNotFound", Login(ECR, "AWS")),
    "ghcr-anonymous": Failure("ghcr.io/private/web:1.4", "AuthenticationRequired"),
    "ghcr-absent": Failure("ghcr.io/absent/web:1.4", "AuthenticationRequired"),
    "ghcr-rejected": Failure("ghcr.io/private/web:1.4", "Forbidden", Login("ghcr.io", password=WRONG)),
    "ghcr-scope": Failure("ghcr.io/forbidden/web:1.4", "Forbidden", Login("ghcr.io")),
    "gar-anonymous": Failure(f"{GAR}/shop-project/containers/web:1.4", "AuthenticationRequired"),
    "gar-denied": Failure(f"{GAR}/shop-project/containers/web:1.4", "Forbidden", Login(GAR)),
    "acr-anonymous": Failure(f"{ACR}/shop/web:1.4", "AuthenticationRequired"),
    "acr-rejected": Failure(f"{ACR}/shop/web:1.4", "CredentialsRejected", Login(ACR, password=WRONG)),
    "acr-firewall": Failure(f"{ACR}/blocked/web:1.4", "BlockedByPolicy", Login(ACR)),
    "quay-anonymous": Failure("quay.io/shop/web:1.4", "NotFoundOrDenied"),
    "quay-rejected": Failure("quay.io/shop/web:1.4", "CredentialsRejected", Login("quay.io", password=WRONG)),
    "harbor-anonymous": Failure(f"{HARBOR}/shop/web:1.4", "AuthenticationRequired"),
    "harbor-absent": Failure(f"{HARBOR}/shop/web:1.4", "ImageNotFound", Login(HARBOR)),
    "harbor-blocked": Failure(f"{HARBOR}/blocked/web:1.4", "BlockedByPolicy", Login(HARBOR)),
    "gitlab-anonymous": Failure(f"{GITLAB}/shop/web:1.4", "AuthenticationRequired"),
    "gitlab-denied": Failure(f"{GITLAB}/forbidden/web:1.4", "Forbidden", Login(GITLAB)),
}
WAYS = {
    "unsigned": Failure("tls.example.com/demo/app:1.0", "CertificateUnknownAuthority"),
    "expired": Failure("expired.example.com/demo/app:1.0", "CertificateExpired"),
    "othername": Failure("othername.example.com/demo/app:1.0", "CertificateNameMismatch"),
    "plain": Failure("plain.example.com/ok/app:1.0", "HTTPSExpected"),
    "stalled": Failure("stalled.example.com/demo/app:1.0", "Timeout"),
    "refused": Failure("127.0.0.1:27448/demo/app:1.0", "ConnectionRefused"),
    "proxy-forbids": Failure("forbidden.example.com/demo/app:1.0", "Proxy"),
    "proxy-lost": Failure("elsewhere.example.net/demo/app:1.0", "Proxy"),
    "mirror": Failure("mirrored.example.com/500/app:1.0", "Mirror"),
    "unavailable": Failure("faults.example.com/503/app:1.0", "RegistryError"),
    "limited-late": Failure("faults.example.com/429/manifest/app:1.0", "RateLimited"),
    "blob-denied": Failure("faults.example.com/403/blob/app:1.0", "Forbidden"),
    "blob-missing": Failure("faults.example.com/missing/app:1.0", "BlobNotFound"),
    "corrupt": Failure("faults.example.com/corrupt/app:1.0", "CorruptLayer"),
    "schema1": Failure("faults.example.com/schema1/app:1.0", "UnsupportedMediaType"),
    "unknown-type": Failure("faults.example.com/unknown/app:1.0", "UnsupportedMediaType"),
    "page": Failure("faults.example.com/html/app:1.0", "UnsupportedMediaType"),
    "token-fails": Failure("faults.example.com/token-503/app:1.0", "RegistryError"),
}
# Deployments, whose Pods fail alike.
LIMITED = Failure("limited/app:1.0", "RateLimited")
NAMESPACES = {"registries": REGISTRIES, "network": WAYS}


def objects(failures: dict[str, Failure]) -> Iterator[dict[str, Any]]:
    """The Pods and their Secrets."""
    for name, failure in failures.items():
        pod: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": failure.image}]},
        }
        if failure.login is not None:
            yield _secret(name, failure.login)
            pod["spec"]["imagePullSecrets"] = [{"name": name}]
        yield pod


def limited_deployment(replicas: int) -> dict[str, Any]:
    """A Deployment whose Pods are too many for Docker Hub."""
    template = {
        "metadata": {"labels": {"app": "limited"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": LIMITED.image}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "limited"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "limited"}}, "template": template},
    }


def _secret(name: str, login: Login) -> dict[str, Any]:
    pair = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    config = {"auths": {login.host: {"username": login.user, "password": login.password, "auth": pair}}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps(config)},
    }
