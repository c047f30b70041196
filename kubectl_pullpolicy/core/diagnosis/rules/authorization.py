"""Who may pull: what registries and token services answer to credentials, or to none.

Sources: containerd core/remotes/docker (authorizer, resolver), moby daemon/internal/distribution/errors.go,
containers/image docker/errors.go, Harbor src/server/middleware/v2auth, quay endpoints/v2/errors.py and auth, and what
ECR, ACR, GHCR and Artifact Registry document. A sentence's tail tells more than the sentence (`pull access denied ...:
denied: Your authorization token has expired`): rules that look for tails come first.
"""

import re

from kubectl_pullpolicy.core.diagnosis.rules.rule import Rule

_401, _403 = frozenset({401}), frozenset({403})

CREDENTIAL_RULES = (
    Rule(
        "CredentialsExpired",
        "the token was valid once and is no more",
        (
            "token has expired",
            "token is expired",
            "token expired",
            "expired token",
            "expiredtoken",
            "credentials have expired",
            "credentials has expired",
            "credential has expired",
            "client secret keys for app",
            "password has expired",
            "password expired",
            "login has expired",
            "session has expired",
            "key has expired",
            "secret has expired",
        ),
    ),
    Rule(
        "AuthenticationRequired",
        "the runtime had nothing to send",
        (
            "no basic auth credentials",
            "because missing username or secret",
            "no username or password",
            "no credentials",
        ),
    ),
    Rule(
        "AuthenticationRequired",
        "the token service gives anonymous users nothing",
        ("failed to fetch anonymous token",),
        statuses=_401 | _403 | frozenset({400}),
    ),
    Rule(
        "Forbidden",
        "the token service knows the user and gives no token for this",
        ("failed to fetch oauth token",),
        statuses=_403,
    ),
    Rule(
        "CredentialsRejected",
        "the token service refuses user and password",
        ("failed to fetch oauth token",),
        statuses=_401 | frozenset({400}),
    ),
    Rule(
        "AuthenticationRequired",
        "the registry says that nobody is logged in",
        ("unauthenticated request", "unauthenticated requests"),
    ),
    Rule("Forbidden", "who asks lacks the right, or is not known", ("the needed permissions",), certainty="inferred"),
    Rule(
        "CredentialsRejected",
        "the registry refuses user and password",
        (
            "invalid username/password",
            "username or password",
            "bad username",
            "invalid username",
            "invalid password",
            "bad credentials",
            "invalid credentials",
            "wrong credentials",
            "credentials are invalid",
            "credentials are not valid",
            "authentication failed",
            "authentication failure",
            "access token is invalid",
            "invalid access token",
            "token is invalid",
            "invalid client secret",
            "invalid clientid",
            "invalid_client",
            "password or token is incorrect",
            "http basic: access denied",
            "could not find robot",
            "user cannot be authenticated",
            "robot account",
            "unable to authenticate",
            "login failed",
            "account is locked",
        ),
    ),
    Rule(
        "AuthenticationRequired",
        "the registry says that nobody is logged in",
        ("anonymous", "please login", "please log in", "not logged in", "login required"),
        re.compile(r"please log ?in|not logged in|login required|anonymous (?:user|access|pull|caller)"),
    ),
    Rule(
        "Forbidden",
        "who asks is known and lacks the right",
        (
            "not authorized to perform",
            "permission_denied",
            "insufficient permission",
            "does not have permission",
            "do not have permission",
            "doesn't have permission",
            "permission denied on resource",
            "lacks permission",
            "insufficient privileges",
            "denied: denied",
            "access forbidden",
            "downloadartifacts",
            "accessdenied",
            "requires higher privileges",
            "forbidden by",
        ),
    ),
)

# containerd sends what it has before it gives up: without credentials it says so in other words (seen with 2.4.2).
BARE_401 = Rule(
    "CredentialsRejected",
    "the registry answers 401 to a request that carried credentials",
    ("request to",),
    re.compile(r"unexpected status from (?:head|get) request to U+: 401"),
    statuses=_401,
    certainty="inferred",
)

ACCESS_RULES = (
    Rule(
        "NotFoundOrDenied",
        "the registry answers a missing repository and a private one alike",
        (
            "pull access denied",
            "does not exist or no pull access",
            "requested access to the resource is denied",
            "access to the requested resource is not authorized",
            "insufficient_scope",
            "does not exist or may require",
            "or it may not exist",
            "not found or access denied",
            "does not exist or you do not have",
        ),
    ),
    Rule("Forbidden", "the registry refuses who asks", ("denied: ", "forbidden", "access denied", "access is denied")),
    Rule("Forbidden", "the registry refuses who asks (403)", statuses=_403),
    BARE_401,
    Rule(
        "AuthenticationRequired",
        "the registry wants to know who asks",
        (
            "unauthorized",
            "authentication required",
            "authorization failed",
            "authentication is required",
            "failed to authorize: no",
        ),
    ),
    Rule("AuthenticationRequired", "the registry wants to know who asks (401)", statuses=_401),
)
