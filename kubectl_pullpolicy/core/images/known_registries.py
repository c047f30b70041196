"""Registries by their host: what people call them, and how a pull secret for them is made."""

import re
from functools import lru_cache
from typing import NamedTuple

# The key of Docker Hub's credentials, as kubectl and docker write it and the kubelet matches it.
DOCKER_HUB_SERVER = "https://index.docker.io/v1/"
DOCKER_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


class Registry(NamedTuple):
    """A kind of registry.

    `username` and `password` are words for a shell (they may hold {region}, {registry} and {name}); "" if the user must
    know them. `hint`: which credentials it takes.
    """

    kind: str
    hosts: re.Pattern[str]
    hint: str = ""
    username: str = ""
    password: str = ""


def _registry(kind: str, hosts: str, hint: str = "", username: str = "", password: str = "") -> Registry:
    return Registry(kind, re.compile(rf"(?:{hosts})(?::\d+)?"), hint, username, password)


_TABLE = (
    _registry(
        "Docker Hub",
        r"(?:[a-z0-9-]+\.)*docker\.io|registry\.hub\.docker\.com",
        "a Docker Hub user and a personal access token (read-only is enough)",
    ),
    _registry("ECR Public", r"public\.ecr\.aws", "AWS credentials; the token is valid for 12 hours"),
    _registry(
        "ECR",
        r"\d{1,12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)|\S+\.dkr\.ecr\.\S+",
        "the token is valid for 12 hours: better let the kubelet's ecr-credential-provider or the node's role give it",
        "AWS",
        '"$(aws ecr get-login-password --region {region})"',
    ),
    _registry(
        "GitHub Container Registry",
        r"ghcr\.io|docker\.pkg\.github\.com|containers\.\S+\.ghe\.com",
        "a GitHub user and a classic token with the scope read:packages",
    ),
    _registry(
        "Artifact Registry",
        r"[a-z0-9-]+-docker\.pkg\.dev|(?:(?:us|eu|asia|marketplace)\.)?gcr\.io",
        "this token is valid for one hour: better a service account with the role artifactregistry.reader",
        "oauth2accesstoken",
        '"$(gcloud auth print-access-token)"',
    ),
    _registry(
        "Azure Container Registry",
        r"(?P<name>[a-z0-9-]+)(?:\.[a-z0-9-]+)*\.azurecr\.(?:io|cn|us)",
        "this token is valid for three hours: better the role AcrPull for the nodes' identity",
        "00000000-0000-0000-0000-000000000000",
        '"$(az acr login --name {name} --expose-token --query accessToken --output tsv)"',
    ),
    _registry("Microsoft Artifact Registry", r"mcr\.microsoft\.com"),
    _registry("Kubernetes registry", r"registry\.k8s\.io|k8s\.gcr\.io"),
    _registry(
        "Quay",
        r"quay\.io|quay\.\S+|\S+\.quay\.\S+",
        "a robot account of the organisation (ORGANISATION+ROBOT) and its token",
    ),
    _registry(
        "Red Hat registry",
        r"registry\.(?:access\.|connect\.)?redhat\.(?:io|com)",
        "a registry service account of Red Hat",
    ),
    _registry(
        "OpenShift registry",
        r"image-registry\.openshift-image-registry\.svc\S*|docker-registry\.default\.svc\S*|default-route-openshift-image-registry\.\S+",
        "a service account of this cluster with the role system:image-puller",
    ),
    _registry("GitLab", r"registry\.gitlab\.com|\S*gitlab\S*", "a deploy token with the scope read_registry"),
    _registry("Harbor", r"\S*harbor\S*|demo\.goharbor\.io", "a robot account of the project and its secret"),
    _registry("Artifactory", r"\S+\.jfrog\.io|\S*artifactory\S*", "an Artifactory user and an identity token"),
    _registry("Nexus", r"\S*nexus\S*"),
    _registry("IBM Cloud registry", r"(?:[a-z0-9-]+\.)?icr\.io", "the user iamapikey and an API key"),
    _registry("Oracle Cloud registry", r"[a-z0-9-]+\.ocir\.io", "TENANCY/USER and an auth token"),
    _registry("DigitalOcean registry", r"registry\.digitalocean\.com", "an API token, as user and as password"),
    _registry("Alibaba Cloud registry", r"\S+\.aliyuncs\.com"),
    _registry("Tencent Cloud registry", r"\S+\.tencentcr\.com|ccr\.ccs\.tencentyun\.com"),
    _registry("Huawei Cloud registry", r"swr\.\S+\.myhuaweicloud\.com"),
    _registry("NVIDIA registry", r"nvcr\.io", "the user $oauthtoken and an NGC API key"),
    _registry("Scaleway registry", r"rg\.\S+\.scw\.cloud"),
    _registry("the node itself", r"localhost|127\.0\.0\.\d+|\[::1\]"),
)


@lru_cache(maxsize=1024)
def registry_of(host: str) -> tuple[Registry | None, dict[str, str]]:
    """Return the kind of registry at a host, and the parts of its name ({"region": "eu-west-1"})."""
    if len(host) > 255:
        return None, {}
    for registry in _TABLE:
        found = registry.hosts.fullmatch(host.lower())
        if found is not None:
            return registry, {key: value for key, value in found.groupdict().items() if value}
    return None, {}


def kind_of(host: str) -> str:
    """Return what the registry at this host is called, "" for an unknown one."""
    registry, _ = registry_of(host)
    return registry.kind if registry is not None else ""


def server_of(host: str) -> str:
    """How a pull secret names this registry (`--docker-server`)."""
    return DOCKER_HUB_SERVER if host in DOCKER_HUB_HOSTS else host
