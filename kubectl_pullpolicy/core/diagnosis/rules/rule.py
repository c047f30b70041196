"""A rule of diagnosis: a mechanism, and the evidence in a text that shows it.

Rules search a masked text: lower case, URLs as `UUUU`, quoted references as `RRRR`. So an upper-case letter in a
pattern is one of these. Rules are tried in order, and the first that matches decides.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.diagnosis.message import MaskedText
from kubectl_pullpolicy.core.report.evidence import Certainty
from kubectl_pullpolicy.core.report.pull_failure import CauseId

# An HTTP status as containerd (core/remotes/errors), docker (registry/client/errors.go), containers/image
# (docker/errors.go) and buildkit write it.
_STATUS = re.compile(
    r"(?:status|http)(?: ?code)?(?: from [a-z]{3,7} request to| from registry)?:? ?(?:U+|\[[^\]]{1,200}\])?:? ?"
    r"([1-5]\d\d)\b"
    r"|\b([1-5]\d\d) (?:\(?(?:unauthorized|forbidden|not found|too many requests|internal server error|bad gateway|"
    r"service unavailable|service temporarily unavailable|gateway time-?out|bad request|method not allowed|"
    r"precondition failed|proxy authentication required|unavailable for legal reasons|request timeout))"
)
ANY_5XX = frozenset(range(500, 600))
_TOKEN = re.compile("[a-z0-9]+")
# Parts that occur in most messages: a word is found by another of its parts, if it has one.
_FREQUENT = frozenset({
    "access", "and", "authorization", "code", "denied", "digest", "does", "error", "failed", "for", "found", "from",
    "image", "layer", "manifest", "may", "name", "not", "pull", "reference", "registry", "repository", "request",
    "require", "resolve", "sha256", "tag", "the", "this", "type", "unauthorized", "unexpected", "unknown", "unpack",
})  # fmt: skip
_STATUSES = frozenset(map(str, range(100, 600)))


class Rule(NamedTuple):
    """Matches if one of `words` is in the text, `pattern` is, and the HTTP status is among `statuses`.

    What is not given does not count. `mechanism` says what happened; `transient` is given if it differs from the
    cause's; `certainty` is inferred if the words have more than one meaning.
    """

    cause: CauseId
    mechanism: str
    words: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    statuses: frozenset[int] = frozenset()
    certainty: Certainty = "certain"
    transient: bool | None = None


class Match(NamedTuple):
    """A rule that holds, and the part of the text that shows it."""

    rule: Rule
    start: int
    end: int


class Rules:
    """Rules in their order, with an index of their words: a word is searched only if its rarest part is in the text.

    So each word must begin and end at a word boundary of the text: `throttled`, not `throttl`.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._always = sum(1 << number for number, rule in enumerate(self.rules) if not rule.words)
        self._by_token: dict[str, list[tuple[int, str]]] = {}
        for number, rule in enumerate(self.rules):
            for word in rule.words:
                token = max(_TOKEN.findall(word), key=lambda token: (token not in _FREQUENT, len(token)))
                self._by_token.setdefault(token, []).append((number, word))
        self._tokens = frozenset(self._by_token)

    def first_match(self, masked: MaskedText) -> Match | None:
        """The first rule that holds."""
        text = masked.text
        tokens = set(_TOKEN.findall(text))
        candidates, spans = self._always, self._seen(text, tokens)
        for number in spans:
            candidates |= 1 << number
        status = _status_of(text) if tokens & _STATUSES else (0, 0, 0)
        while candidates:
            lowest = candidates & -candidates
            candidates ^= lowest
            number = lowest.bit_length() - 1
            match = _holds(self.rules[number], text, status, spans.get(number))
            if match is not None:
                return match
        return None

    def _seen(self, text: str, tokens: set[str]) -> dict[int, tuple[int, int]]:
        """Return, for each rule that has a word in the text, the span of that word."""
        spans: dict[int, tuple[int, int]] = {}
        for token in tokens & self._tokens:
            for number, word in self._by_token[token]:
                start = text.find(word)
                if start >= 0:
                    span = start, start + len(word)
                    spans[number] = min(spans.get(number, span), span)  # sets have no order: the first in the text
        return spans


def _status_of(text: str) -> tuple[int, int, int]:
    """Return the last HTTP status in a masked text, and its span; 0 if there is none."""
    last = None
    for last in _STATUS.finditer(text):  # noqa: B007  the last one is wanted
        pass
    return (0, 0, 0) if last is None else (int(last[1] or last[2]), *last.span())


def _holds(rule: Rule, text: str, status: tuple[int, int, int], span: tuple[int, int] | None) -> Match | None:
    """Return the match of a rule whose word was `span` at that span (None: it has none)."""
    number, *where = status
    if rule.statuses and number not in rule.statuses:
        return None
    start, end = span or where
    if rule.pattern is not None:
        found = rule.pattern.search(text)
        if found is None:
            return None
        start, end = found.span()
    return Match(rule, start, end)
