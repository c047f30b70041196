"""From what the registry says of an image in a file to the change of the file."""

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict
from kubectl_pullpolicy.core.manifests.changes import DEFAULT, ImageChange
from kubectl_pullpolicy.core.pins.request import PinRequest
from kubectl_pullpolicy.core.policy.defaulting import default_policy


def decide(change: ImageChange, verdict: PinVerdict, request: PinRequest) -> None:
    """Set the digest and the policy that the image gets; with `--check` only what was found."""
    change.verdict = verdict
    if verdict.verdict == "failed":
        change.end("failed", verdict.message)
        return
    if not request.check:
        change.digest = verdict.digest if verdict.verdict in {"pin", "stale"} else ""
        change.drop_tag = request.drop_tag
        if not change.field.policy_is_unknown and request.policy != (change.field.policy or DEFAULT):
            change.policy = request.policy
    if change.digest or change.policy:
        change.end("planned")
    else:
        change.end("unchanged", verdict.message)


def stays_always(change: ImageChange) -> bool:
    """Return whether the pinned image gets the default Always: its tag is `latest`, and no policy is written."""
    if not change.digest or change.new_policy is not None or change.field.form == "kustomize":
        return False
    return default_policy(change.new_image) == "Always"
