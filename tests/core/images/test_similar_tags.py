"""Which tags somebody may have meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.core.images.similar_tags import similar_tags

VERSIONS = ("1.25.0", "1.26.0", "1.26.1", "1.27.0", "1.27.1", "1.27.2", "2.0.0", "latest", "stable")


@pytest.mark.parametrize(
    ("wanted", "tags", "first"),
    [
        ("1.27.9", VERSIONS, ("1.27.2", "1.27.1", "1.27.0")),
        ("v1.27.1", VERSIONS, ("1.27.1",)),
        ("1.4", ("v1.4", "1.5", "1.3"), ("v1.4", "1.3", "1.5")),
        ("RC1", ("rc2", "rc1"), ("rc1", "rc2")),
        ("lastest", VERSIONS, ("latest",)),
        ("1.27-alpin", ("1.27", "1.27-alpine", "1.27-slim"), ("1.27-alpine",)),
        ("9", ("1", "8", "20"), ("8", "1", "20")),
        ("latest", (), ()),
        ("latest", ("latest",), ()),
    ],
)
def test_the_nearest_come_first(wanted: str, tags: tuple[str, ...], first: tuple[str, ...]) -> None:
    assert similar_tags(wanted, tags)[: len(first)] == first


def test_signatures_are_no_images() -> None:
    signature = f"sha256-{'a' * 64}"
    assert similar_tags("1", [f"{signature}.sig", f"{signature}.att", signature, "2"]) == ("2",)


def test_no_more_than_asked_for_of_very_many() -> None:
    tags = [f"1.{number}" for number in range(20_000)]
    assert similar_tags("1.20000", tags) == ("1.19999", "1.19998", "1.19997", "1.19996", "1.19995")


@given(st.text(), st.lists(st.text()))
def test_any_text_is_compared(wanted: str, tags: list[str]) -> None:
    found = similar_tags(wanted, tags)
    assert set(found) <= set(tags)
    assert len(found) <= 5
