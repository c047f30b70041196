"""What is read out of YAML and JSON, and what is said of input that cannot be read."""

import json
import time
from contextlib import suppress

import pytest

from kubectl_pullpolicy.core.k8s.objects import Pod, Workload
from kubectl_pullpolicy.errors import FileError
from tests.files.reading import POD, messages, names, piped, subjects

GOOD = POD.format(name="a", image="nginx")
ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: a}
spec:
  replicas: "3"
  template: {spec: {containers: [{image: b}]}}
"""
KNATIVE = ROLLOUT.replace("argoproj.io/v1alpha1", "serving.knative.dev/v1").replace("Rollout", "Service")
TEMPLATE = "this is a Helm (Go) template, not YAML; render it first: helm template CHART | kubectl pullpolicy ... -f -"
QUOTES = "put it in quotes (the API server refuses it as it is)"

BROKEN: list[tuple[str, str | bytes, str]] = [
    (
        "colon",
        "kind: Pod\nmetadata:\n  name: a: b\n",
        "document 1, line 3: mapping values are not allowed in this context",
    ),
    (
        "tab",
        "kind: Pod\nmetadata:\n\tname: a\n",
        "document 1, line 3: found character that cannot start any token (a tab; YAML is indented with spaces)",
    ),
    (
        "third document",
        f"# first\n---\n{GOOD}---\n# none\n---\n{GOOD}---\nmetadata:\n  a: b: c\n",
        "document 3, line 24: mapping values are not allowed in this context",
    ),
    (
        "open quote",
        'kind: Pod\nmetadata:\n  name: "a\n\n\n',
        "document 1, line 6: found unexpected end of stream (while scanning a quoted scalar that begins in line 3)",
    ),
    ("NUL", f"{GOOD}x: \0\n", "document 1, line 9: control characters are not allowed"),
    ("escape", f"{GOOD}x: \x1b[1m\n", "document 1, line 9: control characters are not allowed"),
    ("Latin-1", f"{GOOD}# é\n".encode("latin-1"), "line 9: byte 0xe9 at offset 98 is not UTF-8"),
    ("UTF-16", GOOD.encode("utf-16"), "the file is UTF-16 (as PowerShell's > writes it); save it as UTF-8"),
    (
        "number",
        POD.format(name="a", image="1.10"),
        f"document 1, line 8: $.spec.containers[0].image: expected a string, found a number; {QUOTES}",
    ),
    (
        "boolean",
        POD.format(name="on", image="b"),
        f"document 1, line 4: $.metadata.name: expected a string, found a boolean; {QUOTES}",
    ),
    (
        "label",
        "kind: Pod\nmetadata:\n  labels:\n    a: b\n    x.y/z: 5\n",
        f"document 1, line 5: $.metadata.labels['x.y/z']: expected a string, found a number; {QUOTES}",
    ),
    (
        "containers",
        "kind: Pod\nspec:\n  containers: x\n",
        "document 1, line 3: $.spec.containers: expected a list, found a string",
    ),
    (
        "container",
        "kind: Pod\nspec:\n  containers:\n  - name: a\n  - 5\n",
        "document 1, line 5: $.spec.containers[1]: expected an object, found a number",
    ),
    ("metadata", '{"kind": "Pod", "metadata": []}', "document 1, line 1: $.metadata: expected an object, found a list"),
    ("no kind", "a: b\n", "document 1, line 1: Object 'Kind' is missing"),
    ("odd kind", "kind: [Pod]\n", "document 1, line 1: Object 'Kind' is missing"),
    ("text", "hello\n", "document 1, line 1: expected an object"),
    ("list of numbers", "[1]\n", "document 1, line 1: $[0]: expected an object, found a number"),
    ("template", "kind: Pod\nmetadata:\n  name: {{ .Values.name }}\n", f"document 1, line 3: {TEMPLATE}"),
    ("template with if", "{{- if .Values.x }}\nkind: Pod\n{{- end }}\n", f"document 1, line 1: {TEMPLATE}"),
    ("template below", "kind: Pod\n{{- if .Values.x }}\nmetadata: {}\n{{- end }}\n", f"document 1, line 2: {TEMPLATE}"),
    ("quoted template", POD.format(name="a", image='"{{ .Values.image }}"'), f"document 1, line 8: {TEMPLATE}"),
    ("truncated JSON", '{"kind": "Pod",\n "metadata": ', "document 1, line 2, column 14: unexpected end of JSON input"),
    ("broken JSON", '{"kind": "Pod",\n "metadata" 2}', "document 1, line 2, column 13: expected ':'"),
    (
        "JSON in Latin-1",
        b'{"kind": "Pod", "metadata": {"name": "\xe9"}}',
        "document 1, line 1: invalid UTF-8 in a string",
    ),
    ("deep JSON", '{"a":' * 100_000, "document 1, line 1: nested too deeply"),
    ("deep YAML", "- " * 100_000, "document 1, line 1: nested more than 200 deep"),
    ("deep flow", "a: " + "[" * 100_000, "document 1, line 1: nested more than 200 deep"),
    ("key", "kind: Pod\n? [a]\n: b\n", "document 1, line 2: a key must be a string, found a list"),
    ("no anchor", "kind: *a\n", "document 1, line 1: unknown anchor 'a' referenced"),
    ("anchor in itself", "kind: Pod\na: &a [*a]\n", "document 1, line 2: anchor 'a' value contains itself"),
    (
        "merge of text",
        "kind: Pod\n<<: a\n",
        "document 1, line 2: map merge requires map or sequence of maps as the value",
    ),
    ("binary", "kind: !!binary a\n", "document 1, line 1: !!binary value contains invalid base64 data"),
    (
        "aliases",
        f"a0: &a0 [{'x' * 40}]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)),
        "document 1, line 7: document contains excessive aliasing",
    ),
    (
        "merges",
        "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {{<<: [{','.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 12)),
        "document 1, line 8: document contains excessive aliasing",
    ),
    (
        "later recording",
        '{"apiVersion": "kubectl-pullpolicy/v9", "kind": "Recording"}',
        "document 1, line 1: this is a recording of version kubectl-pullpolicy/v9; only kubectl-pullpolicy/v1alpha1 "
        "can be read",
    ),
]


@pytest.mark.parametrize(("content", "problem"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_input_is_told_with_file_document_and_line(content: str | bytes, problem: str) -> None:
    """Quickly, whatever it is; the rest of the file is read all the same."""
    begun = time.monotonic()
    source = piped(content)
    with suppress(FileError):
        subjects(source)
    assert messages(source) == [f"error: error parsing STDIN: {problem}"]
    assert time.monotonic() - begun < 5


READ: list[tuple[str, str | bytes, list[str]]] = [
    ("YAML", GOOD, ["Pod/a"]),
    ("byte order mark", b"\xef\xbb\xbf" + GOOD.encode(), ["Pod/a"]),
    ("CRLF", GOOD.replace("\n", "\r\n"), ["Pod/a"]),
    ("CR", GOOD.replace("\n", "\r"), ["Pod/a"]),
    ("several documents", f"---\n{GOOD}---\n# none\n---\n{GOOD}...\n---\n{GOOD}", ["Pod/a"] * 3),
    ("content beside the separator", "--- {kind: Pod, metadata: {name: a}}\n", ["Pod/a"]),
    ("directive", f"%YAML 1.1\n---\n{GOOD}", ["Pod/a"]),
    ("flow", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", ["Pod/a"]),
    ("JSON", '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}', ["Pod/a"]),
    (
        "JSON documents",
        '{"kind":"Pod","metadata":{"name":"a"}}{"kind":"Pod"}\n\n{"kind":"Pod"}\n',
        ["Pod/a"] + ["Pod/None"] * 2,
    ),
    ("JSON and YAML", '{"kind":"Pod","metadata":{"name":"a"}}\n---\nkind: Pod\n', ["Pod/a", "Pod/None"]),
    ("array", '[{"kind":"Pod","metadata":{"name":"a"}}]', ["Pod/a"]),
    (
        "List",
        '{"kind":"List","items":[{"kind":"Pod"},null,{"kind":"Service"},{"kind":"Job"}]}',
        ["Pod/None", "Job/None"],
    ),
    (
        "PodList",
        '{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}',
        ["Pod/a", "Pod/b"],
    ),
    ("DeploymentList", "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n", ["Deployment/a"]),
    ("List of lists", "kind: List\nitems:\n- {kind: List, items: [{kind: PodList, items: [{}]}]}\n", ["Pod/None"]),
    ("null everywhere", "kind: Pod\nmetadata: ~\nspec: {containers: [~], volumes: ~}\nstatus:\n", ["Pod/None"]),
    ("same key twice", "kind: Pod\nmetadata: {name: a, name: b}\n", ["Pod/b"]),
    ("kinds not read", "kind: Secret\ndata: {a: Yg==}\n---\nkind: FooList\nitems: {a: b}\n", []),
    ("Argo Rollout", ROLLOUT, ["Rollout/a"]),
    ("Knative Service", KNATIVE, ["Service/a"]),
    ("foreign Job", "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nspec: {tasks: 5}\n", []),
    ("old Deployment", "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n", ["Deployment/a"]),
    ("braces in an annotation", "kind: Pod\nmetadata:\n  name: a\n  annotations: {x: '{{ y }}'}\n", ["Pod/a"]),
]


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_input_that_kubectl_takes_is_read(content: str | bytes, expected: list[str]) -> None:
    """Lists are taken apart, kinds without containers skipped."""
    source = piped(content)
    assert names(source) == expected
    assert messages(source) == []


def test_the_items_of_a_typed_list_get_its_kind_and_version() -> None:
    """`kubectl get --raw` leaves them out."""
    pod, other = subjects(piped('{"apiVersion":"v1","kind":"PodList","items":[{},{"kind":"Pod"}]}'))
    assert (pod.api_version, pod.kind, other.api_version, other.kind) == ("v1", "Pod", "v1", "Pod")


def test_a_foreign_kind_keeps_its_template_where_other_fields_have_other_types() -> None:
    """An Argo Rollout's `replicas` is none of our business."""
    (rollout,) = subjects(piped(ROLLOUT))
    assert isinstance(rollout, Workload)
    assert rollout.spec is not None
    assert rollout.spec.replicas is None
    assert rollout.spec.template is not None


