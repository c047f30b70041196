"""Secrets, lists of Secrets and images: what the kubelet makes of them is compared with what the program foretells."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from tests.harness.cluster.imitations import PASSWORD, USER

GOOD = USER, PASSWORD


@dataclass(frozen=True)
class PullSecret:
    """A Secret: for each key of a registry the user whose wrong password it holds; "" for the good login."""

    users: dict[str, str]
    kind: str = "dockerconfigjson"
    key: str = ""
    raw: str = ""  # the text itself
    more: dict[str, Any] = field(default_factory=dict)  # entries that are no login

    def manifest(self, name: str) -> dict[str, Any]:
        """The object."""
        entries = {key: {"auth": auth(*login(user))} for key, user in self.users.items()} | self.more
        text = self.raw or json.dumps(entries if self.kind == "dockercfg" else {"auths": entries})
        type_ = self.kind if self.kind == "Opaque" else f"kubernetes.io/{self.kind}"
        data = {self.key or f".{self.kind}": base64.b64encode(text.encode()).decode()}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": type_, "data": data}


@dataclass(frozen=True)
class Group:
    """A Pod: its list (None: none is written), its ServiceAccount, and an image a container."""

    images: tuple[str, ...]
    secrets: tuple[str, ...] | None = None
    account: str = "default"


def login(user: str) -> tuple[str, str]:
    """The name and password of an entry."""
    return (user, "wrong") if user else GOOD


def auth(user: str, password: str) -> str:
    """The field of that name."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def pull_secrets(domain: str) -> dict[str, PullSecret]:
    """All Secrets, for registries a.DOMAIN and b.DOMAIN."""
    a = f"a.{domain}"
    good = {"auth": auth(*GOOD)}
    return {
        "host": PullSecret({a: ""}),
        "port": PullSecret({f"{a}:8443": ""}),
        "path": PullSecret({f"{a}/team": ""}),
        "slash": PullSecret({f"{a}/team/": ""}),
        "glob": PullSecret({f"*.{domain}": ""}),
        "glob-part": PullSecret({f"a*.{domain}": ""}),
        "glob-short": PullSecret({"*.example.com": ""}),
        "case": PullSecret({a.upper(): ""}),
        "scheme": PullSecret({f"https://{a}/v1/": ""}),
        "version-path": PullSecret({f"http://{a}/v2/team": ""}),
        "tag": PullSecret({f"{a}/team:1.0": ""}),
        "any-port": PullSecret({f"{a}:*": ""}),
        "user-info": PullSecret({f"https://me@{a}": ""}),
        "hub": PullSecret({"https://index.docker.io/v1/": ""}),
        "hub-no-slash": PullSecret({"https://index.docker.io/v1": ""}),
        "hub-plain": PullSecret({"docker.io": ""}),
        "hub-path": PullSecret({"docker.io/team": ""}),
        "hub-registry": PullSecret({"registry-1.docker.io": ""}),
        "hub-bare": PullSecret({"team": ""}),
        "hub-both": PullSecret({"https://index.docker.io/v1/": "", "docker.io/team": "hub-path"}),
        "cfg": PullSecret({a: ""}, "dockercfg"),
        "opaque": PullSecret({a: ""}, "Opaque", ".dockerconfigjson"),
        "config-json": PullSecret({a: ""}, "Opaque", "config.json"),
        "no-auths": PullSecret({}, raw=json.dumps({a: good})),
        "empty": PullSecret({}, raw="{}"),
        "identity": PullSecret({}, more={a: {"identitytoken": "t"}}),
        "plain": PullSecret({}, more={a: {"username": GOOD[0], "password": GOOD[1]}}),
        "auth-wins": PullSecret({}, more={a: {"username": "loser", "password": "x"} | good}),
        "unpadded": PullSecret({}, more={a: {"auth": auth(*GOOD).rstrip("=")}}),
        "bad-base64": PullSecret({a: ""}, more={"quay.io": {"auth": "%%%"}}),
        "no-colon": PullSecret({a: ""}, more={"quay.io": {"auth": base64.b64encode(b"nocolon").decode()}}),
        "wrong-shape": PullSecret({a: ""}, more={"quay.io": {"auth": 5}}),
        "wrong": PullSecret({a: "stale"}),
        "wrong-path": PullSecret({f"{a}/team": "stale-path"}),
        "order": PullSecret({a: "", f"{a}/team": "first", f"*.{domain}": "never"}),
        "all-wrong": PullSecret({f"*.{domain}": "third", a: "second", f"{a}/team": "first", f"a*.{domain}": "fourth"}),
    }


