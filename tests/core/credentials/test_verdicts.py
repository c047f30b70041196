"""Which pull secrets count, what is said of each, and what they call for."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kubectl_pullpolicy.core.credentials.auth_keys import parse_key
from kubectl_pullpolicy.core.credentials.image_pull_secrets import credential_needs
from kubectl_pullpolicy.core.credentials.remedies import UnpulledImage, credential_remedies
from kubectl_pullpolicy.core.credentials.verdicts import CredentialQuery, credentials_of
from kubectl_pullpolicy.core.credentials.wording import near_miss
from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, ServiceAccount
from kubectl_pullpolicy.core.report.pull_failure import Credential
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, Reading, secret_ref, service_account_ref
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from tests.core.credentials.test_keyring import encoded, jwt, secret
from tests.harness.builders import container, pod, read, workload

IMAGE = "registry.example.com/acme/worker"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
LOGIN = {"username": "u", "password": "p"}
UNKNOWN = "unknown: node credentials, credential provider plugins and mirrors cannot be seen through the API"


def auths(*keys: str, **entries: Any) -> dict[str, Any]:
    return {"auths": dict.fromkeys(keys, LOGIN) | entries}


def known(account: list[str] | None = None, **secrets: Any) -> Snapshot:
    """What was read: the ServiceAccount's list, and Secrets (None: absent)."""
    context = Snapshot()
    if account is not None:
        raw = {"metadata": {"name": "default", "namespace": "shop"}, "imagePullSecrets": [{"name": n} for n in account]}
        found = msgspec.convert({"apiVersion": "v1", "kind": "ServiceAccount", **raw}, ServiceAccount)
        context.learn([Reading(Get(service_account_ref("shop", "default")), (found,))])
    for name, text in secrets.items():
        need = Get(secret_ref("shop", name.replace("_", "-")))
        if text is None:
            context.learn([Reading(need, (), Absent("not found"))])
            continue
        held = text if not isinstance(text, dict) else secret(text)
        metadata = msgspec.structs.replace(held.metadata, name=need.ref.name, namespace="shop")
        context.learn([Reading(need, (msgspec.structs.replace(held, metadata=metadata),))])
    return context


def of_pod(*names: str, **more: Any) -> Any:
    spec = {"imagePullSecrets": [{"name": name} for name in names]} if names else {}
    return read(pod(container(IMAGE), spec=spec, **more))


def told(subject: Any, context: Snapshot, image: str = IMAGE, kubelet: str = "") -> list[tuple[str, str, str]]:
    return [
        (each.source, each.verdict, each.detail)
        for each in credentials_of(subject, CredentialQuery(image, NOW, kubelet), context)
        if each.kind != "Node"
    ]


def test_a_secret_of_the_pod_and_one_of_its_service_account_are_never_merged() -> None:
    context = known(["acme"], regcred=auths("registry.example.com/other"), acme=auths("registry.example.com"))
    assert told(of_pod("regcred"), context) == [
        ("regcred", "NoMatch", f"holds registry.example.com/other: no match for {IMAGE}"),
        (
            "acme",
            "Ignored",
            "holds registry.example.com: would match, but is ignored, because the Pod lists secrets of its own",
        ),
    ]


def test_what_cannot_be_seen_is_always_said() -> None:
    assert credentials_of(of_pod(), CredentialQuery(IMAGE), known([]))[-1].detail == UNKNOWN
    assert told(of_pod(), known([])) == [
        ("", "NoneListed", "none: the Pod lists no pull secrets, and ServiceAccount default has none to copy")
    ]


def test_a_list_that_equals_the_service_accounts_was_copied_from_it() -> None:
    (found, anonymous, _) = credentials_of(
        of_pod("acme"), CredentialQuery(IMAGE), known(["acme"], acme=auths("registry.example.com"))
    )
    assert (found.kind, found.holder, found.verdict) == ("ServiceAccount", "default", "Offered")
    assert (anonymous.kind, anonymous.verdict) == ("Anonymous", "NotTried")


