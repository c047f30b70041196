"""diagnose(): why a pull fails, by one text of the kubelet or of a runtime.

`core.diagnosis.message` removes the wrappings of the text. The first rule that matches decides on each attempt in it
(`core.diagnosis.rules`). `core.diagnosis.image_in_message` finds the image. Without a matching rule the cause is
Unknown.
"""

import re

from kubectl_pullpolicy.core.diagnosis.causes import CAUSES, MIRROR_CAUSES
from kubectl_pullpolicy.core.diagnosis.image_in_message import MessageImage, message_image
from kubectl_pullpolicy.core.diagnosis.message import MaskedText, mask_text, unwrap_message
from kubectl_pullpolicy.core.diagnosis.rules import RULES, rank
from kubectl_pullpolicy.core.diagnosis.rules.authorization import BARE_401
from kubectl_pullpolicy.core.diagnosis.rules.rule import Match, Rule
from kubectl_pullpolicy.core.images.known_registries import kind_of
from kubectl_pullpolicy.core.report.pull_failure import CauseId, Diagnosis

QUOTED = 240  # characters of a message that are quoted as evidence
# Reasons that say more than that a pull failed; they count if the text itself shows nothing.
_REASONS: dict[str, CauseId] = {
    "ErrImageNeverPull": "ImageNeverPull",
    "InvalidImageName": "InvalidImageName",
    "ImageInspectError": "ImageInspectFailed",
    "RegistryUnavailable": "ConnectionRefused",
    "SignatureValidationFailed": "SignatureValidation",
    "FailedToRetrieveImagePullSecret": "PullSecretMissing",
}
_ALIKE = "the registry answers a missing repository and a private one alike"
_BACK_OFF = re.compile(
    r"(?:\s|[:.\"']|\berror\b|\bwarning\b|\bfailed\b|\bbackoff\b|imagepullbackoff|errimagepull|R|"
    r"back-off pulling image|failed to \"startcontainer\" for \"[^\"]{1,100}\" with)*"
)


def diagnose(message: str, reason: str = "", image: str = "", spoke: str = "the text") -> Diagnosis:
    """Return the diagnosis of a message; `reason` and `image` are its container's, if they are known.

    `spoke` is the source of the text. Any text of any length is accepted.
    """
    judged = [_judged(said, reason, image, spoke) for said in unwrap_message(message)]
    return max(judged, key=lambda diagnosis: rank(diagnosis.cause))


def _judged(said: str, reason: str, image: str, spoke: str) -> Diagnosis:
    text = mask_text(said)
    about = message_image(text, image)
    match = RULES.first_match(text)
    if match is not None:
        rule = _at(kind_of(about.registry), match.rule)
        if about.mirrored and rule.cause in MIRROR_CAUSES:
            rule = rule._replace(
                cause="Mirror", mechanism=f"a mirror was asked: {rule.mechanism}", transient=_heals(rule)
            )
        return _diagnosis(rule, _evidence(text, match), about, spoke)
    reason = _reason_in(said) or reason
    if reason in _REASONS:
        return _diagnosis(Rule(_REASONS[reason], f"the kubelet's reason is {reason}"), reason, about, spoke)
    if said and len(said) < 2000 and _BACK_OFF.fullmatch(text.text):
        return _nothing("BackOffOnly", about, spoke)
    return _nothing("Unknown", about, spoke)


def _at(kind: str, rule: Rule) -> Rule:
    """The rule as it holds at this kind of registry: Quay answers 401 for a repository that is not there, too."""
    if kind == "Quay" and (rule.cause == "AuthenticationRequired" or rule is BARE_401):
        return rule._replace(cause="NotFoundOrDenied", mechanism=_ALIKE)
    return rule


def _reason_in(said: str) -> str:
    """Return the kubelet's reason that a text names: of several the last, which says most."""
    named = max(((said.rfind(reason), reason) for reason in _REASONS), default=(-1, ""))
    return named[1] if named[0] >= 0 else ""


def _heals(rule: Rule) -> bool | None:
    return rule.transient if rule.transient is not None else CAUSES[rule.cause].transient


def _diagnosis(rule: Rule, evidence: str, about: MessageImage, spoke: str) -> Diagnosis:
    cause = CAUSES[rule.cause]
    known = rule.cause not in {"BackOffOnly", "Unknown"}
    return Diagnosis(
        cause=cause.id,
        meaning=cause.meaning,
        transient=_heals(rule),
        who=cause.who,
        certainty=rule.certainty if known else "unknown",
        mechanism=rule.mechanism,
        evidence=evidence,
        spoke=spoke,
        registry=about.registry,
        repository=about.repository,
        tag=about.tag,
        digest=about.digest,
        registry_kind=kind_of(about.registry),
        host=about.host,
    )


def _nothing(cause: CauseId, about: MessageImage, spoke: str) -> Diagnosis:
    return _diagnosis(Rule(cause, ""), "", about, spoke)


def _evidence(text: MaskedText, match: Match) -> str:
    """The part of the message that matched, with the clauses around it, as far as they are short."""
    said, start, end = text.original, match.start, match.end
    for _ in range(2):
        before = said.rfind(": ", max(0, start - QUOTED // 2), max(0, start - 2))
        start = before + 2 if before >= 0 else 0 if start <= QUOTED // 2 else start
    if said.startswith("code = ", start):  # gRPC's, which says nothing more
        start = max(start, said.find("desc = ", start) + len("desc = "))
    for limit in (len(said), said.find(": ", end)):
        if end <= limit <= start + QUOTED:
            end = limit
            break
    cut = end > start + QUOTED
    return f"{said[start : start + QUOTED - 3]}..." if cut else said[start:end].strip()
