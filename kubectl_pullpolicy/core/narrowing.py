"""Keeps of an explanation what was asked for: one container, or those that fail."""

import msgspec

from kubectl_pullpolicy.core.explanation import Explanation, SubjectExplanation


def narrowed(subject: SubjectExplanation, container: str, *, failing: bool) -> SubjectExplanation | None:
    """The subject with the containers that were asked for ("": all); None where none is left."""

    def wanted(explanation: Explanation) -> bool:
        if container and explanation.container != container:
            return False
        return not failing or (explanation.status is not None and explanation.status.pull_failing)

    kept = tuple(filter(wanted, subject.containers))
    if not kept:
        return None
    return subject if len(kept) == len(subject.containers) else msgspec.structs.replace(subject, containers=kept)