def test_a_secret_that_the_service_account_got_later_is_not_in_the_pod() -> None:
    ((_, verdict, detail),) = told(of_pod(), known(["acme"], acme=auths("registry.example.com")))
    assert verdict == "Ignored"
    assert detail.endswith("because the Pod was created before the ServiceAccount had it")


def test_a_template_will_get_the_secrets_of_its_service_account() -> None:
    context = known(["acme"], acme=auths("registry.example.com"))
    ((_, verdict, detail),) = [
        row for row in told(read(workload("Deployment", container(IMAGE))), context) if row[0] == "acme"
    ]
    assert (verdict, detail) == ("Offered", f"holds registry.example.com: matches {IMAGE}, offered")


def test_an_empty_name_keeps_the_service_accounts_secrets_away() -> None:
    context = known(["acme"], acme=auths("registry.example.com"))
    assert [row[:2] for row in told(of_pod(""), context)] == [("", "NoName"), ("acme", "Ignored")]
    assert Get(secret_ref("shop", "")) not in list(credential_needs(of_pod(""), context))


def test_a_static_pod_has_no_service_account() -> None:
    mirror = of_pod(metadata={"annotations": {"kubernetes.io/config.mirror": "x"}})
    assert list(credential_needs(mirror, Snapshot())) == []
    assert [row[1] for row in told(mirror, Snapshot())] == ["NoneListed"]


def test_each_secret_is_asked_for_by_name_and_once_the_service_account_is_known() -> None:
    first = list(credential_needs(of_pod("a", "b"), Snapshot()))
    assert first == [
        Get(service_account_ref("shop", "default")), Get(secret_ref("shop", "a")), Get(secret_ref("shop", "b"))
    ]  # fmt: skip
    assert Get(secret_ref("shop", "acme")) in list(credential_needs(of_pod("a"), known(["acme"])))


def test_entries_are_offered_in_the_order_of_their_keys() -> None:
    context = known([], a=auths("*.example.com"), b=auths("registry.example.com", "registry.example.com/acme"))
    first, second = told(of_pod("a", "b"), context)[:2]
    assert first[2] == f"holds *.example.com: matches {IMAGE}, offered third of 3"
    assert second[2].endswith(
        f"registry.example.com/acme, registry.example.com matches {IMAGE}, offered first and second of 3"
    )


@pytest.mark.parametrize(
    ("text", "verdict", "detail"),
    [
        (None, "Absent", "does not exist: the kubelet goes on without it"),
        (secret(auths("h"), "Opaque", ".dockerconfigjson"), "WrongType",
         "is of type Opaque, so the kubelet passes it over without a word; holds h"),
        (secret(auths("h"), "dockercfg", ".dockerconfigjson"), "NoData",
         "has nothing under .dockercfg, so the kubelet passes it over without a word"),
        (secret({}), "NoMatch", f"holds no registry: no match for {IMAGE}"),
        (secret({"auths": {"registry.example.com": {"identitytoken": "t"}}}), "Offered",
         f"holds registry.example.com: matches {IMAGE}, offered; it holds no user name, which runtimes take for none"),
        (secret(auths(**{"registry.example.com": LOGIN | {"password": jwt({"exp": 1767225600})}})), "Offered",
         f"holds registry.example.com: matches {IMAGE}, offered; its token expired at 2026-01-01T00:00:00Z"),
        (secret(auths(**{"registry.example.com": LOGIN | {"password": jwt({"exp": 1767398400})}})), "Offered",
         f"holds registry.example.com: matches {IMAGE}, offered; its token expires at 2026-01-03T00:00:00Z"),
        (secret(auths("a", "b", "c", "d", "e", "f", "host:*")), "NoMatch",
         f"holds a, b, c, d and 3 more (host\u2026 is no registry address: passed over): no match for {IMAGE}"),
    ],
)  # fmt: skip
def test_a_secret_is_judged(text: Any, verdict: str, detail: str) -> None:
    assert told(of_pod("s"), known([], s=text))[0] == ("s", verdict, detail)


