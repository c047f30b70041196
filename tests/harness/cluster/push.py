"""Puts images into a registry: the few requests of the OCI distribution protocol that write."""

import base64
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.harness.cluster.images import Image, digest_of
from tests.harness.cluster.layout import LOOPBACK


class PushFailed(Exception):  # noqa: N818 - the name says it
    """The registry did not take it."""


@dataclass(frozen=True)
class Registry:
    """A registry on loopback: how to reach it and who may write."""

    port: int
    certificate: Path | None = None
    user: str = ""
    password: str = ""

    def push(self, repository: str, tag: str, image: Image) -> str:
        """Push an image with everything below it; answers its digest."""
        connection = self._connect()
        try:
            self._push(connection, repository, tag, image)
        finally:
            connection.close()
        return image.digest

    def push_all(self, images: Mapping[str, Image]) -> None:
        """Push images by `repository:tag`."""
        for name, image in images.items():
            repository, _, tag = name.rpartition(":")
            self.push(repository, tag, image)

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest, where the registry lets one."""
        connection = self._connect()
        try:
            self._request(connection, "DELETE", f"/v2/{repository}/manifests/{digest}", expected=202)
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether it answers."""
        connection = self._connect()
        try:
            return self._request(connection, "GET", "/v2/").status < 500
        except OSError:
            return False
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self.certificate:
            context = ssl.create_default_context(cafile=str(self.certificate))
            return http.client.HTTPSConnection(LOOPBACK, self.port, context=context, timeout=30)
        return http.client.HTTPConnection(LOOPBACK, self.port, timeout=30)

    def _push(self, connection: http.client.HTTPConnection, repository: str, reference: str, image: Image) -> None:
        for manifest in image.manifests:
            self._push(connection, repository, manifest.digest, manifest)
        for blob in image.blobs:
            self._push_blob(connection, repository, blob)
        path = f"/v2/{repository}/manifests/{reference}"
        self._request(connection, "PUT", path, image.document, image.media_type, expected=201)

    def _push_blob(self, connection: http.client.HTTPConnection, repository: str, blob: bytes) -> None:
        blobs, digest = f"/v2/{repository}/blobs", digest_of(blob)
        if self._request(connection, "HEAD", f"{blobs}/{digest}").status == 200:
            return
        begun = self._request(connection, "POST", f"{blobs}/uploads/", expected=202)
        upload = urlsplit(begun.headers["Location"])
        path = f"{upload.path}?{upload.query}&digest={digest}"
        self._request(connection, "PUT", path, blob, "application/octet-stream", expected=201)

    def _request(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "",
        *,
        expected: int = 0,
    ) -> http.client.HTTPResponse:
        headers = {"Content-Type": content_type} if content_type else {}
        if self.user:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        if expected and response.status != expected:
            raise PushFailed(f"{method} {path}: {response.status} {data[:300]!r}")
        return response
