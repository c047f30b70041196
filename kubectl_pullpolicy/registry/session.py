"""Requests to one registry with one credential, each with the Authorization header that the registry asks for.

One token covers all repositories. If the service refuses it, or the registry does not accept it, each repository gets
its own token: a repository without access does not affect the others.
"""

import threading
from collections.abc import Iterable

from kubectl_pullpolicy.core.images.resolution import Failure
from kubectl_pullpolicy.registry.endpoint import Endpoint, challenge_of
from kubectl_pullpolicy.registry.failure import RegistryError, status_error
from kubectl_pullpolicy.registry.keychain import Anonymous, Credential, Password, RegistryToken
from kubectl_pullpolicy.registry.redaction import contains_secret, without_credentials
from kubectl_pullpolicy.registry.tokens import TokenService, basic, batches, pull_scope
from kubectl_pullpolicy.registry.transport import RegistryRequest, RegistryResponse, RegistryTransport
from kubectl_pullpolicy.registry.urls import Url
from kubectl_pullpolicy.registry.www_authenticate import Challenge


class Session:
    """Safe for several threads."""

    def __init__(self, endpoint: Endpoint, credential: Credential, transport: RegistryTransport) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._transport = transport
        self._service = TokenService(transport, endpoint.base)
        self._challenges: dict[str, Challenge] = {}  # of repositories with a challenge of their own
        self._tokens: dict[str, str] = {}
        self._issued: set[str] = set()  # every token so far: an error may show an old one
        self._token_errors: dict[str, RegistryError] = {}  # why a repository has no token
        self._lock = threading.Lock()

    @property
    def registry(self) -> str:
        """Return the registry's name as in references."""
        return self._endpoint.registry

    def prepare(self, repositories: Iterable[str]) -> None:
        """Request the tokens for these repositories, as few as possible.

        After a refusal, each repository requests its own token later. A service without an answer is not asked again.
        """
        challenge = self._endpoint.challenge
        missing = sorted(set(repositories) - set(self._tokens))
        if challenge is None or challenge.scheme != "bearer" or isinstance(self._credential, RegistryToken):
            return
        for batch in batches(missing):
            try:
                token = self._service.token(challenge, map(pull_scope, batch), self._credential)
                with self._lock:
                    self._tokens.update(dict.fromkeys(batch, token))
                    self._issued.add(token)
            except RegistryError as error:
                if len(batch) == 1 or error.kind == "Unreachable":
                    self._token_errors.update(dict.fromkeys(batch, error))

    def request(self, method: str, repository: str, path: str, accept: str = "") -> RegistryResponse:
        """Return the answer to a request below /v2/REPOSITORY/. Raises RegistryError, also for a 401."""
        url = self._endpoint.base.with_target(f"/v2/{repository}/{path}")
        return self.request_url(method, repository, url, accept)

    def request_url(self, method: str, repository: str, url: Url, accept: str = "") -> RegistryResponse:
        """Return the answer of a URL, the next page of a list. Only this registry gets the credential."""
        try:
            answer = self._send(method, repository, url, accept)
            if answer.status == 401 and self._can_retry(answer, repository):
                answer = self._send(method, repository, url, accept)
            if answer.status == 401:
                raise status_error(401, self.registry, answer.body)
        except RegistryError as error:
            raise self._with_reason(error) from error
        return answer

    def failure(self, error: RegistryError) -> Failure:
        """Return the error as a value without secrets."""
        tokens = self._issued_tokens()
        return error.failure(lambda text: without_credentials(text, self._credential, tokens))

    def shows_secret(self, name: str) -> bool:
        """Return whether a name in an answer contains a secret."""
        return contains_secret(name, self._credential, self._issued_tokens())

    def _issued_tokens(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._issued)

    def _send(self, method: str, repository: str, url: Url, accept: str) -> RegistryResponse:
        headers = {"Accept": accept} if accept else {}
        authorization = self._authorization(repository) if url.origin == self._endpoint.base.origin else ""
        if authorization:
            headers["Authorization"] = authorization
        return self._transport.send(RegistryRequest(method, url, headers))

    def _authorization(self, repository: str) -> str:
        credential, challenge = self._credential, self._challenge_of(repository)
        if isinstance(credential, RegistryToken):
            return f"Bearer {credential.token}"
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            return basic(credential) if isinstance(credential, Password) else ""
        if repository in self._token_errors:
            raise self._token_errors[repository]
        return f"Bearer {self._tokens.get(repository) or self._renewed_token(challenge, repository)}"

    def _can_retry(self, answer: RegistryResponse, repository: str) -> bool:
        """Return whether the challenge of a 401 allows another attempt."""
        if isinstance(self._credential, RegistryToken):
            return False
        challenge = challenge_of(answer, self._endpoint.base)
        if challenge is None:
            return False
        before = self._challenge_of(repository)
        self._challenges[repository] = challenge
        if challenge.scheme == "basic":
            known = before is not None and before.scheme == "basic"
            return isinstance(self._credential, Password) and not known
        self._renewed_token(challenge, repository)
        return True

    def _challenge_of(self, repository: str) -> Challenge | None:
        return self._challenges.get(repository, self._endpoint.challenge)

    def _renewed_token(self, challenge: Challenge, repository: str) -> str:
        scope = challenge.parameters.get("scope", "")
        token = self._service.token(challenge, [scope or pull_scope(repository)], self._credential)
        with self._lock:
            self._tokens[repository] = token
            self._issued.add(token)
        return token

    def _with_reason(self, error: RegistryError) -> RegistryError:
        """Add the reason why no credentials were sent."""
        if not isinstance(self._credential, Anonymous) or not self._credential.unavailable:
            return error
        return error.with_note(f" (asked without credentials: {self._credential.unavailable})")