def groups(domain: str) -> dict[str, Group]:
    """The Pods. Each image is completed by a last part of its own."""
    a, b = f"a.{domain}", f"b.{domain}"
    team, other = f"{a}/team", f"{a}/other"
    return {
        "none": Group((team, "team", f"{a}/open")),
        "host": Group((team, f"{a}:8443/team", f"{b}/team"), ("host",)),
        "port": Group((team, f"{a}:8443/team"), ("port",)),
        "path": Group((team, f"{a}/teamx", other), ("path",)),
        "slash": Group((team, f"{a}/teamx"), ("slash",)),
        "glob": Group((team, f"{b}/team", f"x.{a}/team"), ("glob",)),
        "glob-part": Group((team, f"{b}/team"), ("glob-part",)),
        "glob-short": Group((team,), ("glob-short",)),
        "case": Group((team,), ("case",)),
        "scheme": Group((team,), ("scheme",)),
        "version-path": Group((team, other), ("version-path",)),
        "odd-keys": Group((team,), ("tag", "any-port")),
        "user-info": Group((team,), ("user-info",)),
        "hub": Group(("team", "", "index.docker.io/team", "docker.io/library"), ("hub",)),
        "hub-no-slash": Group(("team",), ("hub-no-slash",)),
        "hub-plain": Group(("team", ""), ("hub-plain",)),
        "hub-path": Group(("team", "other"), ("hub-path",)),
        "hub-odd": Group(("team",), ("hub-registry", "hub-bare")),
        "hub-both": Group(("team", "other"), ("hub-both",)),
        "cfg": Group((team,), ("cfg",)),
        "passed-over": Group((team,), ("opaque", "config-json", "no-auths", "empty")),
        "passed-over-then-good": Group((team,), ("opaque", "missing", "empty", "host")),
        "identity": Group((team, f"{a}/open"), ("identity",)),
        "identity-then-good": Group((team,), ("identity", "host")),
        "spellings": Group((team,), ("plain",)),
        "auth-wins": Group((team,), ("auth-wins",)),
        "unpadded": Group((team,), ("unpadded",)),
        "bad-base64": Group((team, f"{b}/team"), ("bad-base64",)),
        "bad-base64-beside-good": Group((team,), ("host", "bad-base64")),
        "no-colon": Group((team,), ("no-colon",)),
        "wrong-shape": Group((team,), ("wrong-shape",)),
        "stale": Group((team, f"{a}/open"), ("wrong",)),
        "stale-then-good": Group((team, f"{a}/open"), ("wrong", "host")),
        "good-then-stale": Group((team,), ("host", "wrong")),
        "path-before-host": Group((team, other), ("host", "wrong-path")),
        "order": Group((team, other), ("order",)),
        "all-wrong": Group((team, other), ("all-wrong",)),
        "missing": Group((team,), ("missing",)),
        "account": Group((team,), None, "with"),
        "account-empty-list": Group((team,), (), "with"),
        "account-and-pod": Group((team,), ("wrong",), "with"),
        "account-and-empty-name": Group((team,), ("",), "with"),
        "account-and-missing": Group((team,), ("missing",), "with"),
        "account-two": Group((team,), None, "two"),
        "account-late": Group((team,), None, "late"),
    }


ACCOUNTS: dict[str, tuple[str, ...]] = {"with": ("host",), "two": ("missing", "wrong", "host"), "late": ()}
