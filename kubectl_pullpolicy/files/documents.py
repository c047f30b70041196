"""Bytes to documents: JSON or YAML, one or several, each with its number and line.

Every document is turned into JSON, as in kubectl, so that one decoder reads all. A broken YAML document does not affect
the others. Broken JSON ends the file.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kubectl_pullpolicy.core.syntax.yaml_parser import TEMPLATE, MalformedError
from kubectl_pullpolicy.errors import FileError

if TYPE_CHECKING:
    from kubectl_pullpolicy.core.syntax.line_index import LineIndex
    from kubectl_pullpolicy.core.syntax.nodes import Node

_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_JSON_BEGINS = re.compile(rb"\s*[\[{]")
# A text that begins like this is JSON: its error is the one to report.
_JSON_INTENDED = re.compile(rb"\s*(\[|\{\s*([\"}]|\Z))")
_OFFSET = re.compile(r"(?:JSON is malformed: )?(.*) \(byte (\d+)\)")
# Broken JSON up to this size, in bytes, is tried as YAML, which is slow: `{kind: Pod}` is YAML only.
_YAML_LIMIT = 1 << 20


class Envelope(msgspec.Struct, rename="camel", gc=False):
    """The fields of every object; the items of a list stay undecoded."""

    api_version: Any = None
    kind: Any = None
    items: list[msgspec.Raw] | None = None


class Array(Envelope):
    """A list without an object around it, as `jq .items` leaves it."""


class _ObjectHead(msgspec.Struct, rename="camel", gc=False):
    api_version: Any = None
    kind: Any = None


class JsonDocument(NamedTuple):
    """One document as JSON. `text` is its YAML, from line `first_line` of the file; "" for JSON."""

    file: str
    number: int
    line: int
    envelope: Envelope
    json: bytes | memoryview
    text: str = ""
    first_line: int = 1

    def error(self, problem: str, line: int = 0) -> FileError:
        """Return an error in this document."""
        return _error(self.file, self.number, f"line {line or self.line}", problem)

    def line_of(self, path: list[str | int]) -> int:
        """Return the line of the value at this path, or the nearest known line."""
        lines, roots = _parsed(self.text, self.first_line)
        line, node = self.line, roots.get(self.line)
        for step in path:
            place, node = _child(node, step)
            line = lines.line(place.start) if place is not None else line
        return line


@lru_cache(maxsize=1)
def _parsed(text: str, first_line: int) -> tuple["LineIndex", dict[int, "Node"]]:
    """Return the lines of a text, and its documents by their line: parsed again, but once for all its errors."""
    from kubectl_pullpolicy.core.syntax.line_index import LineIndex
    from kubectl_pullpolicy.core.syntax.yaml_tree import yaml_roots

    lines = LineIndex(text, first_line)
    roots: dict[int, Node] = {}
    with suppress(MalformedError):  # reported already; an error in a document before it is meant here
        roots = {lines.line(root.start): root for root in yaml_roots(text, first_line)}
    return lines, roots


def _child(node: "Node | None", step: str | int) -> tuple["Node | None", "Node | None"]:
    """Return the node that marks this step, a key or a list item, and the node that the path goes on in."""
    from kubectl_pullpolicy.core.syntax.nodes import Mapping, Sequence, dereferenced, find_entry

    node = dereferenced(node)
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step], node.items[step]
    entry = find_entry(node, step) if isinstance(node, Mapping) and isinstance(step, str) else None
    return (entry.key, entry.value) if entry is not None else (None, None)


def _error(file: str, number: int, place: str, problem: str) -> FileError:
    return FileError(f"error: error parsing {file}: document {number}, {place}: {problem}")


def read_documents(file: str, content: bytes) -> Iterator[JsonDocument | FileError]:
    """Yield the documents of a file in order, an error in place of each that cannot be read."""
    error = _utf16(file, content)
    if error is not None:
        return iter([error])
    return _DocumentReader(file).documents(content.removeprefix(codecs.BOM_UTF8))


def decode_text(file: str, content: bytes) -> str:
    """Return the text of a file, a byte order mark included. Raises FileError if it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{content[error.start]:02x} at offset {error.start} is not UTF-8"
        raise _utf16(file, content) or FileError(f"error: error parsing {file}: line {line}: {problem}") from None


def _utf16(file: str, content: bytes) -> FileError | None:
    if not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    problem = "the file is UTF-16 (as PowerShell's > writes it); save it as UTF-8"
    return FileError(f"error: error parsing {file}: {problem}")


