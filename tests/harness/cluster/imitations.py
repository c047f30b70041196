"""What well-known registries answer: their challenges, token services, status codes and error bodies.

Written from their documented protocol and from messages that their users quote; containerd's own words for these
answers are what the recordings keep. A repository's first segment names what happens to it:

    absent/app      there is no such repository
    forbidden/app   whoever asks may not read it
    blocked/app     a rule of the registry keeps it from being pulled
    limited/app     too many pulls: the tag resolves, its manifest does not come
    anything else   a private repository that exists

Good credentials are those of `registries`, with the password `expired` for a token whose time ran out.
"""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.harness.cluster.exchange import Answer, Request, error

USER, PASSWORD = "puller", "s3cret"
EXPIRED = "expired"
REALMS = {
    "registry-1.docker.io": "https://auth.docker.io/token",
    "ghcr.io": "https://ghcr.io/token",
    "europe-west1-docker.pkg.dev": "https://europe-west1-docker.pkg.dev/v2/token",
    "acmeshop.azurecr.io": "https://acmeshop.azurecr.io/oauth2/token",
    "quay.io": "https://quay.io/v2/auth",
    "harbor.example.com": "https://harbor.example.com/service/token",
    "registry.gitlab.com": "https://gitlab.com/jwt/auth",
}
SERVICES = {
    "registry-1.docker.io": "registry.docker.io",
    "harbor.example.com": "harbor-registry",
    "registry.gitlab.com": "container_registry",
}
TOKEN_HOSTS = {urlsplit(realm).hostname for realm in REALMS.values()}
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


SERVED = Answer(200, served=True)


def answer(request: Request) -> Answer | None:
    """The answer of the registry that has this name, or None: there is no such one."""
    if request.host == ECR:
        return _ecr(request)
    if f"https://{request.host}{request.path}" in REALMS.values():
        return _TOKENS[request.host](request)
    if request.host not in REALMS:
        return None
    if not request.authorization.startswith("Bearer "):
        return _challenge(request)
    authorized = request.authorization == f"Bearer {USER}"
    return _MANIFESTS[request.host](request, authorized)


def missing(request: Request) -> Answer:
    """The answer to whoever asks for a repository that is not there."""
    if request.host == "registry-1.docker.io":
        return _challenge(request, "insufficient_scope")
    return error(404, "NAME_UNKNOWN", "repository name not known to registry")


def _challenge(request: Request, refusal: str = "") -> Answer:
    service = SERVICES.get(request.host, request.host)
    value = f'Bearer realm="{REALMS[request.host]}",service="{service}",scope="repository:{request.repository}:pull"'
    told = f'{value},error="{refusal}"' if refusal else value
    return error(401, "UNAUTHORIZED", "authentication required", (("WWW-Authenticate", told),))


def _token(user: str = "") -> Answer:
    """A token that tells whose it is."""
    document = {"token": user or "anonymous", "access_token": user or "anonymous", "expires_in": 300}
    return Answer(200, json.dumps(document).encode(), (("Content-Type", "application/json"),))


def _good(request: Request) -> bool:
    return request.credentials == (USER, PASSWORD)


