"""What is wrong with the image itself, where the registry has it: platform, media type, missing blobs.

Sources: containerd core/images, core/remotes/docker (resolver, fetcher), core/transfer/local and client/pull.go; moby
daemon/internal/distribution; containers/image internal/manifest, manifest and docker; distribution registry/api/v2.
"""

import re

from kubectl_pullpolicy.core.diagnosis.rules.rule import Rule

_KNOWN = r"application/vnd\.(?:oci\.image\.(?:manifest|index)\.v1|docker\.distribution\.manifest(?:\.list)?\.v2)\+json"

CONTENT_RULES = (
    Rule(
        "PlatformMismatch",
        "the image index has no entry for the node's platform",
        (
            "no match for platform in",
            "no matching manifest for",
            "no image found in manifest list",
            "no image found in image index",
            "no manifest found for platform",
            "no supported platform found",
            "no match for platform",
            "does not match the specified platform",
            "cannot be used on this platform",
            "operating system does not match",
            "-based image is incompatible",
            "choosing image instance",
            "exec format error",
        ),
    ),
    Rule(
        "PlatformMismatch",
        "the image is for another operating system",
        ("operating system",),
        re.compile(r"(?:image|download image with) operating system "),
    ),
    Rule(
        "UnsupportedMediaType",
        "the manifest is of a kind that the runtime cannot read (any more)",
        (
            "schema 1 ",
            "schema1",
            "manifest.v1+prettyjws",
            "is no longer supported",
            "unsupported media type",
            "unsupported mediatype",
            "unsupported manifest",
            "unrecognised mediatype",
            "unknown media type",
            "unexpected media type",
            "unimplemented manifest",
            "unsupported schema version",
            "unsupported mime type",
            "unsupported ociv1 media type",
            "unsupported docker v2s2 media type",
            "media type is not supported",
            "manifest class",
            "missing signature key",
            "encountered unknown type",
            "does not support oci indexes",
            "accept header does not support",
            "media-type: ",
            "not yet supported by the engine",
        ),
    ),
    Rule(
        "UnsupportedMediaType",
        "the manifest or a layer is of a kind that the runtime cannot read",
        ("not supported", "no signatures"),
        re.compile(
            r"\b(?:application/[a-z0-9.+-]{3,100}|media ?-?types?\"? ?\S{0,100}) (?:is )?not supported"
            r"|(?:^|: )no signatures\.?$"
        ),
    ),
    # containerd's fetcher asks for what it does not know as a manifest among the blobs, where it is not.
    Rule(
        "UnsupportedMediaType",
        "what stands under the tag is no manifest that the runtime knows",
        ("could not fetch content",),
        re.compile(
            rf"could not fetch content descriptor [^\n]{{0,200}}\((?:text/|(?!{_KNOWN})[^)\n]{{0,100}}\b"
            r"(?:manifest|index)\b)[^)\n]{0,100}\) from remote: not found"
        ),
    ),
    Rule(
        "BlobNotFound",
        "the manifest names a blob that the registry does not have",
        (
            "could not fetch content",
            "unknown blob",
            "blob unknown",
            "blob not found",
            "nosuchkey",
            "the specified key does not exist",
            "blobnotfound",
            "manifest blob unknown",
        ),
        re.compile(
            r"could not fetch content[^\n]{0,300}(?:not found|\(unknown\))|unknown blob|blob unknown|blob not found"
            r"|nosuchkey|specified key does not exist|blobnotfound"
        ),
    ),
    Rule(
        "BlobNotFound",
        "the manifest names a blob that the registry does not have",
        ("content at ", "blob", "image configuration", "image config", "failed open"),
        re.compile(
            r"content at U+ not found|failed open: [^\n]{0,300}(?:404|not found)"
            r"|(?:reading|fetching|error fetching|copying) (?:config )?blob\b[^\n]{0,300}(?:404|not found)"
            r"|error pulling image config[^\n]{0,300}(?:404|not found|unknown)"
        ),
    ),
)
