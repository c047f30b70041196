"""Manifests as text: the images in each document, with the places of the entries that hold them.

A file is split into documents, so that a broken one does not affect the others. Edits keep every other byte, since the
text is never emitted again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kubectl_pullpolicy.core.manifests.chart_values import looks_like_values, values_images
from kubectl_pullpolicy.core.manifests.image_fields import ImageField
from kubectl_pullpolicy.core.manifests.kustomizations import is_kustomization, kustomize_images
from kubectl_pullpolicy.core.manifests.pod_specs import WITHOUT_IMAGES, object_images
from kubectl_pullpolicy.core.syntax.json_tree import begins_as_json, json_roots, means_json
from kubectl_pullpolicy.core.syntax.line_index import BREAK, LineIndex
from kubectl_pullpolicy.core.syntax.nodes import Mapping, Node, Scalar, mappings_in, string_of
from kubectl_pullpolicy.core.syntax.yaml_parser import LINE_BREAK, TEMPLATE, MalformedError
from kubectl_pullpolicy.core.syntax.yaml_tree import yaml_roots

_SEPARATOR = re.compile(r"(?:\A|(?<=[\r\n\x85\u2028\u2029]))---(?=[ \t\r\n\x85\u2028\u2029]|\Z)")
_IGNORED_ABOVE = re.compile(rf"(?:{LINE_BREAK})[ \t]*#[ \t]*pullpolicy:[ \t]*ignore\b")
_IGNORED_BEHIND = re.compile(r"[ \t]#[ \t]*pullpolicy:[ \t]*ignore\b[^\"\'\]}]*\Z")
# A text without a match is not parsed: each key that holds an image has one of these words, unless a backslash hides
# it, and a template has braces.
_MAY_HOLD_IMAGES = re.compile(r"image|repository|\\|\{\{", re.IGNORECASE)
_KIND = re.compile(r"^kind:[ \t]*[\"\']?(\w+)[\"\']?[ \t]*\r?$", re.MULTILINE)
_CONTENT = re.compile(r"^[ \t]*[^\s#%-]", re.MULTILINE)
BOM = "\ufeff"


class Part:
    """A piece of a file that is parsed on its own: one YAML document, or JSON documents that follow each other."""

    def __init__(self, text: str, offset: int, first_line: int) -> None:
        self.text = text
        self.offset = offset  # of the text in the file
        self.first_line = first_line
        self.json = False
        self.roots: list[Node] = []

    def parse(self) -> None:
        """Set `roots` and `json`. Raises MalformedError."""
        if not begins_as_json(self.text):
            self.roots = yaml_roots(self.text, self.first_line)
            return
        try:
            self.roots, self.json = json_roots(self.text, self.first_line), True
        except MalformedError as error:
            try:
                self.roots = yaml_roots(self.text, self.first_line)
            except MalformedError:
                if means_json(self.text):
                    raise error from None
                raise

    def parse_as_this(self, text: str) -> list[Node]:
        """Return the trees of a changed text, in the syntax of this part. Raises MalformedError."""
        return json_roots(text) if self.json else yaml_roots(text)

    @cached_property
    def lines(self) -> LineIndex:
        """The lines of the text."""
        return LineIndex(self.text, self.first_line)


@dataclass(frozen=True, eq=False)
class ManifestDocument:
    """A document with its images; `number` counts from 1, without empty documents."""

    number: int
    part: Part
    root: Node
    images: tuple[ImageField, ...]

    def line(self, field: ImageField) -> int:
        """Return the line of the file that holds the image."""
        return self.part.lines.line(field.node.start)

    def ignores(self, field: ImageField) -> bool:
        """Return whether a comment `# pullpolicy: ignore` is beside the image, or above it or its container."""
        entry = field.image_entry or field.tag_entry or field.digest_entry or field.neighbour
        if entry is None:
            return False
        text = self.part.text
        leads = (text[node.before : node.start] for node in (entry.key, entry.mapping))
        if any(_IGNORED_ABOVE.search(lead) for lead in leads):
            return True
        return _IGNORED_BEHIND.search(self.part.lines.rest_of_line(entry.value.end)) is not None


class Malformed(NamedTuple):
    """A document that cannot be parsed."""

    number: int
    line: int
    problem: str


class Manifest(NamedTuple):
    """A file: its text, its documents, and those that cannot be parsed."""

    text: str
    documents: tuple[ManifestDocument, ...]
    malformed: tuple[Malformed, ...]


def read_manifest(text: str, file: str) -> Manifest:
    """Return the documents of a text. `file` is the base name, which identifies some of them; "-" is stdin."""
    documents: list[ManifestDocument] = []
    malformed: list[Malformed] = []
    number = 0
    for part in _parts(text):
        if _holds_none(part.text):
            number += _CONTENT.search(part.text) is not None
            continue
        try:
            part.parse()
        except MalformedError as error:
            number += 1
            malformed.append(Malformed(number, error.line, TEMPLATE if "{{" in part.text else error.problem))
            continue
        for root in part.roots:
            if not isinstance(root, Scalar) or root.meaning is not None:
                number += 1
                documents.append(ManifestDocument(number, part, root, tuple(_images(root, file))))
    return Manifest(text, tuple(documents), tuple(malformed))


def _holds_none(text: str) -> bool:
    """Return whether a document needs no parsing: no word in it names an image, or its kind has none.

    Schemas of custom resources fill big bundles, and name images often.
    """
    if not _MAY_HOLD_IMAGES.search(text):
        return True
    return "{{" not in text and [found[1] in WITHOUT_IMAGES for found in _KIND.finditer(text)] == [True]


def _images(root: Node, file: str) -> Iterator[ImageField]:
    if not isinstance(root, Mapping):
        for _, item in mappings_in(root):
            yield from _images(item, file)
    elif string_of(root.get("kind")).endswith("List") and root.get("items") is not None:
        for _, item in mappings_in(root.get("items")):
            yield from _images(item, file)
    elif is_kustomization(root, file):
        yield from kustomize_images(root)
    elif looks_like_values(root):
        fields = values_images(root, strings=file == "-" or "values" in file.lower())
        yield from sorted(fields, key=lambda field: field.node.start)
    else:
        yield from object_images(root)


def _parts(text: str) -> Iterator[Part]:
    """Split the text before each `---`; directives stay with their document, a byte order mark is left out."""
    begin = len(BOM) if text.startswith(BOM) else 0
    starts = [found.start() for found in _SEPARATOR.finditer(text, begin) if found.start() > begin]
    line = 1
    for end in (*starts, len(text)):
        piece = text[begin:end]
        if end < len(text) and _is_directives(piece):
            continue
        skipped = 3 if piece.startswith("---") and begins_as_json(piece[3:4096]) else 0
        yield Part(piece[skipped:], begin + skipped, line)
        line += sum(1 for _ in BREAK.finditer(piece))
        begin = end


def _is_directives(piece: str) -> bool:
    """Return whether a piece holds only directives (`%YAML 1.1`) and comments."""
    if "%" not in piece[:1024]:
        return False
    rows = [row.strip() for row in BREAK.split(piece)]
    content = [row for row in rows if row and not row.startswith("#")]
    return bool(content) and all(row.startswith("%") for row in content)


def joined_parts(text: str, changed: Sequence[tuple[Part, str]]) -> str:
    """Return the text of a file with some of its parts replaced; they are in the order of the file."""
    pieces: list[str] = []
    at = 0
    for part, new in changed:
        pieces += (text[at : part.offset], new)
        at = part.offset + len(part.text)
    return "".join((*pieces, text[at:]))
