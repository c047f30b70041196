"""A pull that fails, as values: the cause, the credentials, the back-off, and the fixes."""

from typing import TYPE_CHECKING, Literal

from kubectl_pullpolicy.core.report.evidence import Value

# The ids in the table of causes (core.diagnosis.causes). mypy checks every table and set of causes against them; at
# run time they are text, so that the JSON Schemas allow causes of later versions.
if TYPE_CHECKING:
    # fmt: off
    CauseId = Literal[
        "NotFoundOrDenied", "ImageNotFound", "AuthenticationRequired", "CredentialsRejected", "CredentialsExpired",
        "Forbidden", "RateLimited", "NameResolution", "ConnectionRefused", "Timeout", "NetworkUnreachable",
        "CertificateUnknownAuthority", "CertificateNameMismatch", "CertificateExpired", "TLSFailure",
        "HTTPSExpected", "Proxy", "PlatformMismatch", "UnsupportedMediaType", "InvalidImageName", "ImageNeverPull",
        "DiskFull", "CorruptLayer", "UnpackFailed", "BlobNotFound", "RegistryError", "PullQPSExceeded",
        "SignatureValidation", "CredentialProvider", "PullSecretMissing", "Mirror", "RuntimeUnavailable",
        "ShortName", "BlockedByPolicy", "ImageInspectFailed", "Cancelled", "BackOffOnly", "Unknown",
    ]
    # fmt: on
else:
    CauseId = str

CredentialVerdict = Literal[
    "Offered",  # an entry matches: the kubelet offers it
    "NoMatch",
    "Ignored",  # of a ServiceAccount, whose list does not count for this Pod
    "Absent",
    "Forbidden",  # the Secret may not be read
    "Unknown",
    "NoName",  # `[{"name": ""}]`
    "NoneListed",
    "WrongType",  # passed over, as is NoData
    "NoData",
    "Malformed",  # spoils the keyring: nothing is pulled
    "Unused",  # another Secret spoils the keyring
    "NotTried",  # anonymously, while an entry matches
]


class Remedy(Value, frozen=True):
    """A fix of a failure; `command` is "" if no single command does it."""

    text: str
    command: str = ""


class Diagnosis(Value, frozen=True):
    """Why a pull fails, by one text.

    `cause` is the id of a cause; `transient`: retries can succeed without a change, None if that is not known; `who` is
    who can fix it. `certainty`: `unknown` if the text shows no cause. `mechanism` is what happened, `evidence` the part
    of the text that shows it, `spoke` the source of the text: "waiting message", "event of TIME", "the text".
    `registry`, `repository`, `tag` and `digest` are of the image that the text is about, each "" if it is not known;
    `registry_kind` is its usual name (Docker Hub, ECR). `host` is the host that failed, if the text names one: the
    registry, a mirror, a token service, the name that a resolver looked up. `missing_secrets` are pull secrets that the
    kubelet could not read, if the failure is one of credentials.
    """

    cause: CauseId
    meaning: str
    transient: bool | None
    who: str
    certainty: Literal["certain", "inferred", "unknown"] = "unknown"
    mechanism: str = ""
    evidence: str = ""
    spoke: str = ""
    registry: str = ""
    repository: str = ""
    tag: str = ""
    digest: str = ""
    registry_kind: str = ""
    host: str = ""
    missing_secrets: tuple[str, ...] = ()


class CredentialMatch(Value, frozen=True):
    """An entry of a pull secret that matches an image.

    `attempt` is its place in the kubelet's order, from 1; null if it is not offered. `empty`: it holds no user name.
    `expires` is the time in its token, and `expired` whether that is over, null if there is none.
    """

    key: str
    attempt: int | None
    empty: bool = False
    expires: str | None = None
    expired: bool | None = None


class Credential(Value, frozen=True):
    """One source of credentials for an image, as far as the API shows it.

    `source` is a Secret's name, `kind` the object that lists it (`holder` names a ServiceAccount); or `kind` is where
    else the kubelet may find credentials (Node), or what it does without (Anonymous). `registry_keys` are hosts and
    paths.
    """

    source: str
    kind: Literal["Pod", "Template", "ServiceAccount", "Node", "Anonymous"]
    holder: str
    registry_keys: tuple[str, ...]
    matches: tuple[CredentialMatch, ...]
    verdict: CredentialVerdict
    detail: str


class TimeWindow(Value, frozen=True):
    """A span of time that holds an event (RFC 3339); null if there is no bound on that side."""

    earliest: str | None
    latest: str | None


class LastFailure(Value, frozen=True):
    """When the last failure that the status shows happened, and the evidence for it."""

    earliest: str | None
    latest: str | None
    evidence: str


class BackOff(Value, frozen=True):
    """The kubelet's back-off for one image of a Pod, as an estimate: the API shows neither delay nor next attempt.

    `next_attempt` is the begin of the attempt after `last_failure`. If it may be over already, its failure not shown
    yet, `following` is the begin of the one after it. `under_way`: it must have begun, or the kubelet reports nothing.
    `at_once` is how to make the kubelet retry now.
    """

    attempts_at_least: int
    delay_seconds_at_least: int
    last_failure: LastFailure | None
    next_attempt: TimeWindow
    following: TimeWindow | None = None
    under_way: bool = False
    at_once: Remedy | None = None


class NodePulls(Value, frozen=True):
    """Other Pods on the node of a container that pulls: how many pull, and how many may pull; null if unknown.

    `one_at_a_time`: whether the kubelet's configuration serializes pulls; null if it was not read.
    """

    pulling: int | None
    creating: int | None
    one_at_a_time: bool | None
