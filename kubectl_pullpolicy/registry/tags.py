"""The tags of a repository, page by page.

Source: distribution-spec v1.1 "Listing Tags": a Link header (RFC 8288) with rel="next" has the next page.
"""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urljoin

import msgspec

from kubectl_pullpolicy.core.images.resolution import Failure
from kubectl_pullpolicy.registry.allowed_hosts import same_origin
from kubectl_pullpolicy.registry.failure import RegistryError, status_error
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.transport import RegistryResponse

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
        yield _decoded(answer, session.registry)
        next_url = _next_page_url(answer)
        if not next_url or next_url in visited:
            return
        visited.add(next_url)
        answer = session.request_url("GET", repository, next_url)


def _decoded(answer: RegistryResponse, registry: str) -> list[str]:
    """Return the valid tags of a page. Anything else may be arbitrary text."""
    try:
        names = msgspec.json.decode(answer.body, type=_Tags).tags or []
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegistryError(
            Failure("BadAnswer", f"{registry} answers with something that is no list of tags")
        ) from error
    return list(filter(_TAG.fullmatch, names))


def _next_page_url(answer: RegistryResponse) -> str:
    """Return the URL of the next page, "" for none. Another host's is ignored: the request carries credentials."""
    for link in answer.header("Link").split("<")[1:]:
        target, _, parameters = link.partition(">")
        if any(_RELATION.fullmatch(each.strip(" \t,")) for each in parameters.split(";")):
            next_url = urljoin(answer.url, target)
            return next_url if same_origin(next_url, answer.url) else ""
    return ""
