"""One sentence for each verdict on a pull secret."""

import re
from typing import TYPE_CHECKING, NamedTuple

from kubectl_pullpolicy.core.credentials.auth_keys import RegistryKey, is_docker_hub
from kubectl_pullpolicy.core.credentials.keyring import key_of
from kubectl_pullpolicy.core.k8s.objects import PullSecret, SecretEntry, present
from kubectl_pullpolicy.core.report.pull_failure import Credential, CredentialMatch, CredentialVerdict

if TYPE_CHECKING:
    from kubectl_pullpolicy.core.credentials.image_pull_secrets import PullSecretList

NAMED = 4  # keys that are named where a Secret holds more
_RAW_REASON_FROM = 33  # pkg/kubelet/images/image_manager.go: an error of the keyring is the waiting reason itself
_MINOR = re.compile(r"v1\.(\d+)")
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_FLAWS = {
    "notJSON": "it is not JSON",
    "wrongShape": "a value is not what must stand there",
    "badBase64": "an auth is not base64",
    "noColon": "an auth is not base64 of user:password",
}
_HUB_KEY = "https://index.docker.io/v1/"
_HUB_HOSTS = frozenset({"registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com", "www.docker.com"})

NODE = Credential(
    "", "Node", "", (), (), "Unknown",
    "unknown: node credentials, credential provider plugins and mirrors cannot be seen through the API",
)  # fmt: skip
ANONYMOUS = Credential(
    "", "Anonymous", "", (), (), "NotTried",
    "never tried while an entry matches: one stale entry keeps even a public image from being pulled",
)  # fmt: skip


def NONE_LISTED(account: str, subject: str) -> Credential:  # noqa: N802  the third of these values
    """Return the Credential for no list of pull secrets."""
    more = f", and ServiceAccount {account} has none to copy" if account else ""
    return Credential("", "Pod", "", (), (), "NoneListed", f"none: the {subject} lists no pull secrets{more}")


class SecretFinding(NamedTuple):
    """One Secret of a list, judged for an image. `offered`: how many entries the kubelet offers in all."""

    verdict: CredentialVerdict
    name: str
    list: "PullSecretList"
    secret: PullSecret | None
    matches: tuple[CredentialMatch, ...]
    offered: int
    repository: str


def detail_of(finding: SecretFinding, unreadable: str, kubelet: str) -> str:
    """Return the sentence. `unreadable` names the Secret that invalidates the keyring; `kubelet` is its version."""
    entries = present(finding.secret.entries) if finding.secret is not None else ()
    holds, type_ = _holds(entries), _type(finding)
    sentences: dict[CredentialVerdict, str] = {
        "NoName": "an empty name: it names nothing, and keeps the ServiceAccount's secrets from being copied",
        "Absent": f"does not exist{_ignored(finding)}: the kubelet goes on without it",
        "Forbidden": "unknown: cannot get secrets: forbidden",
        "Unknown": "unknown: not read",
        "WrongType": f"is of type {type_}, so the kubelet passes it over without a word; {holds}",
        "NoData": f"has nothing under .{type_.rpartition('/')[2]}, so the kubelet passes it over without a word",
        "Malformed": _malformed(finding, kubelet),
        "Unused": f"{holds}: not used, since the kubelet cannot read {unreadable}",
    }
    if finding.verdict == "Unknown" and finding.secret is not None:
        return "unknown: its values are no base64 (encrypted?), so this is not what a cluster would hold"
    return sentences.get(finding.verdict) or _matching(finding, holds, entries)


def _matching(finding: SecretFinding, holds: str, entries: tuple[SecretEntry, ...]) -> str:
    if not finding.matches:
        hints = [hint for hint in (near_miss(key_of(entry), finding.repository) for entry in entries) if hint]
        hint = f" ({hints[0]})" if hints else ""
        if finding.verdict == "Ignored":
            return f"{holds}: no match for {finding.repository}{hint}, and ignored, {finding.list.ignored}"
        return f"{holds}: no match for {finding.repository}{hint}"
    keys = ", ".join(dict.fromkeys(match.key for match in finding.matches))
    which = f": {keys} matches" if len(entries) > 1 else ": matches"
    if finding.verdict == "Ignored":
        return (
            f"{holds}{which.replace('matches', 'would match')}, but is ignored, {finding.list.ignored}{_state(finding)}"
        )
    places = [match.attempt for match in finding.matches if match.attempt is not None]
    order = f" {' and '.join(map(_ordinal, places))} of {finding.offered}" if finding.offered > 1 else ""
    return f"{holds}{which} {finding.repository}, offered{order}{_state(finding)}"


def _ignored(finding: SecretFinding) -> str:
    return f", and is ignored anyway, {finding.list.ignored}" if finding.list.ignored else ""


def _state(finding: SecretFinding) -> str:
    """Return what is wrong with the entries that match."""
    parts = ["; it holds no user name, which runtimes take for none"] if any(m.empty for m in finding.matches) else []
    for match in finding.matches:
        if match.expires:
            words = {True: "expired", False: "expires", None: "says it expires"}[match.expired]
            parts.append(f"; its token {words} at {match.expires}")
    return "".join(dict.fromkeys(parts))


def _malformed(finding: SecretFinding, kubelet: str) -> str:
    problem = finding.secret.problem if finding.secret is not None else ""
    found = _MINOR.match(kubelet)
    reasons = ["its error is the waiting reason (kubelets from 1.33)", "ErrImagePull (kubelets up to 1.32)"]
    if found is not None:
        reasons = [reasons[int(found[1]) < _RAW_REASON_FROM].partition(" (")[0]]
    words = _FLAWS.get(problem or "", "it cannot be read")
    return f"{words}: the kubelet uses no secret of this list, and pulls nothing at all; {' or '.join(reasons)}"


def _holds(entries: tuple[SecretEntry, ...]) -> str:
    keys = list(dict.fromkeys(str(key_of(entry)) or '""' for entry in entries))
    unread = [str(key_of(entry)) for entry in entries if entry.readable is False]
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    odd = f" ({unread[0]} is no registry address: passed over)" if unread else ""
    return f"holds {', '.join(keys[:NAMED])}{more}{odd}" if keys else "holds no registry"


def _type(finding: SecretFinding) -> str:
    return (finding.secret.type if finding.secret is not None else "") or "Opaque"


def _ordinal(number: int) -> str:
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"as number {number}"


def near_miss(key: RegistryKey, repository: str) -> str:
    """Return why a key that looks right does not match; "" if it does not look right."""
    registry, _, path = repository.partition("/")
    host, wanted = key.host.rpartition(":")[0] or key.host, registry.rpartition(":")[0] or registry
    if not key.readable:
        return ""
    if key.host != registry and key.host.lower() == registry.lower():
        return "host names are compared with their case"
    if is_docker_hub(repository) and (
        key.host in _HUB_HOSTS or str(key) in {"index.docker.io/v1", "index.docker.io/v2"}
    ):
        return f"Docker Hub's key is {_HUB_KEY}, with the slash at its end"
    if is_docker_hub(repository) and path.startswith(f"{key}/"):
        return f"a key begins with a host: docker.io/{key}"
    if key.host != registry and host == wanted:
        return "ports must be the same on both sides"
    if key.host == registry and re.search(r"[:@]", key.path):
        return "a key has no tag"
    if key.host.startswith("*.") and registry.endswith(key.host[1:]):
        return "a * stands for one part of a host name"
    return ""
