"""The API server over plain HTTP: what the cluster's own code needs of it."""

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any

from tests.harness.cluster.layout import LOOPBACK, RunFolder

ADMIN_TOKEN = "admin-token"


class RequestFailed(Exception):  # noqa: N818 - the name says it
    """The API server answered, but not with success."""

    def __init__(self, request: str, status: int, answer: bytes) -> None:
        super().__init__(f"{request}: {status} {answer[:300]!r}")
        self.status = status


class Api:
    """One connection that is kept; not to be shared by threads."""

    def __init__(self, run: RunFolder, port: int, timeout: float = 30) -> None:
        context = ssl.create_default_context(cafile=str(run.path / "certs" / "ca.crt"))
        self._connection = http.client.HTTPSConnection(LOOPBACK, port, context=context, timeout=timeout)

    def request(
        self, method: str, path: str, body: object = None, content_type: str = "application/json"
    ) -> Mapping[str, Any]:
        """Send JSON, answer JSON; raises RequestFailed for anything but success."""
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": content_type}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.status >= 300:
            raise RequestFailed(f"{method} {path}", response.status, data)
        answer: Mapping[str, Any] = json.loads(data) if data[:1] == b"{" else {}
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def answers(run: RunFolder, port: int, path: str) -> Mapping[str, Any] | None:
    """What a GET answers now; None while nobody listens or the answer is an error."""
    try:
        api = Api(run, port, timeout=5)
    except FileNotFoundError:
        return None
    try:
        return api.request("GET", path)
    except (OSError, http.client.HTTPException, RequestFailed):
        return None
    finally:
        api.close()