class _DocumentReader:
    """Reads one file, and counts its documents without the empty ones."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._number = 0

    def documents(self, content: bytes) -> Iterator[JsonDocument | FileError]:
        if _JSON_BEGINS.match(content):
            results = list(self._json_or_yaml(content, 1))
            # Valid JSON cannot hold this, since a line break within a string is escaped: these are several documents.
            if not isinstance(results[-1], FileError) or b"\n---" not in content:
                yield from results
                return
            self._number = 0
        try:
            text = decode_text(self._file, content)
        except FileError as error:
            yield error
            return
        for line, chunk in _chunks(text):
            body = chunk.removeprefix("---")
            if _JSON_BEGINS.match(body[:4096].encode()):
                yield from self._json_or_yaml(body.encode(), line)
            else:
                yield from self._yaml(chunk, line)

    def _json_or_yaml(self, content: bytes, line: int) -> Iterator[JsonDocument | FileError]:
        before = self._number
        for found in self._json(content, line):
            if isinstance(found, FileError) and self._number == before + 1 and len(content) < _YAML_LIMIT:
                self._number = before
                yield from self._yaml_instead(content, line, found)
            else:
                yield found

    def _yaml_instead(self, content: bytes, line: int, error: FileError) -> Iterator[JsonDocument | FileError]:
        try:
            found = list(self._yaml(content.decode(), line))
        except UnicodeDecodeError:
            found = [error]
        broken = any(isinstance(item, FileError) for item in found)
        yield from [error] if broken and _JSON_INTENDED.match(content) else found

    def _json(self, content: bytes, line: int) -> Iterator[JsonDocument | FileError]:
        """Yield documents that follow each other, with or without line breaks; end at the first broken one."""
        view, start = memoryview(content), 0
        while start < len(content):
            begin = start + len(content[start : start + 4096]) - len(content[start : start + 4096].lstrip())
            line += content.count(b"\n", start, begin)
            end = len(content)
            self._number += 1
            try:
                try:
                    envelope = read_envelope(view[begin:])
                except msgspec.DecodeError as error:
                    found = _OFFSET.fullmatch(str(error))
                    if found is None or found[1] != "trailing characters":
                        raise
                    end = begin + int(found[2]) - 1
                    envelope = read_envelope(view[begin:end])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                yield self._json_error(content, begin, line, error)
                return
            yield JsonDocument(self._file, self._number, line, envelope, view[begin:end])
            line += content.count(b"\n", begin, end) if end < len(content) else 0
            start = end

    def _json_error(self, content: bytes, begin: int, line: int, error: Exception) -> FileError:
        problem, at = str(error), len(content)
        found = _OFFSET.fullmatch(problem)
        if isinstance(error, msgspec.ValidationError):
            return _error(self._file, self._number, f"line {line}", "expected an object")
        if isinstance(error, RecursionError):
            return _error(self._file, self._number, f"line {line}", "nested too deeply")
        if isinstance(error, UnicodeDecodeError):
            problem, at = "invalid UTF-8 in a string", begin
        elif found is not None:
            problem, at = found[1], begin + int(found[2])
        elif problem == "Input data was truncated":
            problem = "unexpected end of JSON input"
        line += content.count(b"\n", begin, at)
        column = at - content.rfind(b"\n", 0, at)
        return _error(self._file, self._number, f"line {line}, column {column}", problem)

    def _yaml(self, text: str, line: int) -> Iterator[JsonDocument | FileError]:
        from kubectl_pullpolicy.files.yaml_values import yaml_values  # not for JSON

        start = line
        try:
            for start, value in yaml_values(text, line):
                if value is not None:
                    self._number += 1
                    json = msgspec.json.encode(value)
                    yield JsonDocument(self._file, self._number, start, read_envelope(json), json, text, line)
        except MalformedError as error:
            self._number += 1
            template = _template_line(text, error.line - line)
            at = error.line if template is None else line + template
            problem = error.problem if template is None else TEMPLATE
            yield _error(self._file, self._number, f"line {at}", problem)
        except (msgspec.ValidationError, UnicodeEncodeError):
            yield _error(self._file, self._number, f"line {start}", "expected an object")
        except RecursionError:
            yield _error(self._file, self._number, f"line {start}", "nested too deeply")


def read_envelope(json: bytes | memoryview | msgspec.Raw) -> Envelope:
    """Return the envelope of a document. Raises msgspec.ValidationError for what is neither object nor list."""
    try:
        return msgspec.json.decode(json, type=Envelope)
    except msgspec.ValidationError:
        pass
    try:
        bare = msgspec.json.decode(json, type=_ObjectHead)  # an object whose `items` are no list
    except msgspec.ValidationError:
        if bytes(memoryview(json)[:1]) != b"[":
            raise
        return Array("v1", "List", msgspec.json.decode(json, type=list[msgspec.Raw]))
    return Envelope(bare.api_version, bare.kind)


def _template_line(text: str, broken: int) -> int | None:
    """Return the line that shows a text to be a template: `{{` at the error, or at the beginning of a line.

    Elsewhere it proves nothing: dashboards and alerts hold `{{` within strings.
    """
    rows = text.split("\n")
    for index in (broken, broken - 1):
        if 0 <= index < len(rows) and "{{" in rows[index]:
            return index
    return next((index for index, row in enumerate(rows) if row.startswith("{{")), None)


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Split the text before each `---`, each piece with its first line; directives stay with their document."""
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text) if found.start()), len(text)]
    begin, line = 0, 1
    for end in starts[1:]:
        rows = [row for row in text[begin:end].split("\n") if row.strip() and not row.lstrip().startswith("#")]
        if end < len(text) and rows and all(row.startswith("%") for row in rows):
            continue
        yield line, text[begin:end]
        line += text.count("\n", begin, end)
        begin = end
