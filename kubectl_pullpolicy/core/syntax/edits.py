"""Edits of single entries of a YAML or JSON document: a value replaced, an entry added or removed.

Each edit is a span of the text with what to write there, and what it does to the tree. The spans hold the edited token,
the new entry or the removed one, and nothing else; quotes, indentation, separators and line ends are those of the
document. EditError is raised if the layout leaves no such span.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kubectl_pullpolicy.core.syntax.nodes import Alias, Entry, Fingerprint, Node, Scalar, fingerprints
from kubectl_pullpolicy.core.syntax.yaml_parser import LINE_BREAK
from kubectl_pullpolicy.core.syntax.yaml_tree import token_start

_BREAK = re.compile(LINE_BREAK)
_LAST_BREAK = re.compile(f"(?:{LINE_BREAK})$")
_DASHES = re.compile(r" *(?:-[ \t]+)+")
_COMMA = re.compile(r"\s*,\s*")
_COLON = re.compile(r"[ \t]*:[ \t]*")
_NEXT = re.compile(r"\S")
_BLOCK_HEADER = re.compile(r"[|>][0-9+-]*")
_REST = re.compile(r"[ \t]*(?:#.*)?")


# What edits do to the tree: the pieces that each changed node has afterwards.
Effect = dict[Node, tuple[Fingerprint, ...]]


class EditError(ValueError):
    """The document's layout does not allow the edit; the message says why."""


class Rewrite(NamedTuple):
    """text[start:end] becomes `written`; the tree's pieces change as `effect` says.

    A piece that is replaced has one piece, one that is removed none, one that something follows three.
    """

    start: int
    end: int
    written: str
    effect: Effect


def replaced(text: str, node: Node, value: str, quote: str = "") -> Rewrite:
    """Replace a scalar's value in its own style; `quote` is for syntax without plain scalars (null in JSON)."""
    if isinstance(node, Alias):
        return Rewrite(node.start, node.end, value, _replacement(node, _piece(value)))
    if not isinstance(node, Scalar):
        raise EditError("the value is no string")
    start = token_start(text, node)
    if node.style in {"|", ">"}:
        return _replaced_in_block(text, node, start, value)
    quote = node.style or quote
    blank = "" if start < node.end else " "  # an empty value ends at its colon
    piece = ("scalar", value, quote == "", node.tag, node.anchor)
    return Rewrite(start, node.end, f"{blank}{quote}{value}{quote}", _replacement(node, piece))


def _replaced_in_block(text: str, node: Scalar, start: int, value: str) -> Rewrite:
    """Replace the one line of a block scalar; a line break that belongs to the value is stripped by the header."""
    old, header = node.value.strip(), _BLOCK_HEADER.match(text, start)
    first = _BREAK.search(text, start, node.end)
    if not old or header is None or first is None or node.value.rstrip("\n") != old or _BREAK.search(old):
        raise EditError("the value is a block scalar of several lines")
    if text.count(old, first.end(), node.end) != 1:
        raise EditError("the value is a block scalar of several lines")
    at = text.index(old, first.end(), node.end)
    effect = _replacement(node, ("scalar", value, False, node.tag, node.anchor))
    if node.value == old:
        return Rewrite(at, at + len(old), value, effect)
    kept = f"{header[0].replace('+', '')}-{text[header.end() : at]}"
    return Rewrite(start, at + len(old), f"{kept}{value}", effect)


def renamed(text: str, key: Node, name: str) -> Rewrite:
    """Rename a key in its own style."""
    return replaced(text, key, name)


def inserted(text: str, beside: Entry, key: str, value: str) -> Rewrite:
    """Add an entry after another one, in its style: block or flow, quoted or not."""
    quote = beside.key.style if isinstance(beside.key, Scalar) else ""
    if quote in {"|", ">"} or not isinstance(beside.value, Scalar | Alias):
        raise EditError("its layout is unusual")
    pieces = [_piece(f"{word}", quote) for word in (key, value)]
    effect: Effect = {beside.value: (_own_piece(beside.value), *pieces)}
    if beside.mapping.flow:
        colon = text[beside.key.end : beside.value.start]
        colon = colon if _COLON.fullmatch(colon) else ": "
        written = f"{_separator(text, beside, colon)}{quote}{key}{quote}{colon}{quote}{value}{quote}"
        return Rewrite(beside.value.end, beside.value.end, written, effect)
    indent = " " * (beside.key.start - _line_start(text, beside.key.start))
    line = f"{indent}{quote}{key}{quote}: {quote}{value}{quote}"
    ended = _BREAK.search(text, _content_end(text, beside.value))
    if ended is None:
        first = _BREAK.search(text)
        return Rewrite(len(text), len(text), (first[0] if first else "\n") + line, effect)
    return Rewrite(ended.end(), ended.end(), line + ended[0], effect)


