"""Which objects of files are subjects, and how needs are answered from them."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.objects import ObjectRef, meta
from kubectl_pullpolicy.core.source.interface import Selection, Source
from kubectl_pullpolicy.core.source.reads import Get, ListOf, Need, NotRead, Reading
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.files.source import FileSource
from tests.files.reading import messages, names, piped, source_of
from tests.harness.builders import container, pod, workload

C = container()


def dump(*manifests: dict[str, Any]) -> FileSource:
    """A source of `kubectl get -o json` output."""
    return piped(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))


def answer(source: Source, need: Need) -> Reading:
    """The one reading for a need."""
    (reading,) = source.read([need])
    return reading


def found(reading: Reading) -> list[str]:
    """The names of the objects of a reading."""
    return [meta(thing).name or "" for thing in reading.objects]


@pytest.mark.parametrize(
    ("manifests", "expected"),
    [
        ([pod(C)], ["Pod/web-1"]),
        ([workload("Deployment", C)], ["Deployment/web"]),
        ([pod(C, owner="Deployment/gone")], ["Pod/web-1"]),
        (
            [
                workload("Deployment", C),
                workload("ReplicaSet", C, owner="Deployment/web", name="rs"),
                pod(C, owner="ReplicaSet/rs"),
            ],
            ["Pod/web-1"],
        ),
        ([workload("Deployment", C), workload("ReplicaSet", C, owner="Deployment/web", name="rs")], ["Deployment/web"]),
        ([workload("ReplicaSet", C, owner="Deployment/gone", name="rs")], ["ReplicaSet/rs"]),
        (
            [
                workload("CronJob", C),
                workload("Job", C, owner="CronJob/web", name="job"),
                workload("Job", C, owner="CronJob/web", name="done", uid="other"),
                pod(C, owner="Job/job"),
            ],
            ["Pod/web-1"],
        ),
        ([workload("CronJob", C), workload("Job", C, owner="CronJob/web", name="job")], ["CronJob/web"]),
        ([workload("StatefulSet", C), pod(C, owner="DaemonSet/web")], ["StatefulSet/web", "Pod/web-1"]),
        (
            [workload("StatefulSet", C, namespace="other"), pod(C, owner="StatefulSet/web")],
            ["StatefulSet/web", "Pod/web-1"],
        ),
        ([{"kind": "Node", "metadata": {"name": "n"}}, workload("PodTemplate", C)], ["PodTemplate/web"]),
    ],
)
def test_a_workload_is_explained_by_its_template_where_nothing_else_speaks_for_it(
    manifests: list[dict[str, Any]], expected: list[str]
) -> None:
    """Its Pods do, or the workload that manages it."""
    assert names(dump(*manifests)) == expected


@pytest.mark.parametrize(
    ("namespace", "labels", "fields", "expected"),
    [
        (None, "", "", ["a", "b", "c"]),
        ("", "", "", ["a", "b", "c"]),
        ("shop", "", "", ["a", "c"]),
        ("other", "", "", ["b", "c"]),
        ("shop", "", "metadata.namespace=shop", ["a", "c"]),
        (None, "app=x", "", ["a"]),
        (None, "app notin (x)", "", ["b", "c"]),
        (None, "", "status.phase=Running", ["b"]),
        (None, "", "spec.nodeName=node-1,metadata.name!=a", ["b"]),
    ],
)
def test_subjects_are_selected_as_the_server_would(
    namespace: str | None, labels: str, fields: str, expected: list[str]
) -> None:
    """A manifest without a namespace goes into the one that is meant."""
    source = dump(
        pod(C, metadata={"name": "a", "uid": "a", "labels": {"app": "x"}}),
        pod(C, metadata={"name": "b", "uid": "b", "namespace": "other"}, status={"phase": "Running"}),
        workload("Deployment", C, name="c", namespace=None),
    )
    assert [name.partition("/")[2] for name in names(source, namespace, labels, fields)] == expected


@pytest.mark.parametrize(
    ("labels", "fields", "message"),
    [
        ("a in x", "", "error: unable to parse requirement: found 'x' expected: '('"),
        ("", "a", "error: invalid selector: 'a'; can't understand 'a'"),
        ("", "status.podIP=10.0.0.1", "error: field label not supported: status.podIP"),
    ],
)
def test_a_broken_selector_is_refused(labels: str, fields: str, message: str) -> None:
    """In the server's words."""
    with pytest.raises(UsageError) as refused:
        names(dump(pod(C)), None, labels, fields)
    assert str(refused.value) == message


