"""Manifests that trip other tools: every reference is found and pinned, and no other byte changes."""

import json

import pytest

from kubectl_pullpolicy.core.manifests.manifest import read_manifest
from kubectl_pullpolicy.core.syntax.yaml_parser import TEMPLATE
from kubectl_pullpolicy.files.documents import JsonDocument, read_documents
from tests.core.manifests.editing import DIGEST, PIN, changed, images, pinned

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {note: "image: nginx:1"}}
spec:
  template:
    spec:
"""

# name, text, the references that are pinned
LAYOUTS = [
    ("block", f"{POD}  - name: a\n    image: nginx:1.25\n", ["nginx:1.25"]),
    ("a port is no tag", f"{POD}  - name: a\n    image: h:5000/app\n", ["h:5000/app"]),
    ("image first", f"{POD}  - image: nginx:1.25\n    name: a\n", ["nginx:1.25"]),
    ("single quotes", f"{POD}  - name: a\n    image: 'nginx:1.25'\n", ["nginx:1.25"]),
    ("double quotes", f'{POD}  - name: a\n    image: "nginx:1.25"\n', ["nginx:1.25"]),
    ("quoted key", f'{POD}  - "name": a\n    "image": nginx:1.25\n', ["nginx:1.25"]),
    ("comment behind", f"{POD}  - name: a\n    image: nginx:1.25 # image: redis:7\n", ["nginx:1.25"]),
    ("comments between", f"{POD}  # a\n  - name: a # b\n    # image: x\n    image: nginx # c\n    # d\n", ["nginx"]),
    ("flow container", f"{POD}  - {{name: a, image: nginx:1.25}}\n", ["nginx:1.25"]),
    ("flow without tag", f"{POD}  - {{name: a, image: nginx}}\n", ["nginx"]),
    ("flow, image first", f"{POD}  - {{image: nginx:1.25, name: a}}\n", ["nginx:1.25"]),
    ("flow over lines", f"{POD}  - {{name: a,\n     image: nginx:1.25 , # c\n     args: [x]}}\n", ["nginx:1.25"]),
    ("flow all over", '{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: "nginx"}]}}\n', ["nginx"]),
    ("windows lines", f"{POD}  - name: a\n    image: nginx:1.25\n".replace("\n", "\r\n"), ["nginx:1.25"]),
    ("old mac lines", f"{POD}  - name: a\n    image: nginx:1.25\n".replace("\n", "\r"), ["nginx:1.25"]),
    ("next lines", f"{POD}  - name: a\n    image: nginx:1.25\n".replace("\n", "\x85"), ["nginx:1.25"]),
    ("mixed lines", f"{POD}  - name: a\r\n    image: nginx:1.25\r    args: []\n", ["nginx:1.25"]),
    ("no final newline", f"{POD}  - name: a\n    image: nginx:1.25", ["nginx:1.25"]),
    ("byte order mark", f"\ufeff{POD}  - name: a\n    image: nginx:1.25\n", ["nginx:1.25"]),
    ("mark and windows", f"\ufeff{POD}  - name: a\n    image: a/b\n".replace("\n", "\r\n"), ["a/b"]),
    ("trailing blanks", f"{POD}  - name: a  \n    image: nginx:1.25   \n\n\n", ["nginx:1.25"]),
    (
        "other scripts",
        f"{POD}  - name: a\n    args: [\u00e4\U0001f600\u65e5]\n    image: nginx:1.25 # \u00fc\n",
        ["nginx:1.25"],
    ),
    ("long lines", f"{POD}  - name: a\n    args: [{'x' * 300}, {'y' * 300}]\n    image: nginx\n", ["nginx"]),
    ("several documents", f"{POD}  - {{name: a, image: b}}\n---\n{POD}  - {{name: a, image: c}}\n---\n", ["b", "c"]),
    ("documents of old mac", f"{POD}  - {{image: b}}\n---\n{POD}  - {{image: c}}\n".replace("\n", "\r"), ["b", "c"]),
    ("directives", f"%YAML 1.1\n%TAG !e! tag:e,2000:\n---\n{POD}  - {{name: a, image: b}}\n...\n", ["b"]),
    ("end marks", f"---\n{POD}  - {{name: a, image: b}}\n...\n---\n{POD}  - image: c\n...\n", ["b", "c"]),
    ("folded", f"{POD}  - name: a\n    image: >-\n      nginx:1.25\n    args: []\n", ["nginx:1.25"]),
    ("literal", f"{POD}  - name: a\n    image: |-  # c\n      nginx:1.25\n\n    args: []\n", ["nginx:1.25"]),
    ("tagged", f"{POD}  - name: a\n    image: !!str nginx:1.25\n", ["nginx:1.25"]),
    ("anchor, unused", f"{POD}  - name: a\n    image: &i nginx:1.25\n", ["nginx:1.25"]),
    ("anchor and tag", f'{POD}  - name: a\n    image: !!str   &i  "nginx:1.25"\n', ["nginx:1.25"]),
    ("value on its own line", f"{POD}  - name: a\n    image:\n      nginx:1.25\n", ["nginx:1.25"]),
    ("explicit key", f"{POD}  - ? name\n    : a\n    ? image\n    : nginx:1.25\n", ["nginx:1.25"]),
    ("sequence not indented", f"{POD}  -\n    name: a\n    image: b\n", ["b"]),
    ("duplicate key", f"{POD}  - name: a\n    image: old:1\n    image: new:1\n", ["new:1"]),
    ("two tags of one name", f"{POD}  - {{name: a, image: 'b:1'}}\n  - {{name: b, image: 'b:2'}}\n", ["b:1", "b:2"]),
    (
        "initContainers",
        f"{DEPLOYMENT}      initContainers:\n      - image: a\n      containers:\n      - image: b\n",
        ["a", "b"],
    ),
    ("ephemeral", f"{POD}  - image: a\n  ephemeralContainers:\n  - image: b\n", ["a", "b"]),
    ("image volume", f"{POD}  - image: a\n  volumes:\n  - name: v\n    image: {{reference: b/c:1}}\n", ["a", "b/c:1"]),
    ("other volumes", f"{POD}  - image: a\n  volumes:\n  - {{name: v, emptyDir: {{}}}}\n  - null\n", ["a"]),
    (
        "cron job",
        "apiVersion: batch/v1\nkind: CronJob\n"
        "spec:\n  jobTemplate: {spec: {template: {spec: {containers: [{image: a}]}}}}\n",
        ["a"],
    ),
    ("pod template", "apiVersion: v1\nkind: PodTemplate\ntemplate: {spec: {containers: [{image: a}]}}\n", ["a"]),
    (
        "rollout",
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {spec: {containers: [{image: a}]}}}\n",
        ["a"],
    ),
    (
        "deep shape",
        "apiVersion: ray.io/v1\nkind: RayCluster\nspec:\n  workers:\n  - template: {spec: {containers: [{image: a}]}}\n"
        "  head: {template: {spec: {initContainers: [{image: b}], containers: [{image: c}]}}}\n",
        ["a", "b", "c"],
    ),
    (
        "list",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec: {containers: [{image: a}]}\n"
        "- {apiVersion: v1, kind: ConfigMap, data: {image: b}}\n",
        ["a"],
    ),
    ("helm expression", f'{POD}  - name: a\n    image: "{{{{ .Values.image }}}}"\n  - image: b\n', ["b"]),
    ("upper case", f"{POD}  - image: Nginx\n  - image: b\n", ["b"]),
    ("number", f"{POD}  - image: 1.25\n  - image: b\n", ["b"]),
    ("nothing", f"{POD}  - image:\n  - image: ''\n  - image: ~\n  - name: x\n  - image: b\n", ["b"]),
    ("two lines", f"{POD}  - image: >-\n      a\n      b\n  - image: b\n", ["b"]),
    ("ignored behind", f"{POD}  - image: a # pullpolicy: ignore\n  - image: b\n", ["b"]),
    ("ignored above", f"{POD}  # pullpolicy: ignore (vendored)\n  - name: x\n    image: a\n  - image: b\n", ["b"]),
    ("ignored right above", f"{POD}  - name: x\n    #pullpolicy: ignore\n    image: a\n  - image: b\n", ["b"]),
    ("ignored in flow", f"{POD}  - {{name: x, image: a}} # pullpolicy: ignore\n  - image: b\n", ["b"]),
    ("not ignored by a string", f'{POD}  - {{image: a, args: [" # pullpolicy: ignore"]}}\n  - image: b\n', ["a", "b"]),
]
NO_IMAGES = [
    (
        "config map",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    spec:\n      containers:\n      - image: nginx\n",
    ),
    ("annotation", "apiVersion: v1\nkind: Service\nmetadata:\n  annotations: {image: 'nginx:1'}\n"),
    (
        "schema",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n"
        "  x: {spec: {containers: [{image: nginx}]}}\n",
    ),
    ("a field called image", "apiVersion: x.io/v1\nkind: Site\nspec: {image: logo.png, containers: 3}\n"),
    ("status", "apiVersion: x.io/v1\nkind: Site\nstatus: {spec: {containers: [{image: nginx}]}}\n"),
    ("comment", "# image: nginx\n"),
    ("nothing at all", ""),
]


def meaning(text: str) -> list[object]:
    """The documents as Kubernetes reads them, by the reader of `explain -f`."""
    found = read_documents("x", text.encode())
    return [json.loads(bytes(document.json)) for document in found if isinstance(document, JsonDocument)]


def unpinned(value: object) -> object:
    """The same without the digest."""
    return json.loads(json.dumps(value).replace(PIN, ""))


@pytest.mark.parametrize(("text", "images"), [case[1:] for case in LAYOUTS], ids=[case[0] for case in LAYOUTS])
def test_every_reference_is_pinned_and_no_other_byte_changes(text: str, images: list[str]) -> None:
    outcome = pinned(text)
    assert outcome.images == images
    assert outcome.refused == []
    assert outcome.text.count(PIN) == len(images)
    assert outcome.text.replace(PIN, "") == text
    assert unpinned(meaning(outcome.text)) == meaning(text)
    assert [image for image in pinned(outcome.text).images if PIN not in image] == []


@pytest.mark.parametrize("text", [case[1] for case in NO_IMAGES], ids=[case[0] for case in NO_IMAGES])
def test_strings_that_only_look_like_images_are_left_alone(text: str) -> None:
    assert images(text) == []


JSON = [
    ("compact", '{"kind":"Pod","apiVersion":"v1","spec":{"containers":[{"name":"a","image":"nginx"}]}}', 1),
    ("tabs", '{\n\t"apiVersion": "v1",\n\t"kind": "Pod",\n\t"spec": {"containers": [{"image": "nginx"}]}\n}\n', 1),
    ("emoji", r'{"apiVersion":"v1","kind":"Pod","x":"\ud83d\ude00\/","spec":{"containers":[{"image":"nginx"}]}}', 1),
    ("long key", '{"apiVersion":"v1","kind":"Pod","' + "k" * 2000 + '":1,"spec":{"containers":[{"image":"a"}]}}', 1),
    ("two", '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"a"}]}}' * 2, 2),
    ("array", '[{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"a"}]}}]', 1),
    ("escaped", r'{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"im\u0061ge":"a\/b"}]}}', 1),
    ("after a mark", '--- {"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"a"}]}}\n---\n' + POD, 1),
    ("control", '{"apiVersion":"v1","kind":"Pod","x":"\x7f\x90","spec":{"containers":[{"image":"a"}]}}', 1),
]


@pytest.mark.parametrize(("text", "count"), [case[1:] for case in JSON], ids=[case[0] for case in JSON])
def test_json_stays_json(text: str, count: int) -> None:
    outcome = pinned(text)
    assert outcome.text.count(PIN) == count
    assert len(outcome.text) == len(text) + count * len(PIN) - ("a\\/b" in text)
    assert unpinned(meaning(outcome.text)) == meaning(text)


def test_a_template_costs_no_other_document() -> None:
    text = f"{POD}  - image: a\n---\nimage: {{{{ .x }}}}\n{{{{- if .y }}}}\n---\n{POD}  - image: b\n"
    manifest = read_manifest(text, "x.yaml")
    assert [(bad.number, bad.problem) for bad in manifest.malformed] == [(2, TEMPLATE)]
    assert pinned(text).text == text.replace("image: a\n", f"image: a{PIN}\n").replace("image: b\n", f"image: b{PIN}\n")


def test_documents_without_images_keep_their_numbers() -> None:
    """They are not parsed, which is most of what a bundle with custom resources would cost."""
    schema = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: [image\n"
    text = f"# only a comment\n---\n{schema}---\nkind: Service\n---\n{POD}  - image: a\n"
    (document,) = read_manifest(text, "x.yaml").documents
    assert (document.number, document.line(document.images[0])) == (3, 15)
    assert pinned(text).text == text.replace("image: a", f"image: a{PIN}")


def test_broken_yaml_is_told_with_its_line() -> None:
    manifest = read_manifest(f"{POD}  - image: a\n---\nkind: [image\n", "x.yaml")
    assert [(bad.number, bad.line) for bad in manifest.malformed] == [(2, 10)]
    assert "expected ',' or ']'" in manifest.malformed[0].problem


def test_an_anchor_is_edited_once_for_all_its_users() -> None:
    text = f"{POD}  - name: a\n    image: &i nginx:1\n  - name: b\n    image: *i\n"
    assert pinned(text).text == text.replace("nginx:1", f"nginx:1{PIN}")


def test_an_alias_of_something_else_is_written_out() -> None:
    text = f"x: &i nginx:1\n{POD}  - name: b\n    image: *i\n"
    assert pinned(text).text == text.replace("*i", f"nginx:1{PIN}")


def test_an_anchor_that_something_else_uses_is_refused() -> None:
    text = f"{POD}  - name: a\n    image: &i nginx:1\n    args: [*i]\n  - image: b\n"
    outcome = pinned(text)
    assert outcome.text == text.replace("image: b", f"image: b{PIN}")
    assert outcome.refused == ["its anchor &i is used by something else, too"]


def test_the_image_of_a_merged_container_is_edited_where_it_stands() -> None:
    text = f"{POD}  - &c\n    name: a\n    image: nginx:1\n  - <<: *c\n    name: b\n  - <<: [*c]\n    image: other\n"
    outcome = pinned(text)
    assert outcome.images == ["nginx:1", "nginx:1", "other"]
    assert outcome.text.replace(PIN, "") == text
    assert outcome.text.count(PIN) == 2


def test_a_shared_image_is_not_changed_for_one_container_alone() -> None:
    text = f"{POD}  - &c\n    name: a\n    image: nginx:1\n  - <<: *c\n    name: b\n"
    outcome = changed(text, digest=DIGEST, only=["a"])
    assert outcome.text == text
    assert "spec.containers[1].image" in outcome.refused[0]


def test_a_kustomization_keeps_its_names_and_gets_the_digest_behind_the_tag() -> None:
    text = (
        "images:\n- name: nginx # the proxy\n  newTag: '1.25'\n- name: app\n  newName: h:5000/app\n  newTag: v1\n"
        "- {name: redis, digest: sha256:" + "f" * 64 + "}\n- name: untagged\n  newName: x\n"
    )
    found = images(text, "kustomization.yaml")
    assert [place.image for place in found] == ["nginx:1.25", "h:5000/app:v1", f"redis@sha256:{'f' * 64}", "x"]
    assert [bool(place.problem) for place in found] == [False, False, False, True]
    outcome = pinned(text, "kustomization.yaml").text
    assert outcome == text.replace("1.25'", f"1.25{PIN}'").replace("v1\n", f"v1{PIN}\n").replace("f" * 64, DIGEST[7:])


def test_values_of_a_chart_are_pinned_in_their_digest_or_else_in_their_tag() -> None:
    text = (
        'image:\n  registry: quay.io\n  repository: team/app\n  tag: "1.10"\n  digest: ""\n'
        "web: {image: {repository: web, tag: v2}}\nsidecarImage: a/b:3\nimage2: c\n"
        "images: {x: {repository: yes/y, tag: 1.5}}\n"
        "numbers: {image: {repository: z, tag: 1.10}}\nlater: {image: {repository: z, tag: ''}}\nlogoImage: logo\n"
    )
    found = images(text, "values.yaml")
    assert [place.image for place in found if not place.problem] == [
        "quay.io/team/app:1.10",
        "web:v2",
        "a/b:3",
        "yes/y:1.5",
    ]
    outcome = pinned(text, "values.yaml").text
    assert outcome == text.replace('digest: ""', f'digest: "{DIGEST}"').replace("v2", f"v2{PIN}").replace(
        "a/b:3", f"a/b:3{PIN}"
    ).replace("1.5", f"1.5{PIN}")


def test_files_that_are_neither_objects_nor_values_hold_no_images() -> None:
    text = "site: {image: logo.png}\n"
    (document,) = read_manifest(text, "mkdocs.yml").documents
    assert document.images == ()
    assert [field.image for field in images(text, "values-prod.yaml")] == ["logo.png"]


def test_lines_are_those_of_the_file() -> None:
    text = f"# c\n{POD}  - image: a\n---\n{POD}  - name: x\n    image: b\n"
    found = [
        (document.line(field), field.image)
        for document in read_manifest(text, "x").documents
        for field in document.images
    ]
    assert found == [(8, "a"), (17, "b")]
