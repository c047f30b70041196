"""What a message tells: short texts made from the format strings of the runtimes."""

import pytest

from kubectl_pullpolicy.core.diagnosis.causes import CAUSES
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from kubectl_pullpolicy.core.diagnosis.remedies import STEPS

IMAGE = "registry.example.com/a/b:1"
SHELL = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '


def test_every_cause_has_its_remedies_and_nothing_else_has() -> None:
    assert STEPS.keys() == CAUSES.keys()


@pytest.mark.parametrize("cause", [cause for cause in CAUSES if cause not in {"BackOffOnly", "Unknown"}])
def test_every_cause_can_be_ended_by_something(cause: str) -> None:
    assert STEPS[cause]
    assert CAUSES[cause].who


@pytest.mark.parametrize(
    ("tail", "cause"),
    [
        (
            "pull access denied, repository does not exist or may require authorization: authorization failed",
            "NotFoundOrDenied",
        ),
        (
            "pull access denied, repository does not exist or may require authorization: authorization failed: "
            "no basic auth credentials",
            "AuthenticationRequired",
        ),
        ("registry.example.com/a/b:1: not found", "ImageNotFound"),
    ],
)
def test_the_tail_of_a_sentence_tells_more_than_the_sentence(tail: str, cause: str) -> None:
    assert diagnose(SHELL + tail).cause == cause