@pytest.mark.parametrize(
    ("kubelet", "reason"),
    [
        ("v1.37.2", "its error is the waiting reason"),
        ("v1.33.0", "its error is the waiting reason"),
        ("v1.32.9", "ErrImagePull"),
        ("", "its error is the waiting reason (kubelets from 1.33) or ErrImagePull (kubelets up to 1.32)"),
    ],
)
def test_one_broken_secret_spoils_all_others(kubelet: str, reason: str) -> None:
    context = known([], good=auths("registry.example.com"), bad={"auths": {"x": {"auth": "%"}}})
    good, bad = told(of_pod("good", "bad"), context, kubelet=kubelet)
    assert good == ("good", "Unused", "holds registry.example.com: not used, since the kubelet cannot read bad")
    start = "an auth is not base64: the kubelet uses no secret of this list, and pulls nothing at all; "
    assert bad == ("bad", "Malformed", start + reason)


def test_what_is_forbidden_is_said_and_the_kubelets_event_tells_more() -> None:
    context = known([])
    for name in ("a", "b"):
        context.learn([Reading(Get(secret_ref("shop", name)), (), Forbidden("get", "secrets"))])
    message = "Unable to retrieve some image pull secrets (b, c); attempting to pull the image may not succeed."
    involved = {"kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "pod-uid"}
    event = {"kind": "Event", "reason": "FailedToRetrieveImagePullSecret", "message": message}
    context.learn([Reading(Get(secret_ref("x", "y")), (read(event | {"involvedObject": involved}),))])
    assert told(of_pod("a", "b"), context) == [
        ("a", "Forbidden", "unknown: cannot get secrets: forbidden"),
        (
            "b",
            "Absent",
            "the kubelet could not get it (event FailedToRetrieveImagePullSecret) and goes on without it",
        ),
    ]


def test_a_forbidden_service_account_is_never_none() -> None:
    context = Snapshot()
    need = Get(service_account_ref("shop", "default"))
    context.learn([Reading(need, (), Forbidden("get", "serviceaccounts"))])
    assert told(of_pod(), context) == [("", "Forbidden", "unknown: cannot get serviceaccounts: forbidden")]


@pytest.mark.parametrize(
    ("key", "repository", "hint"),
    [
        ("Registry.example.com", IMAGE, "host names are compared with their case"),
        ("registry.example.com:443", IMAGE, "ports must be the same on both sides"),
        ("registry.example.com/acme/worker:1.0", IMAGE, "a key has no tag"),
        ("*.com", IMAGE, "a * stands for one part of a host name"),
        ("https://index.docker.io/v1", "docker.io/library/nginx", "Docker Hub's key is https://index.docker.io/v1/"),
        ("registry-1.docker.io", "docker.io/library/nginx", "Docker Hub's key is"),
        ("team", "docker.io/team/app", "a key begins with a host: docker.io/team"),
        ("quay.io", IMAGE, ""),
    ],
)
def test_a_key_that_nearly_matches_is_explained(key: str, repository: str, hint: str) -> None:
    found = near_miss(parse_key(key), repository)
    assert found.startswith(hint)
    assert bool(found) == bool(hint)


def remedies(subject: Any, context: Snapshot, ref: ObjectRef, image: str = IMAGE) -> list[tuple[str, str]]:
    found = credentials_of(subject, CredentialQuery(image, NOW), context)
    return [(remedy.text, remedy.command) for remedy in credential_remedies(found, UnpulledImage(ref, image))]


WORKER = ObjectRef("apps/v1", "Deployment", "shop", "worker")


def test_the_best_remedy_uses_what_is_there() -> None:
    context = known(["acme"], regcred=auths("registry.example.com/other"), acme=auths("registry.example.com"))
    patch = '{"spec":{"template":{"spec":{"imagePullSecrets":[{"name":"acme"}]}}}}'
    assert remedies(of_pod("regcred"), context, WORKER) == [
        (
            'let the Pod use "acme" (rolls Deployment/worker)',
            f"kubectl patch deployment worker -n shop -p '{patch}'",
        )
    ]
    assert remedies(of_pod(), context, WORKER) == [
        ('make the Pods anew: then "acme" is copied into them', "kubectl rollout restart deployment/worker -n shop")
    ]


@pytest.mark.parametrize(
    ("ref", "start"),
    [
        (ObjectRef("batch/v1", "CronJob", "shop", "w"), 'kubectl patch cronjob w -n shop -p \'{"spec":{"jobTemplate"'),
        (ObjectRef("v1", "Pod", "shop", "w"), ""),
        (ObjectRef("batch/v1", "Job", "shop", "w"), ""),
        (ObjectRef("argoproj.io/v1alpha1", "Rollout", "shop", "w"), ""),
    ],
)
def test_only_what_can_be_patched_is_patched(ref: ObjectRef, start: str) -> None:
    context = known(["acme"], other=auths("quay.io"), acme=auths("registry.example.com"))
    ((text, command),) = remedies(of_pod("other"), context, ref)
    assert "acme" in text
    assert command.startswith(start)
    assert bool(command) == bool(start)


def test_an_expired_token_or_an_absent_secret_is_the_remedy() -> None:
    stale = {"registry.example.com": {"username": "u", "password": jwt({"exp": 1})}}
    ((text, command),) = remedies(of_pod("s"), known([], s={"auths": stale}), WORKER)
    assert text.startswith('put a fresh token into the Secret "s"')
    assert command.endswith("--dry-run=client -o yaml | kubectl apply -f -")
    ((text, command),) = remedies(of_pod("s"), known([], s=None), WORKER)
    assert text.startswith('create the Secret "s" that the Pod names')
    assert command.startswith("kubectl create secret docker-registry s -n shop --docker-server=registry.example.com ")


@pytest.mark.parametrize(
    ("says", "offered", "renewed"), [("401 Unauthorized", True, True), ("429 Too Many Requests", True, False),
                                     ("401 Unauthorized", False, False)],
)  # fmt: skip
def test_the_credentials_that_a_mirror_refuses_were_the_pods(says: str, offered: bool, renewed: bool) -> None:
    message = (
        f'failed to pull and unpack image "{IMAGE}:1.4": failed to resolve image: unexpected status from HEAD request '
        f"to http://mirror.example.net/v2/acme/worker/manifests/1.4?ns=registry.example.com: {says}"
    )
    waiting = {"reason": "ErrImagePull", "message": message}
    status = {"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": waiting}}]}
    subject = of_pod("regcred", status=status)
    context = known([], regcred=auths("registry.example.com" if offered else "ghcr.io"))
    (explained,) = Explainer(context, lambda: NOW, "failing").explain(subject).containers
    assert explained.diagnosis is not None
    assert explained.diagnosis.cause == "Mirror"
    texts = [remedy.text for remedy in explained.remedies]
    assert texts[0] == "on the node, look at its mirrors"
    assert any("or correct what the mirror was offered" in text for text in texts) is renewed


