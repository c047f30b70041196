"""The tags that are most like one that does not exist."""

import re
from collections.abc import Iterable
from heapq import nsmallest

SHOWN = 5
COMPARED = 2000  # of very many tags only the most promising are compared letter by letter
_PART = re.compile(r"\d+|\D+")
# cosign and BuildKit keep signatures and attestations under tags that are made of a digest.
_NO_IMAGE = re.compile(r"sha256-[0-9a-f]{64}(?:\..*)?")


def similar_tags(wanted: str, tags: Iterable[str], shown: int = SHOWN) -> tuple[str, ...]:
    """At most so many, the most alike first: the same version but for a `v` or case, then the nearest version."""
    candidates = [tag for tag in dict.fromkeys(tags) if not _NO_IMAGE.fullmatch(tag) and tag != wanted]
    parts = _parts(wanted)
    ranked = nsmallest(COMPARED, candidates, key=lambda tag: (*_distance(parts, tag), tag))
    return tuple(nsmallest(shown, ranked, key=lambda tag: (*_distance(parts, tag), -_likeness(wanted, tag), tag)))


def _parts(tag: str) -> list[str]:
    found: list[str] = _PART.findall(tag.lower().removeprefix("v"))
    return found


def _distance(wanted: list[str], tag: str) -> tuple[int, float]:
    """Return how many parts differ from the first difference on, and by how much if that is a number."""
    parts = _parts(tag)
    same = 0
    for one, other in zip(wanted, parts, strict=False):
        if one != other:
            break
        same += 1
    if same == len(wanted) == len(parts):
        return -len(wanted) - 1, 0.0
    one, other = "".join(wanted[same : same + 1]), "".join(parts[same : same + 1])
    apart = abs(int(one) - int(other)) if one.isdecimal() and other.isdecimal() else float("inf")
    return -same, float(apart)


def _likeness(wanted: str, tag: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, wanted.lower(), tag.lower(), autojunk=False).ratio()
