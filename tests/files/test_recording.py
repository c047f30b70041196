"""A recording answers as the source did that it was made from, and holds nothing that it should not."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.managed_fields import LAST_APPLIED
from kubectl_pullpolicy.core.k8s.objects import ContainerLog, ObjectMeta, ObjectRef, meta
from kubectl_pullpolicy.core.source.interface import Source
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf, Need, NotRead, Reading
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.files.recorder import Recorder
from kubectl_pullpolicy.files.source import FileSource
from tests.files.reading import names, subjects
from tests.files.replay import NOW, Cluster, recorded, replayed, together
from tests.harness.builders import applied, container, managed, objects, pod, read, workload

C = container()
RS = ObjectRef("apps/v1", "ReplicaSet", "shop", "web")
DEPLOYMENTS = ListOf("apps/v1", "Deployment", "shop")
FORBIDDEN = Forbidden("list", "replicasets.apps", "Error from server (Forbidden): replicasets.apps is forbidden")


def test_a_recording_is_written_in_this_form() -> None:
    """Objects once and sorted, keys of maps sorted; fieldsV1 stays as the server wrote it."""
    entry = managed("kubectl") | {"fieldsV1": {"f:spec": {}}}
    first = read(pod(C, owner="ReplicaSet/web", metadata={"managedFields": [entry], "labels": {"b": "1", "a": "2"}}))
    answers = [
        Reading(Get(RS), (), Absent("gone")),
        Reading(DEPLOYMENTS, ()),
        Reading(ListOf("apps/v1", "ReplicaSet", "shop"), (), FORBIDDEN),
    ]
    written = recorded(Cluster([first], answers), [Get(RS), DEPLOYMENTS, ListOf("apps/v1", "ReplicaSet", "shop")])
    assert written.decode() == Path(__file__).with_name("recording.json").read_text()


def test_a_recording_is_read_back_with_its_time() -> None:
    """The newest of several; --now wins over it."""
    source = replayed(recorded(Cluster(objects(pod(C)))))  # type: ignore[arg-type]
    assert (source.now, source.namespace, list(source.errors)) == (NOW, None, [])


@pytest.mark.parametrize(
    "reading",
    [
        Reading(Get(RS), tuple(objects(workload("ReplicaSet", C)))),
        Reading(Get(RS), (), Absent('replicasets.apps "web" not found')),
        Reading(Get(RS), (), FORBIDDEN),
        Reading(Get(RS), (), NotRead()),
        Reading(
            DEPLOYMENTS,
            tuple(objects(workload("Deployment", C, name="a"), workload("Deployment", C, name="b", uid="b"))),
        ),
        Reading(DEPLOYMENTS, ()),
        Reading(DEPLOYMENTS, (), Forbidden("list", "deployments.apps", "no")),
        Reading(DEPLOYMENTS, (), Absent("no such resource")),
        Reading(DEPLOYMENTS, (), NotRead()),
        Reading(
            DEPLOYMENTS._replace(label_selector="app in (a)"),
            tuple(objects(workload("Deployment", C, labels={"app": "a"}))),
        ),
    ],
)
def test_a_recording_answers_what_was_asked_as_the_source_did(reading: Reading) -> None:
    """Known, Absent, Forbidden with verb, resource and message, NotRead."""
    cluster = Cluster([], [reading])
    replay = replayed(recorded(cluster, [reading.need]))
    assert together(replay, reading.need) == together(cluster, reading.need)


@pytest.mark.parametrize(
    ("asked", "outcome", "need", "expected"),
    [
        (DEPLOYMENTS._replace(namespace=None), None, DEPLOYMENTS, None),
        (DEPLOYMENTS, None, DEPLOYMENTS._replace(label_selector="a=b"), None),
        (DEPLOYMENTS, None, DEPLOYMENTS._replace(namespace=None), NotRead()),
        (DEPLOYMENTS._replace(label_selector="a=b"), None, DEPLOYMENTS, NotRead()),
        (DEPLOYMENTS, None, Get(ObjectRef("apps/v1", "Deployment", "shop", "gone")), Absent()),
        (DEPLOYMENTS, None, Get(ObjectRef("apps/v1", "Deployment", "other", "gone")), NotRead()),
        (DEPLOYMENTS, FORBIDDEN, DEPLOYMENTS._replace(label_selector="a=b"), FORBIDDEN),
        (DEPLOYMENTS, FORBIDDEN, DEPLOYMENTS._replace(namespace="other"), NotRead()),
    ],
)
def test_a_recording_answers_what_follows_from_what_was_asked(
    asked: Need, outcome: Forbidden | None, need: Need, expected: Any
) -> None:
    """A whole list proves what is not in it; RBAC does not look at selectors."""
    replay = replayed(recorded(Cluster([], [Reading(asked, (), outcome)]), [asked]))
    assert together(replay, need).outcome == expected


def test_the_last_answer_to_a_need_counts() -> None:
    """`-w` asks again."""
    cluster = Cluster([], [Reading(DEPLOYMENTS, (), FORBIDDEN)])
    recorder = Recorder(cluster, "", "")
    list(recorder.read([DEPLOYMENTS]))
    cluster._answers[DEPLOYMENTS] = Reading(DEPLOYMENTS, ())
    list(recorder.read([DEPLOYMENTS]))
    written = BytesIO()
    recorder.write("-", stdout=written)
    assert together(replayed(written.getvalue()), DEPLOYMENTS).outcome is None


def test_only_pods_are_subjects_of_a_recording() -> None:
    """Owners were read about them."""
    owner = Reading(Get(RS), tuple(objects(workload("ReplicaSet", C))))
    assert names(replayed(recorded(Cluster(objects(pod(C)), [owner]), [owner.need]))) == ["Pod/web-1"]  # type: ignore[arg-type]


def test_what_was_explained_is_explained_again() -> None:
    """A template that was explained, and not the Pods that were only read about others."""
    (template,) = objects(workload("Deployment", C))
    others = ListOf("v1", "Pod", "shop", field_selector="spec.nodeName=node-1")
    cluster = Cluster([template], [Reading(others, tuple(objects(pod(C))))])  # type: ignore[list-item]
    replay = replayed(recorded(cluster, [others]))
    assert names(replay) == ["Deployment/web"]
    assert [meta(thing).name for thing in together(replay, others).objects] == ["web-1"]


def test_a_pod_that_was_named_is_explained_again_without_its_name() -> None:
    """And none of those that were only read beside it."""
    named, other = (tuple(objects(pod(C, metadata={"name": name}))) for name in ("web-1", "other"))
    beside = ListOf("v1", "Pod", "shop", field_selector="spec.nodeName=node-1")
    by_name = Get(ObjectRef("v1", "Pod", "shop", "web-1"))
    cluster = Cluster([], [Reading(by_name, named), Reading(beside, other)])
    assert names(replayed(recorded(cluster, [by_name, beside]))) == ["Pod/web-1"]


def test_fields_v1_are_kept_byte_for_byte() -> None:
    """Laying out the file does not touch them; equal ones are not mixed up with others."""
    texts = [b'{"f:a":{ "k:{\\"name\\":\\"x\\"}" : {}}}', b"{}", b'{"f:b":\t{}}', b"{}"]
    entries = b",".join(b'{"manager":"m","fieldsV1":%s}' % text for text in texts)
    source = FileSource(["-"], stdin=BytesIO(b'{"kind":"Pod","metadata":{"name":"a","managedFields":[%s]}}' % entries))
    written = recorded(source)
    for content in (subjects(source), subjects(replayed(written))):
        found = meta(content[0]).managed_fields or ()
        assert [bytes(entry.fields_v1) for entry in found if entry is not None] == texts


def test_nothing_secret_is_recorded() -> None:
    """Of annotations only those that explanations read, of the last-applied manifest only images and policies."""
    secret: dict[str, Any] = {"env": [{"name": "X", "value": "hunter2"}], "args": ["hunter2"]}
    annotations = {"deployment.kubernetes.io/revision": "3", "vault": "hunter2"}
    last = applied("Deployment", container(**secret))
    deployment = workload("Deployment", container(**secret), annotations=annotations | last)
    deployment["spec"]["template"]["metadata"] = {"annotations": {"vault": "hunter2"}, "labels": {"app": "web"}}
    cron = workload("CronJob", C)
    cron["spec"]["jobTemplate"]["spec"]["template"]["metadata"] = {"annotations": {"vault": "hunter2"}}
    template = workload("PodTemplate", C)
    template["template"]["metadata"] = {"annotations": {"vault": "hunter2"}}
    revision = {"kind": "ControllerRevision", "metadata": {"name": "r"}, "data": {"spec": deployment["spec"]}}
    node = {"kind": "Node", "metadata": {"name": "n", "labels": {"kubernetes.io/os": "linux", "owner": "hunter2"}}}
    static = pod(C, metadata={"annotations": {"kubernetes.io/config.mirror": "m", "vault": "hunter2"}})
    things = objects(deployment, cron, template, revision, node)
    need = ListOf("v1", "Mixed", None)
    written = recorded(Cluster(objects(static), [Reading(need, tuple(things))]), [need])  # type: ignore[arg-type]
    assert b"hunter2" not in written
    content = {thing["kind"]: thing for thing in json.loads(written)["objects"]}
    kept = content["Deployment"]["metadata"]["annotations"]
    assert sorted(kept) == ["deployment.kubernetes.io/revision", LAST_APPLIED]
    assert json.loads(kept[LAST_APPLIED])["spec"]["template"]["spec"] == {"containers": [C]}
    assert content["Deployment"]["spec"]["template"]["metadata"] == {"labels": {"app": "web"}}
    assert content["Node"]["metadata"]["labels"] == {"kubernetes.io/os": "linux"}
    assert content["Pod"]["metadata"]["annotations"] == {"kubernetes.io/config.mirror": "m"}


def test_of_a_log_only_the_line_that_explains_is_recorded() -> None:
    log = Get(ObjectRef("v1", "ContainerLog", "shop", "web-1/main"))
    metadata = ObjectMeta(name="web-1/main", namespace="shop")
    text = "password=hunter2\nexec /app: exec format error\ntoken=abc\n"
    held = ContainerLog("v1", "ContainerLog", metadata, text)
    written = recorded(Cluster([], [Reading(log, (held,))]), [log])
    assert b"hunter2" not in written
    assert b"token" not in written
    (reading,) = replayed(written).read([log])
    assert [thing.text for thing in reading.objects if isinstance(thing, ContainerLog)] == [
        "exec /app: exec format error"
    ]


def test_who_asked_is_not_recorded() -> None:
    """A refusal names its user, often by mail address."""
    message = 'deployments.apps is forbidden: User "jane@example.com" cannot list resource "deployments"'
    cluster = Cluster([], [Reading(DEPLOYMENTS, (), Forbidden("list", "deployments.apps", message))])
    written = recorded(cluster, [DEPLOYMENTS])
    assert b"jane" not in written
    assert json.loads(written)["missing"][0]["message"] == (
        'deployments.apps is forbidden: User "-" cannot list resource "deployments"'
    )


def test_a_recording_is_written_atomically_and_equal_each_time(tmp_path: Path) -> None:
    """So that recordings in git can be compared."""
    things = objects(*(pod(C, metadata={"name": name, "uid": name}) for name in "cab"))
    first, second = tmp_path / "1", tmp_path / "2"
    for path, order in ((first, things), (second, things[::-1])):
        recorder = Recorder(Cluster(order), "", "")  # type: ignore[arg-type]
        subjects(recorder)
        recorder.write(str(path))
    assert first.read_bytes() == second.read_bytes()
    assert names(FileSource([str(first)])) == ["Pod/a", "Pod/b", "Pod/c"]


def test_a_recorder_shows_its_source() -> None:
    """Time, namespace and errors pass through."""
    cluster = Cluster([])
    cluster.errors = [PullPolicyError("x")]
    recorder: Source = Recorder(cluster, "", "")
    assert (recorder.now, recorder.namespace, recorder.errors) == (NOW, "shop", cluster.errors)


def test_a_broken_object_of_a_recording_costs_only_itself() -> None:
    """The place is told."""
    head = '{"apiVersion": "kubectl-pullpolicy/v1alpha1", "kind": "Recording", "time": "2026-05-01T10:00:00Z"'
    source = replayed(f'{head}, "objects": [{{"kind": "Pod"}}, {{"kind": "Pod", "spec": 5}}]}}'.encode())
    assert names(source) == ["Pod/None"]
    assert [str(error) for error in source.errors] == [
        "error: error parsing STDIN: document 1, line 1: $.objects[1].spec: expected an object, found a number"
    ]
