"""The tags of a repository, page by page.

Source: distribution-spec v1.1 "Listing Tags": the next page stands in a Link header (RFC 8288) with rel="next".
"""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import msgspec

from kubectl_pullpolicy.core.resolution import Failure
from kubectl_pullpolicy.registry.addresses import same_origin
from kubectl_pullpolicy.registry.refusal import Refusal, refused
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.transport import Answer

PAGE = 1000
_NEXT = re.compile(r'<([^>]*)>[^,]*;\s*rel="?next"?', re.IGNORECASE)


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


def tags(session: Session, repository: str, pages: int) -> tuple[str, ...]:
    """All tags, of at most so many pages. Raises Refusal."""
    return tuple(tag for page in _pages(session, repository, pages) for tag in page)


def _pages(session: Session, repository: str, pages: int) -> Iterator[list[str]]:
    answer = session.ask("GET", repository, f"tags/list?n={PAGE}")
    seen = {answer.url}
    for _ in range(pages):
        if answer.status != 200:
            raise refused(answer.status, session.registry, answer.body, answer.header("Retry-After"))
        yield _decoded(answer, session.registry)
        following = _next_of(answer)
        if not following or following in seen:
            return
        seen.add(following)
        answer = session.follow("GET", repository, following)


def _decoded(answer: Answer, registry: str) -> list[str]:
    try:
        return msgspec.json.decode(answer.body, type=_Tags).tags or []
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(Failure("BadAnswer", f"{registry} answers with something that is no list of tags")) from error


def _next_of(answer: Answer) -> str:
    """The URL of the next page; one on another host is not followed, since the request carries credentials."""
    found = _NEXT.search(answer.header("Link"))
    following = urljoin(answer.url, found[1]) if found is not None else ""
    return following if following and same_origin(following, answer.url) else ""
