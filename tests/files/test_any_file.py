"""Every decoder of files against any input: values or FileError, and no other file is affected."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.manifests.changes import ImageChange
from kubectl_pullpolicy.core.manifests.edits import rewritten
from kubectl_pullpolicy.core.syntax.json_tree import json_roots
from kubectl_pullpolicy.core.syntax.yaml_parser import MalformedError
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.files.manifests import ManifestFile, read_manifests
from tests.core.manifests.editing import DIGEST
from tests.files.reading import messages, piped, subjects
from tests.files.test_any_input import PIECES

FILES = ["manifest.yaml", "kustomization.yaml", "values.yaml", "values-prod.yml", "a.json"]
IMAGES = st.sampled_from(
    ["nginx", "nginx:1.25", f"a/b:1@{DIGEST}", "h:5000/a", "{{ .Values.image }}", "", "A/B:%", "1.10", "9" * 5000]
)
TIMES = st.sampled_from(
    [
        "2026-01-02T03:04:05Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "2026-01-02T03:04:05.123456789+14:00",
        "x",
        "",
    ]
)
LEAVES = st.one_of(
    IMAGES, TIMES, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.sampled_from([10**400])
)
KEYS = st.sampled_from(
    [
        *("image", "images", "repository", "registry", "tag", "digest", "newTag", "newName", "name", "imagePullPolicy"),
        *("kind", "apiVersion", "metadata", "spec", "template", "containers", "initContainers", "volumes", "items"),
        *("status", "conditions", "containerStatuses", "state", "waiting", "running", "startedAt", "lastTimestamp"),
        *("reason", "message", "involvedObject", "count", "series", "ownerReferences", "managedFields", "time", "<<"),
    ]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=10,
)
KINDS = st.sampled_from(
    ["Pod", "Deployment", "CronJob", "Event", "Node", "List", "PodList", "Widget", "Recording", "Secret"]
)
JSON_CHARACTERS = '{}[]",:0123456789.eE+-truefalsn\\ \n'
VERSIONS = st.sampled_from(["v1", "apps/v1", "batch/v1", "kubectl-pullpolicy/v1alpha1", "example.com/v1", ""])


@st.composite
def objects(draw: st.DrawFn) -> Any:
    """Something like an object: fields of the API with values of any type."""
    found = draw(st.dictionaries(KEYS, VALUES, max_size=5))
    found |= {"kind": draw(KINDS), "apiVersion": draw(VERSIONS)}
    for key in ("metadata", "spec", "status"):
        found[key] = draw(st.dictionaries(KEYS, VALUES, max_size=4))
    if draw(st.booleans()):
        found["metadata"] = {"name": "x", "namespace": "n", "creationTimestamp": draw(TIMES)}
    if draw(st.booleans()):
        found["spec"]["containers"] = [{"name": "c", "image": draw(IMAGES)}]
    return found


CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.lists(PIECES, max_size=25).map(lambda pieces: "".join(pieces).encode()),
    objects().map(lambda thing: json.dumps(thing).encode()),
    st.lists(objects(), max_size=3).map(
        lambda things: json.dumps({"kind": "List", "apiVersion": "v1", "items": things}).encode()
    ),
)


def read(content: bytes, name: str) -> Iterator[ManifestFile]:
    """The file as `pin -f` reads it, and an error in kubectl's words for what cannot be read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        for found in read_manifests([str(path)], recursive=False, stdin=BytesIO()):
            if isinstance(found, ManifestFile):
                assert all(str(error).startswith("error: ") for error in found.errors)
                yield found
            else:
                assert str(found).startswith("error: ")


@pytest.mark.fuzz
@given(CONTENTS, st.sampled_from(FILES), st.sampled_from(["", "Always", "Default"]))
def test_any_manifest_is_changed_or_left(content: bytes, name: str, policy: str) -> None:
    """Every image pinned, every policy set: what is refused says why, and no change is no change."""
    for file in read(content, name):
        changes = [
            ImageChange(name, document, image, policy=policy)
            for document in file.manifest.documents
            for image in document.images
        ]
        for change in changes:
            change.digest = DIGEST if change.reference is not None else ""
            assert change.reference is not None or change.unreadable is not None
            assert change.items
        outcome = rewritten(file.manifest, changes)
        assert set(outcome.refused) <= set(changes)
        assert rewritten(file.manifest, []).text.encode() == content


@pytest.mark.fuzz
@example("00")
@example("truefalse")
@given(
    st.one_of(
        st.text(max_size=60), st.text('{}[]",:0123456789.eE+-truefalsn\\ \n', max_size=60), VALUES.map(json.dumps)
    )
)
def test_json_is_read_as_python_reads_it(text: str) -> None:
    """A tree for what is JSON (NaN and Infinity aside), else MalformedError."""
    try:
        json.loads(text, parse_constant=lambda constant: json.loads("x"), parse_int=str, parse_float=str)
    except ValueError:
        with suppress(MalformedError):
            assert len(json_roots(text)) != 1
        return
    (root,) = json_roots(text)
    assert text[root.start : root.end] == text.strip(" \t\r\n")


@pytest.mark.fuzz
@given(
    st.dictionaries(
        st.sampled_from(["time", "server", "namespace", "objects", "asked", "missing", "subjects"]),
        VALUES | st.lists(objects(), max_size=3) | TIMES,
    )
)
def test_any_recording_is_read_or_refused(fields: dict[str, Any]) -> None:
    """Its lists of needs, too."""
    source = piped(json.dumps({"apiVersion": "kubectl-pullpolicy/v1alpha1", "kind": "Recording"} | fields))
    with suppress(PullPolicyError):
        subjects(source)
        assert source.now is not None
    assert all(message.startswith("error: ") for message in messages(source))


@pytest.mark.fuzz
@given(objects(), st.sampled_from(["explain", "diagnose"]), st.sampled_from(["", "json", "yaml", "wide"]))
def test_any_object_is_explained_or_refused(thing: Any, verb: str, output: str) -> None:
    """From the file to the screen: an exit code, never a traceback."""
    descriptor, path = tempfile.mkstemp(suffix=".json")
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(thing))
    try:
        assert main([verb, "-f", path, *(["-o", output] if output else [])]) in {0, 1}
    finally:
        Path(path).unlink()
