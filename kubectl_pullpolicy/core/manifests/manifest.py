"""Manifests as text: which images stand where, and the text with some of them changed, every other byte kept.

A file is cut into documents, so that a broken one costs no other. Characters outside the edits are never touched: the
text goes through no emitter. What an edit did is checked by reading the outcome again and comparing the trees.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from kubectl_pullpolicy.core.manifests.chart_values import looks_like_values, values_places
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace, items_of, text_of
from kubectl_pullpolicy.core.manifests.kustomizations import is_kustomization, kustomize_places
from kubectl_pullpolicy.core.manifests.pod_specs import WITHOUT_IMAGES, object_places
from kubectl_pullpolicy.core.syntax.json_tree import begins_as_json, json_roots, means_json
from kubectl_pullpolicy.core.syntax.yaml_parser import LINE_BREAK, TEMPLATE, MalformedError
from kubectl_pullpolicy.core.syntax.yaml_tree import Mapping, Node, Scalar, yaml_roots

_BREAK = re.compile(LINE_BREAK)
_SEPARATOR = re.compile(r"(?:\A|(?<=[\r\n\x85\u2028\u2029]))---(?=[ \t\r\n\x85\u2028\u2029]|\Z)")
_IGNORED_ABOVE = re.compile(rf"(?:{LINE_BREAK})[ \t]*#[ \t]*pullpolicy:[ \t]*ignore\b")
_IGNORED_BEHIND = re.compile(r"[ \t]#[ \t]*pullpolicy:[ \t]*ignore\b[^\"'\]}]*\Z")
# What cannot hold an image is not parsed: no key of one without these letters (a backslash may hide them), no template.
_SPEAKS_OF_IMAGES = re.compile(r"image|repository|\\|\{\{", re.IGNORECASE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)[\"']?[ \t]*\r?$", re.MULTILINE)
_CONTENT = re.compile(r"^[ \t]*[^\s#%-]", re.MULTILINE)
BOM = "\ufeff"


class Part:
    """A piece of a file that is read by itself: a YAML document, or JSON documents that follow each other."""

    def __init__(self, text: str, offset: int, first_line: int) -> None:
        self.text = text
        self.offset = offset  # of the text in the file
        self.first_line = first_line
        self.json = False
        self.roots: list[Node] = []

    def read(self) -> None:
        """Raises MalformedError."""
        if begins_as_json(self.text):
            try:
                self.roots, self.json = json_roots(self.text, self.first_line), True
            except MalformedError as error:
                try:
                    self.roots = yaml_roots(self.text, self.first_line)
                except MalformedError:
                    if means_json(self.text):
                        raise error from None
                    raise
        else:
            self.roots = yaml_roots(self.text, self.first_line)

    def read_again(self, text: str) -> list[Node]:
        """The trees of a changed text. Raises MalformedError."""
        return json_roots(text) if self.json else yaml_roots(text)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.text))]

    def line(self, at: int) -> int:
        """The line of the file in which this character of the text stands."""
        return self.first_line + bisect_right(self._line_starts, at) - 1

    def rest_of_line(self, at: int) -> str:
        """The text from here to the end of the line."""
        number = bisect_right(self._line_starts, at)
        return self.text[at : self._line_starts[number] if number < len(self._line_starts) else None].rstrip()


class Document(NamedTuple):
    """A document with the images that were found in it; `number` counts from 1, empty documents left out."""

    number: int
    part: Part
    root: Node
    places: tuple[ImagePlace, ...]

    def line(self, place: ImagePlace) -> int:
        """The line of the file in which the image stands."""
        return self.part.line(place.site.start)

    def ignores(self, place: ImagePlace) -> bool:
        """Whether a comment `# pullpolicy: ignore` stands behind the image, or above it or its container."""
        found = place.whole or place.tag or place.digest or place.beside
        if found is None:
            return False
        text = self.part.text
        above = (text[node.before : node.start] for node in (found.key, found.mapping))
        if any(_IGNORED_ABOVE.search(lead) for lead in above):
            return True
        value = found.value
        return _IGNORED_BEHIND.search(self.part.rest_of_line(value.end)) is not None


class Malformed(NamedTuple):
    """A document that cannot be read."""

    number: int
    line: int
    problem: str


class Manifest(NamedTuple):
    """A file: its text, its documents, and those that are none."""

    text: str
    documents: tuple[Document, ...]
    malformed: tuple[Malformed, ...]


def read_manifest(text: str, file: str) -> Manifest:
    """The documents of a text. `file` is the base name, which tells some of them apart; "-" is standard input."""
    documents: list[Document] = []
    malformed: list[Malformed] = []
    number = 0
    for part in _parts(text):
        if _holds_none(part.text):
            number += _CONTENT.search(part.text) is not None
            continue
        try:
            part.read()
        except MalformedError as error:
            number += 1
            malformed.append(Malformed(number, error.line, TEMPLATE if "{{" in part.text else error.problem))
            continue
        for root in part.roots:
            if isinstance(root, Scalar) and root.meaning is None:
                continue
            number += 1
            places = tuple(_places(root, file))
            documents.append(Document(number, part, root, places))
    return Manifest(text, tuple(documents), tuple(malformed))


def _holds_none(text: str) -> bool:
    """Whether a document can be left unparsed: nothing in it speaks of images, or its kind has none.

    Schemas of custom resources are most of what big bundles hold, and speak of images a lot.
    """
    if not _SPEAKS_OF_IMAGES.search(text):
        return True
    return "{{" not in text and [found[1] in WITHOUT_IMAGES for found in _KIND.finditer(text)] == [True]


def _places(root: Node, file: str) -> Iterator[ImagePlace]:
    if not isinstance(root, Mapping):
        for _, item in items_of(root):
            yield from _places(item, file)
    elif text_of(root.get("kind")).endswith("List") and root.get("items") is not None:
        for _, item in items_of(root.get("items")):
            yield from _places(item, file)
    elif is_kustomization(root, file):
        yield from kustomize_places(root)
    elif looks_like_values(root):
        found = values_places(root, strings=file == "-" or "values" in file.lower())
        yield from sorted(found, key=lambda place: place.site.start)
    else:
        yield from object_places(root)


def _parts(text: str) -> Iterator[Part]:
    """The text cut before each `---`; directives stay with their document, a mark at the beginning is left out."""
    begin = len(BOM) if text.startswith(BOM) else 0
    starts = [found.start() for found in _SEPARATOR.finditer(text, begin) if found.start() > begin]
    line = 1
    for end in (*starts, len(text)):
        piece = text[begin:end]
        if end < len(text) and _is_directives(piece):
            continue
        skipped = 3 if piece.startswith("---") and begins_as_json(piece[3:4096]) else 0
        yield Part(piece[skipped:], begin + skipped, line)
        line += sum(1 for _ in _BREAK.finditer(piece))
        begin = end


def _is_directives(piece: str) -> bool:
    """Whether nothing but directives (`%YAML 1.1`) and comments stands there."""
    if "%" not in piece[:1024]:
        return False
    rows = [row.strip() for row in _BREAK.split(piece)]
    said = [row for row in rows if row and not row.startswith("#")]
    return bool(said) and all(row.startswith("%") for row in said)


def joined_parts(text: str, changed: Sequence[tuple[Part, str]]) -> str:
    """The text of a file with some of its parts replaced, in their order."""
    pieces: list[str] = []
    at = 0
    for part, new in changed:
        pieces += (text[at : part.offset], new)
        at = part.offset + len(part.text)
    return "".join((*pieces, text[at:]))
