"""What core learns from a recording is what it learnt from the cluster."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, ObjectRef, Pod, meta, reference_to
from kubectl_pullpolicy.core.source.interface import Subject
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf, Reading
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from tests.files.reading import subjects
from tests.files.replay import Cluster, recorded, replayed, together
from tests.harness.builders import read

NAMES = st.sampled_from(["a", "b", "c", "é\n\x07\u2028"])
TEXTS = st.none() | st.text(max_size=6)
METAS = st.fixed_dictionaries(
    {"namespace": st.sampled_from(["shop", "other"])},
    optional={
        "labels": st.dictionaries(NAMES, TEXTS, max_size=2),
        "generation": st.integers(0, 9),
        "managedFields": st.lists(
            st.fixed_dictionaries({"manager": TEXTS, "fieldsV1": st.dictionaries(NAMES, NAMES)}), max_size=2
        ),
    },
)
SPECS = st.fixed_dictionaries(
    {
        "containers": st.lists(
            st.fixed_dictionaries({"name": NAMES, "image": TEXTS, "imagePullPolicy": TEXTS}), max_size=2
        )
    },
    optional={"nodeName": NAMES, "imagePullSecrets": st.lists(st.fixed_dictionaries({"name": NAMES}), max_size=2)},
)
KINDS = {"Pod": "v1", "Deployment": "apps/v1", "ReplicaSet": "apps/v1", "Job": "batch/v1"}


@st.composite
def things(draw: st.DrawFn) -> list[KubernetesObject]:
    """Objects with names of their own."""
    found = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=6))):
        metadata = draw(METAS) | {"name": f"x{number}", "uid": f"u{number}"}
        spec = draw(SPECS)
        body = spec if kind == "Pod" else {"template": {"spec": spec}}
        found.append(read({"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, "spec": body}))
    return found


@settings(deadline=None)
@given(things(), st.lists(st.tuples(st.sampled_from(["Absent", "Forbidden"]), st.text(max_size=8)), max_size=3))
def test_a_recording_tells_core_what_the_cluster_told_it(
    found: list[KubernetesObject], misses: list[tuple[str, str]]
) -> None:
    """The same subjects, and a Snapshot that learns the same facts."""
    pods: list[Subject] = [thing for thing in found if isinstance(thing, Pod)]
    answers: list[Reading] = []
    for kind in ("Deployment", "ReplicaSet"):
        for namespace in ("shop", None):
            listed = [t for t in found if t.kind == kind and namespace in {None, meta(t).namespace}]
            answers.append(Reading(ListOf("apps/v1", kind, namespace), tuple(listed)))
    answers += [Reading(Get(reference_to(thing)), (thing,)) for thing in found if thing.kind == "Job"]
    for number, (outcome, text) in enumerate(misses):
        ref = ObjectRef("apps/v1", "DaemonSet", "shop", str(number))
        answers.append(Reading(Get(ref), (), Absent(text) if outcome == "Absent" else Forbidden("get", text, text)))
    needs = [reading.need for reading in answers]
    cluster = Cluster(pods, answers)
    replay = replayed(recorded(cluster, needs)) if found or misses else cluster
    assert sorted(subjects(replay), key=reference_to) == sorted(pods, key=reference_to)
    learnt, again = Snapshot(), Snapshot()
    learnt.learn(cluster.read(needs))
    again.learn(replay.read(needs))
    for need in needs:
        assert again.outcome(need) == learnt.outcome(need)
        assert together(replay, need) == together(cluster, need)
    for thing in found:
        assert again.owner(reference_to(thing)) == learnt.owner(reference_to(thing))
    assert again.forbidden() == learnt.forbidden()
