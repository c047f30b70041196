"""What is asked of a registry or its token service, and what it answers, as values."""

import base64
import json
import re
from typing import NamedTuple
from urllib.parse import parse_qs


class Request(NamedTuple):
    """What is asked of a registry or of its token service."""

    host: str
    method: str
    path: str
    query: str
    authorization: str

    @property
    def repository(self) -> str:
        """The repository, of the path or of the scope that a token is asked for."""
        named = re.match(r"/v2/(.+)/(?:manifests|blobs)/", self.path)
        if named is not None:
            return named[1]
        scope = parse_qs(self.query).get("scope", [""])[0]
        return scope.removeprefix("repository:").rpartition(":")[0]

    @property
    def fate(self) -> str:
        """What happens to that repository."""
        return self.repository.partition("/")[0]

    @property
    def credentials(self) -> tuple[str, str]:
        """Name and password, empty where none were offered."""
        kind, _, value = self.authorization.partition(" ")
        if kind != "Basic":
            return "", ""
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password


class Answer(NamedTuple):
    """What is answered; `served`: what the public registry has, where it has such a repository."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    served: bool = False
    phrase: str | None = None


def error(status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer in the words of the distribution specification."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Answer(status, body, (("Content-Type", "application/json"), *headers))
