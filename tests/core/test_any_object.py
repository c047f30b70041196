"""Objects with any values in their fields are explained: nothing but our own errors comes out of core."""

import io
import json
import typing
from contextlib import suppress
from datetime import UTC, datetime
from types import UnionType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.core.credentials.docker_config import read_docker_config
from kubectl_pullpolicy.core.credentials.redaction import decoder_of
from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.explain.needs import list_needs, pod_needs, secret_needs, template_needs
from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.images.reference_notes import reading_notes
from kubectl_pullpolicy.core.incidents.image_usage import ImageUsage
from kubectl_pullpolicy.core.incidents.incidents import Incidents
from kubectl_pullpolicy.core.k8s import objects
from kubectl_pullpolicy.core.k8s.custom_workloads import decode_owner
from kubectl_pullpolicy.core.k8s.events import event_time, newest
from kubectl_pullpolicy.core.k8s.label_selectors import parse_requirements
from kubectl_pullpolicy.core.k8s.managed_fields import minimal_last_applied
from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, Pod, Workload, meta
from kubectl_pullpolicy.core.k8s.pod_templates import selector_text
from kubectl_pullpolicy.core.k8s.rollouts import is_newest, replica_count
from kubectl_pullpolicy.core.k8s.selectors import field_values, parse_fields, parse_labels
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.k8s.times import age, duration_seconds, format_time, parse_time
from kubectl_pullpolicy.core.source.reads import ListOf, Reading
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.printers.explanation import print_explanations_in_full
from kubectl_pullpolicy.printers.structured import print_json
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.printers.table import print_table

TIMES = (
    "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "yesterday", "zzzz", "2026-13-45T99:99:99Z", "2026-01-01",
)  # fmt: skip
NAMES = ("web", "app", "web-1", "shop", "node-1", "-A", "a\nb", "\u200b", "", "kubelet", 'k:{"name":"app"}')
WORDS = (
    *("Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Rollout", "apps/v1", "v1"),
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CrashLoopBackOff", "Pulling"),
    *("ContainerCreating", "PodInitializing", "Failed", "FailedMount", "FailedCreatePodSandBox", "FailedCreate"),
    *("Pending", "Running", "Succeeded", "Always", "IfNotPresent", "Never", "Sometimes", "True", "False", "status"),
    *("PodScheduled", "Initialized", "PodReadyToStartContainers", "ReplicaFailure", "Progressing", "OnDelete"),
    *("nginx", "nginx:1.27", "registry.example.com/a@sha256:" + "0" * 64, "UPPER", ":::", "v1.37.2", "v1.", "linux"),
    'Back-off pulling image "nginx": ErrImagePull: no basic auth credentials', 'Failed to pull image "nginx": eof',
    'configmap "a" not found', "exceeded quota", "exec format error", "1", "999999999999999999999999",
)  # fmt: skip
TEXTS = st.sampled_from(TIMES + NAMES + WORDS) | st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.sampled_from([0, 1, 2, -1, 255, 2**31, 2**63 - 1, -(2**63), 10**30])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {"f:spec": st.fixed_dictionaries({"f:containers": st.dictionaries(TEXTS, ANYTHING, max_size=2)})}
)
SELECTORS = st.fixed_dictionaries({}, optional={"matchLabels": ANYTHING, "matchExpressions": ANYTHING, "app": ANYTHING})


# Fields that an object nearly always has: without them little of it is read.
USUAL = frozenset(
    {"metadata", "spec", "status", "containers", "container_statuses", "name", "image", "state", "waiting", "reason",
     "template", "involved_object", "kind", "message", "uid"}
)  # fmt: skip


def values_of(kind: Any, name: str = "", depth: int = 0) -> st.SearchStrategy[Any]:
    """JSON that a field of this type may hold."""
    if kind is Any:
        return ANYTHING
    if kind is msgspec.Raw:
        return FIELDS | ANYTHING
    if kind is str and name == "name":
        return st.sampled_from(["app", "app", "app", *NAMES])
    if kind is str and name == "reason":
        return st.sampled_from([word for word in WORDS if word.isalpha()])
    if kind is str:
        return st.sampled_from(TIMES) if name.endswith(("_at", "time", "timestamp")) else TEXTS
    if kind is bool or kind is int:
        return st.booleans() if kind is bool else NUMBERS
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return objects_of(kind, depth + 1)
    of, inner = typing.get_origin(kind), typing.get_args(kind)
    if of in {UnionType, typing.Union}:
        present = st.one_of(values_of(each, name, depth) for each in inner if each is not type(None))
        return present if name in USUAL else st.none() | present
    if of is tuple:
        return st.lists(values_of(inner[0], name, depth), min_size=name in USUAL, max_size=2)
    if name == "selector":
        return SELECTORS
    return st.dictionaries(TEXTS, values_of(inner[1], name, depth), max_size=2)


