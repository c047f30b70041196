"""What surprises in an image string is said; usual ones need no words."""

import pytest

from kubectl_pullpolicy.core.images.reference_notes import reading_notes

HEX = "a" * 64


@pytest.mark.parametrize("image", ["nginx", "nginx:1.27", "ghcr.io/team/app:v1", "localhost/app", "redis:7", "Nginx"])
def test_usual_strings_need_no_words(image: str) -> None:
    assert reading_notes(image) == ()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("localhost:5000", "5000 is a tag here"),
        ("localhost:5000/app", "5000 is the registry's port, no tag"),
        ("[::1]:5000/app", "5000 is the registry's port, no tag"),
        (f"sha256:{HEX}", "an image called sha256"),
        (f"nginx:latest@sha256:{HEX}", "the digest decides which bytes"),
        (f"nginx@sha256:{HEX}", "a digest names an image index"),
        (HEX, "a digest stands behind a name and an @"),
        ("https://x/y:latest", "a name has no scheme: leave https:// away"),
        ("nginx:1.27 ", "it begins or ends with a blank"),
        ("nginx:", "a colon without a tag behind it"),
    ],
)
def test_surprises_are_said(image: str, words: str) -> None:
    assert reading_notes(image)[0].startswith(words)


def test_a_registry_without_a_port_in_brackets_has_none() -> None:
    assert reading_notes("[::1]/app") == ()
