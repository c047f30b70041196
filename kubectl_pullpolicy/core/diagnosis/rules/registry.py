"""What registries and their token services answer, in the words of the runtimes that pass it on.

Sources: the OCI distribution spec's error codes as distribution's errcode prints them (`unauthorized: authentication
required`, `name unknown: ...`); containerd core/remotes/docker (resolver, fetcher, authorizer); moby
daemon/internal/distribution/errors.go; containers/image docker/errors.go, signature and pkg/sysregistriesv2; Harbor
src/server/middleware; quay endpoints/v2/errors.py. Who may pull is in `core.diagnosis.rules.authorization`.
"""

import re

from kubectl_pullpolicy.core.diagnosis.rules.rule import ANY_5XX, Rule

_404 = frozenset({404})

LIMIT_RULES = (
    Rule(
        "RateLimited",
        "the registry counts requests, and there were too many",
        (
            "toomanyrequests",
            "too many requests",
            "pull rate limit",
            "rate exceeded",
            "rate limit",
            "ratelimit",
            "quota exceeded for quota",
            "throttled",
            "throttling",
            "throttlingexception",
            "throttle exception",
            "retry-after: ",
        ),
    ),
    Rule("RateLimited", "the registry counts requests, and there were too many", statuses=frozenset({429})),
)

POLICY_RULES = (
    Rule(
        "BlockedByPolicy",
        "a rule of the registry, not the rights of who asks, forbids this image",
        (
            "due to configured policy",
            "cannot be pulled due to",
            "blocking policy",
            "quarantine",
            "quarantined",
            "is not allowed access",
            "not signed by cosign",
            "not signed by notation",
            "not signed in notary",
            "projectpolicyviolation",
            "project policy violation",
            "unavailable for legal reasons",
            "export control",
            "blocked by policy",
            "image access management",
            "registry access management",
            "is not allowed by",
            "error parsing http 412",
        ),
    ),
    Rule(
        "BlockedByPolicy",
        "the node's own configuration blocks this registry",
        ("is blocked in", "is blocked by"),
        re.compile(r"registry \S{1,255} is blocked (?:in|by)"),
    ),
    Rule("BlockedByPolicy", "a rule of the registry forbids this image", statuses=frozenset({412, 451})),
    Rule(
        "SignatureValidation",
        "the image does not have the signature that the node's policy wants",
        (
            "source image rejected",
            "signaturevalidationfailed",
            "signature validation failed",
            "a signature was required",
            "signatures were accepted",
            "is not accepted",
            "is rejected by policy",
            "image verifier",
            "blocking pull of",
            "trust data",
            "no matching signatures",
            "no valid signature",
            "signature verification failed",
        ),
    ),
)


FAULT_RULES = (
    Rule(
        "RegistryError",
        "the registry confuses its own tokens",
        ("does not match bearer token",),
    ),
    Rule("RegistryError", "the registry answers with an error of its own", statuses=ANY_5XX),
    Rule(
        "RegistryError",
        "the answer is not what a registry says: a web page, an empty body, a broken token",
        (
            "unable to decode token response",
            "decoding bearer token",
            "did not include a token",
            "missing or empty content-",
            "unexpected end of json input",
            "no realm specified",
            "missing realm in bearer",
            "stopped after 10 redirects",
            "missing content-length",
            "in header not a valid digest",
            "internal server error",
            "bad gateway",
            "service unavailable",
            "gateway timeout",
            "internal error, please",
            "the operation is unsupported",
        ),
    ),
)


MISSING_RULES = (
    Rule(
        "ImageNotFound",
        "the registry does not know the tag or digest",
        (
            "manifest unknown",
            "manifest_unknown",
            "tag has expired",
            "was deleted or has expired",
            "no such manifest",
            "manifest does not exist",
            "requested image not found",
            "imagenotfoundexception",
            "unknown manifest",
            "tag does not exist",
        ),
    ),
    Rule(
        "ImageNotFound",
        "the registry does not know the repository",
        (
            "name unknown",
            "name_unknown",
            "not known to registry",
            "repositorynotfoundexception",
            "repository not found",
            "no such repository",
            "repository does not exist",
            "does not exist in the registry",
            "project not found",
        ),
    ),
    Rule(
        "ImageNotFound",
        "the registry does not know the tag or the repository",
        ("not found", "does not exist", "no such image"),
        re.compile(
            r"\b(?:manifest|artifact|tag|image|repository|repo|project|package)s? (?:for )?[^\n:]{0,300}"
            r"(?::[^\n: ]{1,200})?:? (?:was |is |could )?(?:not found|not be found|does not exist)|no such image"
            r"|(?:^|[: ])[^\s\":]{1,300}/[^\s\"]{1,300}:? not found|R+\"?: (?:[^\s\"]{1,400}: )?not found"
        ),
    ),
    Rule("ImageNotFound", "the registry knows nothing of that name (404)", statuses=_404),
)

LAST_RULES = (
    Rule(
        "RegistryError",
        "the answer is not what a registry says: a web page or a broken body",
        ("looking for beginning of value", "error parsing http", "invalid character"),
    ),
    Rule(
        "RegistryError",
        "the registry answers with a status that makes no sense here",
        statuses=frozenset({400, 402, 405, 406, 409, 410, 413, 415, 416, 422, 423, 425, 426, 431, 301, 302, 307, 308}),
        certainty="inferred",
    ),
    Rule(
        "RegistryError",
        "the registry says that it is not available",
        ("unavailable: ", "unknown: unknown error", "internal error"),
    ),
)
