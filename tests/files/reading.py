"""Reading files in tests: content in, subjects and errors out."""

from io import BytesIO
from pathlib import Path
from typing import Any

from kubectl_pullpolicy.core.k8s.objects import meta
from kubectl_pullpolicy.core.source.interface import Selection, Subject
from kubectl_pullpolicy.files.source import FileSource

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  containers:
  - name: app
    image: {image}
"""


def source_of(folder: Path, content: str | bytes, name: str = "pods.yaml") -> FileSource:
    """A source of one file with this content."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return FileSource([str(folder / name)])


def piped(content: str | bytes) -> FileSource:
    """A source of standard input with this content; it is called STDIN in messages."""
    return FileSource(["-"], stdin=BytesIO(content.encode() if isinstance(content, str) else content))


def subjects(source: Any, namespace: str | None = None, labels: str = "", fields: str = "") -> list[Subject]:
    """All subjects of a selection."""
    return [subject for page in source.pages(Selection(namespace, labels, fields)) for subject in page]


def names(source: Any, namespace: str | None = None, labels: str = "", fields: str = "") -> list[str]:
    """KIND/NAME of all subjects of a selection."""
    return [f"{thing.kind}/{meta(thing).name}" for thing in subjects(source, namespace, labels, fields)]


def messages(source: FileSource) -> list[str]:
    """What could not be read."""
    return [str(error) for error in source.errors]
