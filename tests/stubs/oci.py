"""Images for stub registries: a few hundred bytes each, in the shapes that real builders write."""

import dataclasses
import json

from tests.cluster.images import INDEX, Image, digest_of, image, index, layer

ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


def small_image(name: str, architecture: str = "amd64") -> Image:
    """A single image."""
    return image(name, [layer({"name": name.encode()})], architecture=architecture)


def small_index(name: str, *architectures: str) -> Image:
    """An index of images for these architectures."""
    return index({each: small_image(f"{name}-{each}", each) for each in architectures})


def attested(plain: Image) -> Image:
    """The index as BuildKit writes it: beside each image an attestation, of platform unknown/unknown."""
    document = json.loads(plain.document)
    for each in list(document["manifests"]):
        annotations = {**ATTESTATION, "vnd.docker.reference.digest": each["digest"]}
        platform = {"os": "unknown", "architecture": "unknown"}
        document["manifests"].append(
            {**each, "digest": digest_of(each["digest"].encode()), "platform": platform, "annotations": annotations}
        )
    return dataclasses.replace(plain, document=json.dumps(document).encode(), media_type=INDEX)
