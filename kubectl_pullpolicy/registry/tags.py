"""The tags of a repository, page by page.

Source: distribution-spec v1.1 "Listing Tags": a Link header (RFC 8288) with rel="next" has the next page.
"""

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from kubectl_pullpolicy.registry.failure import RegistryError, decoded_json, status_error
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.transport import RegistryResponse
from kubectl_pullpolicy.registry.urls import Url

PAGE_SIZE = 1000
MAX_TAGS = 100_000  # an endless list of tags must not fill the memory
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_RELATION = re.compile(r"""rel="?next"?""", re.IGNORECASE)


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


def tags(session: Session, repository: str, pages: int) -> tuple[str, ...]:
    """Return all tags of at most `pages` pages. Raises RegistryError."""
    return tuple(islice((tag for page in _pages(session, repository, pages) for tag in page), MAX_TAGS))


def _pages(session: Session, repository: str, pages: int) -> Iterator[list[str]]:
    answer = session.request("GET", repository, f"tags/list?n={PAGE_SIZE}")
    visited = {answer.url}
    for _ in range(pages):
        if answer.status != 200:
            raise status_error(answer.status, session.registry, answer.body, answer.header("Retry-After"))
        yield _valid_tags(answer, session)
        next_url = _next_page_url(answer)
        if next_url is None or next_url in visited:
            return
        visited.add(next_url)
        answer = session.request_url("GET", repository, next_url)


def _valid_tags(answer: RegistryResponse, session: Session) -> list[str]:
    """Return the valid tags of a page. Anything else may be arbitrary text."""
    decoded = decoded_json(answer.body, _Tags)
    if decoded is None:
        raise RegistryError("BadAnswer", f"{session.registry} answers with something that is no list of tags")
    return [tag for tag in decoded.tags or [] if _TAG.fullmatch(tag) and not session.shows_secret(tag)]


def _next_page_url(answer: RegistryResponse) -> Url | None:
    """Return the URL of the next page, None if there is none or another host has it: the request has credentials."""
    for link in answer.header("Link").split("<")[1:]:
        target, _, parameters = link.partition(">")
        if any(_RELATION.fullmatch(each.strip(" \t,")) for each in parameters.split(";")):
            next_url = answer.url.join(target)
            return next_url if next_url is not None and next_url.origin == answer.url.origin else None
    return None
