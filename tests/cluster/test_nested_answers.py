"""Answers of an API server that are nested too deeply to be read: an error of ours, and the other objects are kept."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from kubectl_pullpolicy.cluster.decode import decode_list, decode_list_meta, decode_object, list_meta_from_start
from kubectl_pullpolicy.cluster.errors import status_error
from kubectl_pullpolicy.cluster.kubelet import decode_kubelet_answer
from kubectl_pullpolicy.core.k8s.custom_workloads import decode_owner, has_template
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, kind_named
from kubectl_pullpolicy.core.k8s.managed_fields import LAST_APPLIED, field_owners, last_applied
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ManagedFieldsEntry, ObjectMeta, ObjectRef
from kubectl_pullpolicy.core.plans.plan import live_object
from kubectl_pullpolicy.errors import PullPolicyError, ServerError

DEEP = 200_000
LISTS = b'{"metadata":{"name":"deep"},"spec":' + b"[" * DEEP + b"]" * DEEP + b"}"
OBJECTS = b'{"metadata":{"name":"deep"},"spec":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}"
UNCLOSED = b'{"metadata":{"name":"deep"},"other":' + b"[" * DEEP
LARGE = b'{"metadata":{"name":"large"},"spec":{"replicas":' + b"9" * 5000 + b"}}"
GOOD = b'{"metadata":{"name":"good"}}'
HOSTILE = pytest.mark.parametrize(
    "body", [LISTS, OBJECTS, UNCLOSED, LARGE], ids=["lists", "objects", "unclosed", "large"]
)
DEPLOYMENT = kind_named("deploy") or KindInfo("", "", "")
ROLLOUT = KindInfo("argoproj.io/v1alpha1", "Rollout", "rollouts")


@HOSTILE
@pytest.mark.parametrize("info", [DEPLOYMENT, ROLLOUT])
def test_a_list_with_such_an_object_is_an_error_or_lacks_it(body: bytes, info: KindInfo) -> None:
    said: list[PullPolicyError] = []
    try:
        found = decode_list(b'{"items":[' + GOOD + b"," + body + b"]}", info, said.append)
    except ServerError:
        return
    assert [thing.metadata.name for thing in found if thing.metadata is not None][:1] == ["good"]
    assert len(found) == 2 or said


@HOSTILE
def test_the_metadata_of_such_a_list_are_an_error(body: bytes) -> None:
    for read in (decode_list_meta, decode_object):
        with suppress(ServerError, *UNREADABLE):
            read(b'{"metadata":{},"items":[' + body + b"]}", DEPLOYMENT)
    list_meta_from_start(b'{"metadata":' + body)


@HOSTILE
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 410, 429, 500, 503])
def test_an_error_with_such_a_body_is_the_error_of_its_status(body: bytes, status: int) -> None:
    assert isinstance(status_error(status, {}, b'{"kind":"Status","details":' + body, "list pods"), ServerError)


@HOSTILE
def test_a_kubelets_answer_of_this_sort_is_an_error(body: bytes) -> None:
    ref = ObjectRef("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", "", "node-1")
    with pytest.raises(ServerError):
        decode_kubelet_answer(ref, b'{"kubeletconfig":{"featureGates":' + body + b"}}")


@HOSTILE
@pytest.mark.parametrize("read", [decode_owner, lambda body: live_object(DEPLOYMENT, body)])
def test_a_workload_of_this_sort_is_unreadable_or_read(body: bytes, read: Callable[[bytes], Any]) -> None:
    has_template(body)
    with suppress(*UNREADABLE):
        read(body)


@HOSTILE
def test_annotations_and_managed_fields_of_this_sort_show_nothing(body: bytes) -> None:
    annotations: dict[str, str | None] = {LAST_APPLIED: body.decode()}
    entry = ManagedFieldsEntry("kubectl", "Update", fields_v1=msgspec.Raw(body))
    metadata = ObjectMeta(annotations=annotations, managed_fields=(entry,))
    assert not last_applied("Deployment", metadata)
    assert field_owners("Deployment", metadata) == ()


def test_good_objects_are_read() -> None:
    (found,) = decode_list(json.dumps({"items": [{"metadata": {"name": "a"}}]}).encode(), DEPLOYMENT, lambda _: None)
    assert found.metadata is not None
    assert found.metadata.name == "a"
