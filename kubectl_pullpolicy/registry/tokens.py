"""Bearer tokens, which a registry's token service issues for a credential.

Source: distribution/distribution docs/content/spec/auth/token.md (GET, several scopes in a request) and oauth.md (POST
for refresh tokens). The registry names the service in its challenge. The service gets the credential over https,
and only if `allowed_hosts` permits it.
"""

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlencode

import msgspec

from kubectl_pullpolicy.registry.allowed_hosts import refusal_reason
from kubectl_pullpolicy.registry.failure import RegistryError, decoded_json, status_error
from kubectl_pullpolicy.registry.keychain import Credential, IdentityToken, Password
from kubectl_pullpolicy.registry.transport import RegistryRequest, RegistryResponse, RegistryTransport
from kubectl_pullpolicy.registry.urls import Url, parse_url
from kubectl_pullpolicy.registry.www_authenticate import Challenge

CLIENT_ID = "kubectl-pullpolicy"
# Common servers accept a request line of at least 8 KiB. Up to here, one request has all scopes of a registry.
MAX_SCOPES = 7000


class _Token(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None


class TokenService:
    """Requests tokens for one registry (`base`: its URL)."""

    def __init__(self, transport: RegistryTransport, base: Url) -> None:
        self._transport = transport
        self._base = base

    def token(self, challenge: Challenge, scopes: Iterable[str], credential: Credential) -> str:
        """Return a token for these scopes. Raises RegistryError."""
        realm = parse_url(challenge.realm)
        reason = refusal_reason(self._base, realm, self._transport.hosts)
        if realm is None or reason:
            host = realm.authority if realm is not None else "somewhere"
            raise RegistryError("BadAnswer", f"{self._base.authority} wants a token from {host}, {reason}")
        answer = self._transport.send(_request(realm, challenge.parameters.get("service", ""), scopes, credential))
        who = f"the token service {realm.authority}"
        if answer.status != 200:
            raise status_error(answer.status, who, answer.body, answer.header("Retry-After"))
        return _token_in(answer, who)


def pull_scope(repository: str) -> str:
    """Return the scope to read manifests and tags."""
    return f"repository:{repository}:pull"


def batches(repositories: Iterable[str]) -> Iterator[list[str]]:
    """Yield groups of repositories whose scopes fit into one request."""
    batch: list[str] = []
    size = 0
    for repository in repositories:
        length = len(_scope_parameter(pull_scope(repository))) + 1
        if batch and size + length > MAX_SCOPES:
            yield batch
            batch, size = [], 0
        batch.append(repository)
        size += length
    if batch:
        yield batch


def basic(credential: Password) -> str:
    """Return the value of the Authorization header."""
    return f"Basic {base64.b64encode(f'{credential.user}:{credential.password}'.encode()).decode()}"


def _request(realm: Url, service: str, scopes: Iterable[str], credential: Credential) -> RegistryRequest:
    if isinstance(credential, IdentityToken):
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": credential.token,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return RegistryRequest("POST", realm, headers, urlencode(form).encode())
    parameters = [f"service={quote(service, safe='')}"] if service else []
    query = "&".join([*parameters, *map(_scope_parameter, scopes)])
    headers = {"Authorization": basic(credential)} if isinstance(credential, Password) else {}
    return RegistryRequest("GET", realm.with_query(query), headers)


def _scope_parameter(scope: str) -> str:
    return f"scope={quote(scope, safe=':/,')}"


def _token_in(answer: RegistryResponse, who: str) -> str:
    decoded = decoded_json(answer.body, _Token) or _Token()
    token = decoded.token or decoded.access_token or ""
    if not token or not token.isascii() or not token.isprintable():
        raise RegistryError("BadAnswer", f"{who} answers without a token")
    return token