def test_a_broken_item_of_a_list_costs_only_itself() -> None:
    """The place is told as JSONPath."""
    items = [{"kind": "Pod"}, {"kind": "Pod", "spec": {"containers": "x"}}, {"x": 1}, {"kind": "Pod"}]
    source = piped(json.dumps({"kind": "List", "items": items}))
    assert names(source) == ["Pod/None", "Pod/None"]
    assert messages(source) == [
        "error: error parsing STDIN: document 1, line 1: $.items[1].spec.containers: expected a list, found a string",
        "error: error parsing STDIN: document 1, line 1: $.items[2]: Object 'Kind' is missing",
    ]


def test_many_broken_items_take_no_longer_than_one() -> None:
    """Finding their lines reads the text once."""
    begun = time.monotonic()
    source = piped("kind: PodList\nitems:\n- {}\n" + "- metadata: {name: 1}\n" * 3000)
    assert names(source) == ["Pod/None"]
    assert messages(source)[-1] == (
        "error: error parsing STDIN: document 1, line 3003: $.items[3000].metadata.name: expected a string, found a "
        f"number; {QUOTES}"
    )
    assert time.monotonic() - begun < 5


def test_a_broken_document_costs_only_itself() -> None:
    """The others of the file are read."""
    source = piped(f"{GOOD}---\na: b: c\n---\n{GOOD}")
    assert names(source) == ["Pod/a", "Pod/a"]
    assert messages(source) == [
        "error: error parsing STDIN: document 2, line 10: mapping values are not allowed in this context"
    ]


def test_anchors_and_merge_keys_are_written_out() -> None:
    """What is written beside a merge key wins over what it brings."""
    text = (
        "kind: Pod\nspec:\n  containers:\n  - &c {name: a, image: b}\n"
        "  - name: d\n    <<: [*c, {name: x, imagePullPolicy: Always}]\n"
    )
    (pod,) = subjects(piped(text))
    assert isinstance(pod, Pod)
    assert pod.spec is not None
    assert pod.spec.containers is not None
    first, second = pod.spec.containers
    assert first is not None
    assert second is not None
    assert (first.name, first.image) == ("a", "b")
    assert (second.name, second.image, second.image_pull_policy) == ("d", "b", "Always")
