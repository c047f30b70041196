"""The endpoint of a registry: https, or plain http if that is allowed. Determined once per registry.

Source: distribution-spec v1.1, "Determining Support" (GET /v2/); go-containerregistry v0.20
pkg/v1/remote/transport/ping.go for loopback: http is tried after a failed TLS handshake.
"""

import ssl
from typing import NamedTuple

from kubectl_pullpolicy.core.images.reference import DEFAULT_REGISTRY
from kubectl_pullpolicy.registry.allowed_hosts import is_loopback
from kubectl_pullpolicy.registry.failure import RegistryError
from kubectl_pullpolicy.registry.settings import Settings
from kubectl_pullpolicy.registry.transport import RegistryRequest, RegistryResponse, RegistryTransport
from kubectl_pullpolicy.registry.urls import Url, parse_url
from kubectl_pullpolicy.registry.www_authenticate import Challenge, parse_challenges, preferred_challenge

# docker.io is a name only; this host serves it (moby daemon/pkg/registry/config.go:DefaultV2Registry).
DOCKER_HUB = "registry-1.docker.io"


class Endpoint(NamedTuple):
    """`base`: /v2/ of the registry. `challenge`: the challenge in the answer to the first request, if any."""

    registry: str
    base: Url
    challenge: Challenge | None


def open_endpoint(registry: str, transport: RegistryTransport, settings: Settings) -> Endpoint:
    """Send GET /v2/ and return the endpoint with its challenge. Raises RegistryError if it cannot be reached."""
    host = DOCKER_HUB if registry == DEFAULT_REGISTRY else registry
    https, http = (parse_url(f"{scheme}://{host}/v2/") for scheme in ("https", "http"))
    if https is None or http is None:
        raise RegistryError("Unreachable", f"{registry} cannot be asked")
    if registry in settings.plain_http or host in settings.plain_http:
        return _ping(registry, http, transport)
    if not is_loopback(https.host):
        return _ping(registry, https, transport)
    try:
        return _ping(registry, https, transport, settings.limits.handshake_on_loopback)
    except RegistryError as error:
        if not _may_speak_http(error):
            raise
        try:
            return _ping(registry, http, transport)
        except RegistryError as http_error:
            # An answer over http is the registry's own. Without one, TLS is the more likely reason.
            raise (error if http_error.kind == "Unreachable" else http_error) from None


def _ping(registry: str, base: Url, transport: RegistryTransport, connect: float = 0.0) -> Endpoint:
    answer = transport.send(RegistryRequest("GET", base, connect=connect))
    return Endpoint(registry, base, challenge_of(answer, base))


def challenge_of(answer: RegistryResponse, base: Url) -> Challenge | None:
    """Return the challenge of a 401. A host that the registry redirected to must not name a token service."""
    if answer.status != 401 or answer.url.origin != base.origin:
        return None
    return preferred_challenge(parse_challenges(answer.headers.getlist("WWW-Authenticate")))


def _may_speak_http(error: RegistryError) -> bool:
    """Return whether a server without TLS may be the reason: not for a bad certificate or a closed port."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError | ConnectionRefusedError):
            return False
        cause = next((each for each in cause.args if isinstance(each, BaseException)), None) or cause.__cause__
    return True