def _separator(text: str, beside: Entry, colon: str) -> str:
    """Return the separator of this flow mapping: a comma, then a blank or a line break with indentation."""
    keys = beside.mapping.items[::2]
    neighbour = keys[beside.at // 2] if beside.at else keys[1] if len(keys) > 1 else None
    if neighbour is not None:
        between = text[neighbour.before : neighbour.start]
        if _COMMA.fullmatch(between):
            return "," + between.partition(",")[2]
    lead = text[keys[0].before : keys[0].start]
    if neighbour is None and _BREAK.search(lead) and not lead.strip():
        return "," + lead
    return ", " if colon.endswith((" ", "\t")) else ","


def removed(text: str, entry: Entry) -> Rewrite:
    """Remove an entry: with its line in block style, with its comma in flow style."""
    keys = entry.mapping.items[::2]
    if not isinstance(entry.value, Scalar | Alias) or not isinstance(entry.key, Scalar):
        raise EditError("its layout is unusual")
    if sum(isinstance(key, Scalar) and key.value == entry.key.value for key in keys) > 1:
        raise EditError(f"{entry.key.value} stands there twice")
    effect: Effect = {entry.key: (), entry.value: ()}
    following = keys[entry.at // 2 + 1] if entry.at // 2 + 1 < len(keys) else None
    if entry.mapping.flow:
        return _removed_from_flow(text, entry, following, effect)
    begin = _line_start(text, entry.key.start)
    head = text[begin : entry.key.start]
    stop = _content_end(text, entry.value)
    ended = _BREAK.search(text, stop)
    if not _REST.fullmatch(text, stop, ended.start() if ended else len(text)) or len(keys) == 1:
        raise EditError("its layout is unusual")
    if head.strip(" ") == "":
        if ended is not None:
            return Rewrite(begin, ended.end(), "", effect)
        before = _LAST_BREAK.search(text, 0, begin)
        return Rewrite(before.start() if before else begin, len(text), "", effect)
    if not _DASHES.fullmatch(head) or ended is None or following is None:
        raise EditError("its layout is unusual")
    return Rewrite(entry.key.start, _NEXT.search(text, ended.end()).start(), "", effect)  # type: ignore[union-attr]


def _removed_from_flow(text: str, entry: Entry, following: Node | None, effect: Effect) -> Rewrite:
    if entry.at and _COMMA.fullmatch(text, entry.key.before, entry.key.start):
        return Rewrite(entry.key.before, entry.value.end, "", effect)
    if entry.at == 0 and following is None:
        return Rewrite(entry.key.start, entry.value.end, "", effect)
    if entry.at == 0 and following is not None and _COMMA.fullmatch(text, following.before, following.start):
        return Rewrite(entry.key.start, following.start, "", effect)
    raise EditError("a comment stands between its comma and its neighbour")


def _line_start(text: str, at: int) -> int:
    line = text.rfind("\n", 0, at) + 1
    return max(line, *(text.rfind(end, line, at) + 1 for end in "\r\x85\u2028\u2029"))


def _content_end(text: str, node: Node) -> int:
    """Return the end of a value; a block scalar ends before the blank lines that follow it."""
    if isinstance(node, Scalar) and node.style in {"|", ">"}:
        return node.start + len(text[node.start : node.end].rstrip())
    return node.end


def _replacement(node: Node, piece: Fingerprint) -> Effect:
    return {node: (piece,)}


def _piece(value: str, quote: str = "") -> Fingerprint:
    return "scalar", value, quote == "", None, None


def _own_piece(node: Node) -> Fingerprint:
    return next(fingerprints(node))[1]


def joined(edits: Iterable[Rewrite]) -> Effect:
    """Return what several edits do to the tree; a value may be replaced and get a neighbour too."""
    effects: Effect = {}
    for edit in edits:
        for node, pieces in edit.effect.items():
            other_pieces = effects.get(node)
            # One of the two edits replaces the piece, the other one only adds behind it.
            longer, other = (pieces, other_pieces)
            if other_pieces is not None and len(other_pieces) >= len(pieces):
                longer, other = other_pieces, pieces
            effects[node] = longer if not other else (other[0], *longer[1:])
    return effects


def expected(root: Node, effects: Effect) -> Iterator[Fingerprint]:
    """Yield the tree's pieces as they must be after these edits."""
    for node, piece in fingerprints(root):
        yield from (piece,) if node is None else effects.get(node, (piece,))


def applied(text: str, edits: Iterable[Rewrite]) -> str:
    """Return the text with these edits made. Raises EditError if two overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise EditError("two edits overlap")
        parts += (text[at : edit.start], edit.written)
        at = edit.end
    return "".join((*parts, text[at:]))
