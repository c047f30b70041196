"""Images for tests of registries: a few hundred bytes each, in the shapes that real builders write."""

import dataclasses
import json
from typing import Any

from tests.harness.cluster.images import INDEX, MANIFEST, Image, digest_of, image, index, layer

IN_TOTO = "application/vnd.in-toto+json"


def small_image(name: str, architecture: str = "amd64") -> Image:
    """A single image."""
    return image(name, [layer({"name": name.encode()})], architecture=architecture)


def small_index(name: str, *architectures: str) -> Image:
    """An index of images for these architectures."""
    return index({each: small_image(f"{name}-{each}", each) for each in architectures})


def attested(plain: Image) -> Image:
    """The index as BuildKit writes it: beside each image an attestation, of platform unknown/unknown."""
    document = json.loads(plain.document)
    attestations = [_attestation(each) for each in plain.manifests]
    for about, each in zip(plain.manifests, attestations, strict=True):
        annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about.digest}
        platform = {"os": "unknown", "architecture": "unknown"}
        document["manifests"].append(
            {**_descriptor(each.document, MANIFEST), "platform": platform} | {"annotations": annotations}
        )
    manifests = (*plain.manifests, *attestations)
    return dataclasses.replace(plain, document=json.dumps(document).encode(), media_type=INDEX, manifests=manifests)


def _attestation(about: Image) -> Image:
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"name": about.digest}]}).encode()
    config = json.dumps({"architecture": "unknown", "os": "unknown", "config": {}}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(config, "application/vnd.oci.image.config.v1+json"),
        "layers": [_descriptor(statement, IN_TOTO)],
    }
    return Image(json.dumps(manifest).encode(), MANIFEST, (config, statement))


def _descriptor(data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