def objects_of(kind: type[msgspec.Struct], depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """An object of this type with any of its fields."""
    hints = typing.get_type_hints(kind)
    fields = {field.encode_name: (field.name, hints[field.name]) for field in msgspec.structs.fields(kind)}

    def deferred(name: str, hint: Any) -> st.SearchStrategy[Any]:
        return st.deferred(lambda: values_of(hint, name, depth))

    usual = {key: deferred(*field) for key, field in fields.items() if field[0] in USUAL}
    others = {key: deferred(*field) for key, field in fields.items() if field[0] not in USUAL}
    return st.fixed_dictionaries(usual, optional=others)


KINDS: tuple[type[msgspec.Struct], ...] = (
    objects.Pod, objects.Workload, objects.Node, objects.Event, objects.ControllerRevision, objects.ServiceAccount,
    objects.KubeletConfiguration, objects.ContainerLog, objects.PullSecret,
)  # fmt: skip
NOW = datetime(2026, 1, 2, 4, tzinfo=UTC)


def decoded(kind: type[Any], value: dict[str, Any]) -> Any:
    """The object, None if a number of it is too large for its field."""
    try:
        return msgspec.json.decode(json.dumps(value), type=kind)
    except msgspec.ValidationError:
        return None


def explained(subject: Pod | Workload, others: list[KubernetesObject]) -> None:
    """All that core and the printers do with a subject among these objects."""
    snapshot = Snapshot()
    snapshot.learn([Reading(ListOf("v1", "Pod", None), tuple(others))])
    needs = [*list_needs([subject], None, snapshot, "failures"), *secret_needs([subject], "all", snapshot)]
    needs += pod_needs(subject, snapshot) if isinstance(subject, Pod) else template_needs(subject, snapshot)
    snapshot.learn(Reading(need) for need in needs)
    found = Explainer(snapshot, lambda: NOW, "all").explain(subject)
    incidents = Incidents()
    incidents.take(found)
    incidents.found(ImageUsage(), None, None)
    style = Style(lambda: NOW)
    print_explanations_in_full([[found]], style, io.StringIO())
    print_table([[found]], style, io.StringIO())
    print_json(iter([[found]]), tuple, io.StringIO())


@pytest.mark.fuzz
@given(objects_of(objects.Pod), st.lists(st.one_of([st.tuples(st.just(kind), objects_of(kind)) for kind in KINDS])))
def test_any_pod_is_explained(value: dict[str, Any], more: list[tuple[type[Any], dict[str, Any]]]) -> None:
    others = [thing for kind, each in more if (thing := decoded(kind, each)) is not None]
    subject = decoded(Pod, value)
    if subject is not None:
        explained(subject, [subject, *others])


@pytest.mark.fuzz
@given(objects_of(objects.Workload), st.lists(objects_of(objects.Event), max_size=3))
def test_any_workload_is_explained(value: dict[str, Any], events: list[dict[str, Any]]) -> None:
    subject = decoded(Workload, value)
    if subject is None:
        return
    others = [event for each in events if (event := decoded(objects.Event, each)) is not None]
    explained(subject, [subject, *others])
    selector = selector_text(subject)
    if selector is not None:
        our_errors(parse_labels, selector)
    replica_count(subject)
    is_newest(subject, Pod(), 1)
    decode_owner(json.dumps(value).encode())
    minimal_last_applied(subject.kind or "", meta(subject))
    field_values(subject)


def our_errors(read: Any, *arguments: Any) -> None:
    with suppress(UsageError):
        read(*arguments)


@pytest.mark.fuzz
@given(st.text() | st.lists(st.sampled_from([*"=!,()<> \\a1.-/:@", "in ", "notin ", "pod/", "sha256:"])).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_requirements, parse_fields, parse_labels):
        our_errors(read, text)
    our_errors(parse_targets, text.split(" "))
    parse_or_none(text)
    reading_notes(text)
    duration_seconds(text)
    parse_time(text)


@pytest.mark.fuzz
@given(st.sampled_from(TIMES) | st.datetimes(timezones=st.timezones() | st.none()).map(datetime.isoformat))
def test_any_time_can_be_computed_with(text: str) -> None:
    moment = parse_time(text)
    if moment is not None:
        assert parse_time(format_time(moment)) == moment.replace(microsecond=0)
        age(NOW - moment)
        age(moment - NOW)
        moment.timestamp()


@pytest.mark.fuzz
@given(st.binary() | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_in_a_secret_are_read_without_an_exception(content: bytes) -> None:
    read_docker_config(content, "dockerconfigjson")
    read_docker_config(content, "dockercfg")
    with suppress(msgspec.DecodeError):
        decoder_of(objects.PullSecret).decode(content)


@pytest.mark.fuzz
@given(st.lists(objects_of(objects.Event), max_size=4))
def test_the_newest_event_has_a_time_that_can_be_read(values: list[dict[str, Any]]) -> None:
    events = [event for each in values if (event := decoded(objects.Event, each)) is not None]
    last = newest(events)
    assert last is None or event_time(last) == "" or parse_time(event_time(last)) is not None