def test_without_any_secret_a_new_one_is_made_and_named() -> None:
    first, second = remedies(of_pod(), known([]), WORKER, "nginx")
    assert "--docker-server=https://index.docker.io/v1/" in first[1]
    assert json.loads(second[1].rpartition("-p '")[2].rstrip("'"))["spec"]["template"]["spec"]["imagePullSecrets"] == [
        {"name": "regcred"}
    ]


@pytest.mark.parametrize("name", ["a;reboot", "--all", "-n=kube-system", "a\nb"])
def test_a_secret_with_a_name_that_the_api_refuses_gets_no_command(name: str) -> None:
    ((text, command),) = remedies(of_pod(name), known([], **{name: None}), WORKER)
    assert name in text
    assert command == ""


def test_nothing_is_recommended_where_secrets_could_not_be_read() -> None:
    context = known([])
    context.learn([Reading(Get(secret_ref("shop", "a")), (), Forbidden("get", "secrets"))])
    assert remedies(of_pod("a"), context, WORKER) == []


def test_a_credential_holds_hosts_and_paths_only() -> None:
    held = secret({"auths": {"me:s3cret@registry.example.com": {"auth": encoded("me:s3cret")}}})
    found = credentials_of(of_pod("s"), CredentialQuery(IMAGE), known([], s=held))
    assert isinstance(found[0], Credential)
    assert found[0].registry_keys == ("registry.example.com",)
    assert "s3cret" not in msgspec.json.encode(found).decode()