def _ecr(request: Request) -> Answer:
    """Basic authentication, always; the account's name is AWS."""
    user, password = request.credentials
    if not user:
        realm = f'Basic realm="https://{ECR}/",service="ecr.amazonaws.com"'
        return Answer(401, b"Not Authorized\n", (("WWW-Authenticate", realm), ("Content-Type", "text/plain")))
    if password == EXPIRED:
        return error(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
    if (user, password) != ("AWS", PASSWORD):
        return Answer(400, b"", ())
    if request.fate == "forbidden":
        resource = f"arn:aws:ecr:eu-west-1:111122223333:repository/{request.repository}"
        message = (
            "User: arn:aws:sts::111122223333:assumed-role/nodes/i-0123456789abcdef0 is not authorized to perform: "
            f"ecr:BatchGetImage on resource: {resource} because no identity-based policy allows the "
            "ecr:BatchGetImage action"
        )
        return error(403, "DENIED", message)
    if request.fate == "absent":
        message = (
            f"The repository with name '{request.repository}' does not exist in the registry with id '111122223333'"
        )
        return error(404, "NAME_UNKNOWN", message)
    return error(404, "MANIFEST_UNKNOWN", "Requested image not found")


def _hub_token(request: Request) -> Answer:
    if request.credentials[0] and not _good(request):
        body = json.dumps({"details": "incorrect username or password"}).encode()
        return Answer(401, body, (("Content-Type", "application/json"),))
    return _token(request.credentials[0])


def _hub_manifest(request: Request, authorized: bool) -> Answer:
    """A missing repository and a private one are answered alike; pulls are counted where a manifest is read."""
    if request.fate != "limited":
        return SERVED
    if request.method == "HEAD":
        return SERVED
    words = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
    return error(429, "TOOMANYREQUESTS", words)


def _ghcr_token(request: Request) -> Answer:
    if request.credentials[0]:
        return _token(USER) if _good(request) else error(403, "DENIED", "denied")
    if request.fate == "private":
        return error(401, "UNAUTHORIZED", "authentication required")
    if request.fate in {"absent", "forbidden"}:
        return error(403, "DENIED", "requested access to the resource is denied")
    return _token()


def _ghcr_manifest(request: Request, authorized: bool) -> Answer:
    if request.fate == "forbidden":
        return error(403, "DENIED", "permission_denied: read_package")
    return SERVED


def _artifact_token(request: Request) -> Answer:
    if request.credentials[0]:
        return _token(USER) if _good(request) else error(401, "UNAUTHORIZED", "authentication failed")
    project, _, rest = request.repository.partition("/")
    resource = f"projects/{project}/locations/europe-west1/repositories/{rest.partition('/')[0]}"
    permission = "artifactregistry.repositories.downloadArtifacts"
    message = (
        f'Unauthenticated request. Unauthenticated requests do not have permission "{permission}" '
        f'on resource "{resource}" (or it may not exist)'
    )
    return error(403, "DENIED", message)


def _artifact_manifest(request: Request, authorized: bool) -> Answer:
    project, _, rest = request.repository.partition("/")
    resource = f"projects/{project}/locations/europe-west1/repositories/{rest.partition('/')[0]}"
    permission = "artifactregistry.repositories.downloadArtifacts"
    return error(403, "DENIED", f'Permission "{permission}" denied on resource "{resource}" (or it may not exist)')


def _acr_token(request: Request) -> Answer:
    if _good(request):
        return _token(USER)
    words = "authentication required, visit https://aka.ms/acr/authorization for more information."
    return error(401, "UNAUTHORIZED", words)


def _acr_manifest(request: Request, authorized: bool) -> Answer:
    if request.fate == "blocked":
        words = "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
        return error(403, "DENIED", words)
    return error(404, "MANIFEST_UNKNOWN", f'manifest tagged by "{request.path.rpartition("/")[2]}" is not found')


def _quay_token(request: Request) -> Answer:
    if request.credentials[0] and not _good(request):
        return error(401, "UNAUTHORIZED", "Invalid Username or Password")
    return _token(request.credentials[0])


def _quay_manifest(request: Request, authorized: bool) -> Answer:
    if not authorized:
        refusal = error(401, "UNAUTHORIZED", "access to the requested resource is not authorized")
        return refusal._replace(phrase="UNAUTHORIZED")
    return error(404, "MANIFEST_UNKNOWN", "manifest unknown")


def _harbor_manifest(request: Request, authorized: bool) -> Answer:
    if request.fate == "blocked":
        words = (
            "current image with 86 vulnerabilities cannot be pulled due to configured policy in 'Prevent images with "
            'vulnerability severity of "Medium" or higher from running.\' To continue with pull, please contact your '
            "project administrator to exempt matched vulnerabilities through configuring the CVE allowlist."
        )
        return error(412, "PROJECTPOLICYVIOLATION", words)
    if not authorized:
        action = f"unauthorized to access repository: {request.repository}, action: pull"
        return error(401, "UNAUTHORIZED", f"{action}: {action}", (("WWW-Authenticate", 'Basic realm="harbor"'),))
    return error(404, "NOT_FOUND", f"artifact {request.repository}:{request.path.rpartition('/')[2]} not found")


def _gitlab_token(request: Request) -> Answer:
    if _good(request) and request.fate != "forbidden":
        return _token(USER)
    return error(403, "DENIED", "access forbidden")


def _gitlab_manifest(request: Request, authorized: bool) -> Answer:
    return error(404, "MANIFEST_UNKNOWN", "manifest unknown")


_TOKENS: dict[str, Callable[[Request], Answer]] = {
    "auth.docker.io": _hub_token,
    "ghcr.io": _ghcr_token,
    "europe-west1-docker.pkg.dev": _artifact_token,
    "acmeshop.azurecr.io": _acr_token,
    "quay.io": _quay_token,
    "harbor.example.com": _quay_token,
    "gitlab.com": _gitlab_token,
}
_MANIFESTS: dict[str, Callable[[Request, bool], Answer]] = {
    "registry-1.docker.io": _hub_manifest,
    "ghcr.io": _ghcr_manifest,
    "europe-west1-docker.pkg.dev": _artifact_manifest,
    "acmeshop.azurecr.io": _acr_manifest,
    "quay.io": _quay_manifest,
    "harbor.example.com": _harbor_manifest,
    "registry.gitlab.com": _gitlab_manifest,
}
