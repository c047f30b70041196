"""Images made from busybox, byte for byte the same in every run, so that their digests are known.

No tool is needed to make one: an image is a few JSON documents and a compressed archive.
"""

import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUSYBOX = Path("/bin/busybox")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

_APPLETS = ("sh", "sleep", "cat", "ls", "echo", "true", "false", "env", "date", "id", "mkdir", "touch", "wget", "httpd")
# The first process of a container ignores SIGTERM unless it says otherwise: ending would take the whole grace period.
SLEEP_UNTIL_TERM = ("/bin/sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait")


def digest_of(data: bytes) -> str:
    """The digest of a blob."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Image:
    """An image or an index of images: what a tag points to, and the blobs below it."""

    document: bytes
    media_type: str
    blobs: tuple[bytes, ...] = ()
    manifests: tuple["Image", ...] = ()

    @property
    def digest(self) -> str:
        """The digest that `name@sha256:...` would name."""
        return digest_of(self.document)


def layer(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A compressed layer with these files, all of them executable, and symbolic links."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return gzip.compress(archive.getvalue(), compresslevel=1, mtime=0)


def busybox_layer() -> bytes:
    """A file system that has a shell."""
    return layer({"bin/busybox": BUSYBOX.read_bytes()}, {f"bin/{name}": "busybox" for name in _APPLETS})


def foreign_layer() -> bytes:
    """A file system whose shell is for another processor: the kernel reads the header and refuses."""
    machine_arm64, machine_amd64 = 183, 62
    foreign = machine_amd64 if _architecture() == "arm64" else machine_arm64
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + foreign.to_bytes(2, "little") + b"\x01" + bytes(43)
    return layer({"bin/sh": header})


def image(
    name: str, layers: Sequence[bytes], command: Sequence[str] = SLEEP_UNTIL_TERM, architecture: str = ""
) -> Image:
    """An image; its name is a label in it, so that images with the same layers have different digests."""
    config: dict[str, Any] = {
        "architecture": architecture or _architecture(),
        "os": "linux",
        "config": {"Cmd": list(command), "Env": ["PATH=/bin"], "Labels": {"org.opencontainers.image.ref.name": name}},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(gzip.decompress(data)) for data in layers]},
    }
    config_blob = _document(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(config_blob, _CONFIG),
        "layers": [_descriptor(data, _LAYER) for data in layers],
    }
    return Image(_document(manifest), MANIFEST, (config_blob, *layers))


def index(images: Mapping[str, Image]) -> Image:
    """An index with one image an architecture."""
    manifests = [
        {**_descriptor(each.document, MANIFEST), "platform": {"os": "linux", "architecture": architecture}}
        for architecture, each in images.items()
    ]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    return Image(_document(document), INDEX, manifests=tuple(images.values()))


def public_images() -> dict[str, Image]:
    """What the public registry holds, by repository and tag."""
    base = [busybox_layer()]
    plain = (
        "shop/web:1.4", "shop/web:1.5", "shop/web:latest", "acme/legacy:latest", "acme/legacy:2.0",
        "acme/worker:latest", "library/busybox:1.36", "library/busybox:latest", "library/nginx:1.27",
        "envoyproxy/envoy:v1.31.2", "limited/app:1.0",
    )  # fmt: skip
    data = [layer({"index.html": b"<h1>shop</h1>\n", "css/shop.css": b"h1 { color: teal }\n"})]
    foreign = [foreign_layer()]
    for_amd64, for_arm64 = (
        image("multi/app:1.0", base if name == _architecture() else foreign, architecture=name)
        for name in ("amd64", "arm64")
    )
    other = "amd64" if _architecture() == "arm64" else "arm64"
    return {
        **{name: image(name, base) for name in plain},
        "pause:3.10": image("pause:3.10", base, ("/bin/sleep", "infinity")),
        "crash/app:1.0": image("crash/app:1.0", base, ("/bin/false",)),
        "shop/assets:1.0": image("shop/assets:1.0", data),
        "multi/app:1.0": index({"amd64": for_amd64, "arm64": for_arm64}),
        "arm/app:1.0": index({other: image("arm/app:1.0", foreign, architecture=other)}),
        # Says that it is for this machine, and is not.
        "wrongarch/app:1.0": image("wrongarch/app:1.0", foreign),
    }


def single(name: str) -> dict[str, Image]:
    """A plain image under its name, for the registries that hold just one."""
    return {name: image(name, [busybox_layer()])}


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def _document(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


def _descriptor(data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
