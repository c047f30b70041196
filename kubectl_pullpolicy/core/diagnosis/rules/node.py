"""What the kubelet, the runtime and the node's disk say before or after they speak with a registry.

Sources: pkg/kubelet/images (1.28 to 1.37); containerd core/unpack, core/content, core/snapshots, pkg/archive, client
(2.x), plugins/content/local; moby daemon/internal/distribution and layer; containers/image and containers/storage.
"""

import re

from kubectl_pullpolicy.core.diagnosis.rules.rule import Rule

KUBELET_RULES = (
    Rule("PullQPSExceeded", "the kubelet did not even ask: its own limit is reached", ("pull qps exceeded",)),
    Rule(
        "ImageNeverPull",
        "the policy forbids a pull, and the node has no image that this Pod may use",
        ("is not present with pull policy of never",),
    ),
    Rule(
        "PullSecretMissing",
        "the kubelet cannot read a Secret that imagePullSecrets names",
        ("unable to retrieve some image pull secrets",),
    ),
    Rule(
        "ShortName",
        "the runtime has no rule that completes a name without a registry",
        (
            "short name mode",
            "short-name resolution",
            "returns ambiguous list",
            "unqualified-search registries",
            "did not resolve to an alias",
        ),
    ),
    Rule(
        "InvalidImageName",
        "the string cannot be read as a reference",
        (
            "invalid reference format",
            "couldn't parse image",
            "failed to parse image reference",
            "failed to parse reference",
            "failed to apply default image tag",
            "repository name must be",
            "invalid repository name",
            "invalid tag format",
            "invalid digest format",
            "invalid checksum digest",
            "unsupported digest algorithm",
            "cannot specify 64-byte hexadecimal strings",
            "not a valid repository/tag",
        ),
    ),
    Rule(
        "CredentialProvider",
        "the plugin that would have given credentials failed",
        (
            "credential provider plugin",
            "credentialprovider",
            "credentialproviderrequest",
            "credentialproviderresponse",
            "credentialproviders",
            "registry credential provider",
            "credential-provider",
            "credential helper",
        ),
    ),
    Rule(
        "PullSecretMissing",
        "what a pull secret holds cannot be read as credentials",
        ("illegal base64 data", "must be formatted as base64(username:password)", "unable to parse auth field"),
        certainty="inferred",
    ),
    Rule(
        "RuntimeUnavailable",
        "the socket of the node's runtime does not answer",
        (
            "cannot connect to the docker daemon",
            "is the docker daemon running",
            "container runtime is down",
            "containerd is not running",
            "transport is closing",
            "server is not initialized yet",
            "unknown service runtime",
        ),
    ),
    Rule(
        "RuntimeUnavailable",
        "the socket of the node's runtime does not answer",
        (".sock",),
        re.compile(
            r"(?:dial|read|write) unix [^:]{0,200}\.sock|\.sock: (?:connect|read|write)|dialing[^:]{0,80}\.sock"
        ),
    ),
    Rule(
        "RuntimeUnavailable",
        "the runtime answers the kubelet that it is not available",
        ("code = unavailable desc = ",),
        re.compile(r"code = unavailable desc = (?:connection|transport|error reading|server|the connection)"),
    ),
)

_DAMAGED = (
    "unexpected commit digest",
    "unexpected commit size",
    "failed size validation",
    "layer verification failed",
    "config verification failed",
    "manifest verification failed",
    "digest did not match",
    "digest mismatch",
    "size mismatch",
    "does not match provided manifest digest",
    "does not match expected",
    "does not match selected manifest digest",
    "does not match config's diffid",
    "wrong diff id",
    "mismatched image rootfs",
    "layers from manifest don't match",
    "layers and diffids don't match",
    "provided digest did not match",
    "could not verify layer data",
    "corrupt input",
    "invalid checksum",
    "gzip: invalid",
    "zstd: invalid",
    "magic number mismatch",
    "invalid rootfs in image configuration",
)

STORE_RULES = (
    Rule(
        "DiskFull",
        "the node cannot write",
        (
            "no space left on device",
            "disk quota exceeded",
            "input/output error",
            "not enough space on the disk",
            "read-only file system",
            "structure needs cleaning",
            "out of disk space",
            "too many open files in system",
        ),
    ),
    Rule("CorruptLayer", "what arrived is not what the manifest promised", _DAMAGED),
    Rule(
        "CorruptLayer",
        "the archive of a layer ends too early",
        ("unexpected eof",),
        re.compile(
            r"(?:extract layer|register layer|apply layer|applying layer|processing tar file|unpack image)"
            r"[^\n]{0,2000}unexpected eof"
        ),
    ),
    Rule(
        "CorruptLayer",
        "the runtime's own store on the node lacks what it should hold",
        (
            "failed to stat parent",
            "parent does not exist",
            "missing parent",
            "failed to get reader from content store",
            "layer does not exist",
            "layer not known",
            "failed to get diff id for",
            "error getting parent layer",
            "invalid database",
            "unable to find data in driver",
            "consider removing the image to resolve",
        ),
    ),
    Rule(
        "CorruptLayer",
        "the runtime's own store on the node lacks what it should hold",
        ("snapshot", "content digest", "content sha256"),
        re.compile(
            r"snapshot \S{1,200} does not exist|snapshot does not exist|snapshot \S{1,200}: not found"
            r"|snapshot \S{1,200}: already exists|content (?:digest )?sha256:[0-9a-f]{8,64}: (?:blob )?not found"
        ),
    ),
    Rule(
        "CorruptLayer",
        "the runtime's own store on the node lacks what it should hold",
        ("no such file or directory", "invalid argument"),
        re.compile(r"(?:snapshots/\d+/fs|(?:overlay2|aufs/layers|content/blobs)/[^:]{1,200}): (?:no such|invalid arg)"),
    ),
)

UNPACK_RULES = (
    Rule(
        "UnpackFailed",
        "the layers arrived, and unpacking them failed",
        (
            "failed to extract layer",
            "failed to register layer",
            "mount callback failed",
            "failed to unpack image",
            "failed to apply layer",
            "error applying layer",
            "applylayer",
            "processing tar file",
            "adding layer with blob",
            "failed to prepare extraction snapshot",
            "error creating overlay mount",
            "might not be enough ids available",
            "potentially insufficient uids or gids",
            "max depth exceeded",
            "invalid tar header",
            "hcsshim::",
            "hcs::",
            "re-exec error",
            "failed to convert whiteout",
            "failed to lchown",
            "could not get decompression stream",
            "no processor for media-type",
            "missing private key needed for decryption",
            "failed to mount",
        ),
    ),
    Rule(
        "UnpackFailed",
        "the node's storage driver cannot be used",
        ("snapshotter", "graphdriver", "storage driver"),
        re.compile(r"(?:snapshotter|graphdriver|storage driver)\b[^\n]{0,200}(?:not|unable|failed|error)"),
        certainty="inferred",
    ),
)

INSPECT_RULES = (
    Rule(
        "ImageInspectFailed",
        "the kubelet asked the runtime about the image on the node and got an error",
        ("failed to inspect image", "unable to inspect image", "imageinspecterror", "unknown inspecterror"),
    ),
)