def test_an_object_in_two_dumps_is_one_object(tmp_path: Path) -> None:
    """Its uid tells; the later file counts."""
    first, second = (pod(C, metadata={"labels": {"v": version}}) for version in "12")
    (tmp_path / "1.json").write_text(json.dumps(first))
    (tmp_path / "2.json").write_text(json.dumps(second))
    source = FileSource([str(tmp_path)])
    assert names(source) == ["Pod/web-1"]
    assert names(source, labels="v=2") == ["Pod/web-1"]


def test_objects_come_in_pages_of_500() -> None:
    """As from the server."""
    source = dump(*({"kind": "Pod", "metadata": {"name": str(number)}} for number in range(1001)))
    assert [len(page) for page in source.pages(Selection(None))] == [500, 500, 1]


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (ObjectRef("apps/v1", "Deployment", "shop", "web"), ["web"]),
        (ObjectRef("apps/v1beta1", "Deployment", "shop", "web"), ["web"]),
        (ObjectRef("apps/v1", "Deployment", "", "web"), ["web"]),
        (ObjectRef("apps/v1", "Deployment", "other", "web"), []),
        (ObjectRef("batch/v1", "Deployment", "shop", "web"), []),
        (ObjectRef("v1", "Node", "", "node-1"), ["node-1"]),
        (ObjectRef("v1", "Pod", "any", "bare"), ["bare"]),
    ],
)
def test_an_object_is_found_by_group_kind_namespace_and_name(ref: ObjectRef, expected: list[str]) -> None:
    """What is not in a file is NotAsked: the file proves nothing."""
    source = dump(
        workload("Deployment", C),
        {"kind": "Node", "metadata": {"name": "node-1"}},
        {"kind": "Pod", "metadata": {"name": "bare"}},
    )
    reading = answer(source, Get(ref))
    assert (found(reading), reading.outcome) == (expected, None if expected else NotRead())


def test_a_list_out_of_a_file_may_not_be_all() -> None:
    """So it is NotAsked beside what there is: an owner that is missing in it is not said to be gone."""
    events = [
        {"kind": "Event", "metadata": {"name": str(n), "namespace": "shop"}, "involvedObject": {"name": name}}
        for n, name in enumerate(["web-1", "web-2"])
    ]
    source = dump(*events)
    need = ListOf("v1", "Event", "shop", field_selector="involvedObject.name=web-2")
    assert answer(source, need) == Reading(need, answer(source, need).objects, NotRead())
    assert found(answer(source, need)) == ["1"]
    assert found(answer(source, need._replace(namespace="other"))) == []
    assert found(answer(source, ListOf("apps/v1", "ReplicaSet", None, "app=web"))) == []


LATE = "2026-05-01T10:00:00Z"


@pytest.mark.parametrize(
    "later",
    [
        {"metadata": {"creationTimestamp": LATE}},
        {"metadata": {"managedFields": [{"time": LATE}, None]}},
        {"status": {"startTime": LATE}},
        {"status": {"conditions": [{"lastTransitionTime": LATE}]}},
        {"status": {"containerStatuses": [{"state": {"running": {"startedAt": LATE}}}]}},
        {"status": {"initContainerStatuses": [{"lastState": {"terminated": {"finishedAt": LATE}}}]}},
    ],
)
def test_now_is_the_newest_time_in_a_dump(later: dict[str, Any]) -> None:
    """A file's date is lost in git. A deletionTimestamp may lie ahead."""
    early = {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2027-01-01T00:00:00Z"}}
    source = dump({"kind": "Pod"} | early, {"kind": "Pod"} | later)
    assert source.now == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_now_is_read_out_of_events() -> None:
    """With fractions of a second."""
    source = dump({"kind": "Event", "eventTime": "2026-05-01T10:00:00.500000Z", "lastTimestamp": LATE})
    assert source.now == datetime(2026, 5, 1, 10, 0, 0, 500000, tzinfo=UTC)


def test_now_may_be_given_and_is_the_present_for_manifests() -> None:
    """They tell of no time."""
    given = datetime(2020, 1, 1, tzinfo=UTC)
    assert FileSource(["-"], stdin=BytesIO(b"kind: Pod"), now=given).now == given
    before = datetime.now(UTC)
    assert before <= dump({"kind": "Pod"}).now <= datetime.now(UTC)


def test_a_file_means_all_namespaces() -> None:
    """Nothing is read before it is asked for."""
    source = FileSource(["/nowhere"])
    assert (source.namespace, list(source.errors)) == (None, [])


def test_errors_are_kept_beside_what_was_read(tmp_path: Path) -> None:
    """The file is named."""
    source = source_of(tmp_path, "kind: Pod\n---\nkind: Pod\nspec: 5\n")
    assert names(source) == ["Pod/None"]
    assert messages(source) == [
        f"error: error parsing {tmp_path / 'pods.yaml'}: document 2, line 4: $.spec: expected an object, found a number"
    ]
