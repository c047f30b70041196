"""What ends a failure: for each cause its steps, filled with the names that are known. The best comes first.

A step's words and command hold {names}. In words a name that is not known is replaced by a general word; a command
that lacks one is left out, and so is a step that only refers to its command. What comes from messages is quoted for a
shell: a command is there to be pasted.
"""

import json
import re
from collections.abc import Iterator
from shlex import quote
from typing import NamedTuple

from kubectl_pullpolicy.core.images.known_registries import registry_of, server_of
from kubectl_pullpolicy.core.k8s.kinds import is_label, is_object_name
from kubectl_pullpolicy.core.report.pull_failure import CauseId, Diagnosis, Remedy

SECRET = "regcred"  # the name that the Kubernetes documentation gives a pull secret


class RemedyTarget(NamedTuple):
    """What needs the image; what is not known is ""."""

    namespace: str = ""
    pod: str = ""
    node: str = ""
    image: str = ""
    secret: str = ""


class Step(NamedTuple):
    """A remedy before its names are filled in."""

    text: str
    command: str = ""


_REACH = Step("on the node, see how far a request comes", "curl -sv -o /dev/null https://{host}/v2/")
_CERTIFICATE = Step(
    "on the node, look at the certificate that it is shown",
    "openssl s_client -connect {socket} -servername {hostname} </dev/null | "
    "openssl x509 -noout -issuer -subject -dates -ext subjectAltName",
)
_USE = Step(
    "let the Pods use it: name it in the template's imagePullSecrets, or in the ServiceAccount's for Pods to come",
    "kubectl patch serviceaccount default{in namespace} -p {naming patch}",
)
_NODES = Step("see which platforms the nodes are", "kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch")

STEPS: dict[CauseId, tuple[Step, ...]] = {
    "NotFoundOrDenied": (
        Step("check the name first: {registry} was asked for {name}"),
        Step("if it is private, give the Pods a pull secret for {registry}{hint}", "{create secret}"),
        _USE,
    ),
    "ImageNotFound": (Step("correct the image's name or tag, or publish it: {registry} has no {reference}"),),
    "AuthenticationRequired": (
        Step("give the Pods a pull secret for {registry}{hint}", "{create secret}"),
        _USE,
    ),
    "CredentialsRejected": (Step("write the pull secret for {registry} anew{hint}", "{renew secret}"),),
    "CredentialsExpired": (
        Step("write the pull secret for {registry} anew, with a fresh token{hint}", "{renew secret}"),
    ),
    "Forbidden": (
        Step("let who asks pull {name} at {registry}; a missing repository can be answered so, too"),
        Step("or give the Pods credentials that may{hint}", "{renew secret}"),
    ),
    "RateLimited": (
        Step("wait: the limit passes by itself"),
        Step("or log in, since users have higher limits than addresses{hint}", "{create secret}"),
        Step("or pull through a mirror or cache of your own"),
    ),
    "NameResolution": (
        Step("on the node, ask its resolver for the name", "nslookup {hostname}"),
        Step("correct the host in the image's name, or the node's DNS (cluster DNS names do not count there)"),
    ),
    "ConnectionRefused": (_REACH, Step("see that the registry runs, and that its port is the one in the image's name")),
    "Timeout": (
        _REACH,
        Step("a big image over a slow line needs longer than the runtime waits: pull it ahead of time"),
    ),
    "NetworkUnreachable": (_REACH,),
    "CertificateUnknownAuthority": (
        _CERTIFICATE,
        Step("make the authority known to every node's runtime: /etc/containerd/certs.d/{host}/hosts.toml (ca = ...)"),
    ),
    "CertificateNameMismatch": (
        _CERTIFICATE,
        Step("use a name that the certificate has, or renew it with {hostname} in it"),
    ),
    "CertificateExpired": (Step("on the node, look at its clock", "date -u"), _CERTIFICATE),
    "TLSFailure": (_CERTIFICATE,),
    "HTTPSExpected": (
        Step("let {host} serve HTTPS; or let every node's runtime use HTTP: /etc/containerd/certs.d/{host}/hosts.toml"),
    ),
    "Proxy": (
        Step(
            "on the node, see the proxy that the runtime uses", "systemctl show -p Environment containerd crio docker"
        ),
        Step("let the proxy pass {host}, or name it in NO_PROXY"),
    ),
    "PlatformMismatch": (
        _NODES,
        Step(
            "build the image for the node's platform too, or keep the Pods on nodes that it is built for (nodeSelector)"
        ),
    ),
    "UnsupportedMediaType": (Step("push the image anew in OCI or Docker schema 2 format, or use a newer runtime"),),
    "InvalidImageName": (
        Step("see how the name is read", "kubectl pullpolicy explain --image {image}"),
        Step("correct it: [HOST[:PORT]/]PATH[:TAG][@DIGEST], PATH in lower case"),
    ),
    "ImageNeverPull": (
        Step("allow pulls with another imagePullPolicy, or put the image on every node that the Pod may run on"),
    ),
    "DiskFull": (
        Step("see what the node reports of its disk", "kubectl describe node {node}"),
        Step("on the node, remove the images that nothing uses", "crictl rmi --prune"),
    ),
    "CorruptLayer": (
        Step("on the node, remove what it has of the image, so that all of it is pulled anew", "crictl rmi {image}"),
        Step("if every node fails so, push the image anew"),
    ),
    "UnpackFailed": (Step("see whether every node fails so: then it is the image, else the file system of this one"),),
    "BlobNotFound": (
        Step("push the image anew; if {registry} is a pull-through cache, see that it reaches its source"),
    ),
    "RegistryError": (Step("wait, and see what its operators say"), _REACH),
    "PullQPSExceeded": (
        Step("wait: it passes by itself"),
        Step("if it comes often, raise registryPullQPS and registryBurst in the kubelet's configuration"),
    ),
    "SignatureValidation": (
        Step("sign the image as the node's policy wants (/etc/containers/policy.json), or change that policy"),
    ),
    "CredentialProvider": (
        Step("on the node, read what the kubelet says of the plugin", "journalctl -u kubelet -g 'credential provider'"),
    ),
    "PullSecretMissing": (Step("create or repair the Secret in the Pod's namespace{hint}", "{create secret}"),),
    "Mirror": (
        Step("on the node, look at its mirrors", "ls -R /etc/containerd/certs.d /etc/rancher/k3s /etc/containers"),
        Step("mend the mirror at {host}, or take it out of the node's configuration"),
    ),
    "RuntimeUnavailable": (
        Step("on the node, see how its runtime is", "systemctl status containerd crio docker kubelet"),
    ),
    "ShortName": (Step("write the full name with its registry: docker.io/{repository} if Docker Hub is meant"),),
    "BlockedByPolicy": (
        Step("see why {registry} refuses {name}, and have it scanned, mended, released or allowed there"),
    ),
    "ImageInspectFailed": (Step("on the node, see what the runtime says of the image", "crictl inspecti {image}"),),
    "Cancelled": (
        Step("if it comes again: the image is too big or the line too slow for the runtime; pull it ahead of time"),
    ),
    "BackOffOnly": (
        Step(
            "look at the attempts before",
            "kubectl get events{in namespace} --field-selector involvedObject.name={pod},reason=Failed",
        ),
    ),
    "Unknown": (),
}
_GENERAL = {
    "registry": "the registry",
    "name": "this repository",
    "reference": "such image",
    "repository": "NAME",
    "host": "that host",
    "hostname": "that host",
}
_NAME = re.compile(r"(?<!\{)\{([a-z ]+)\}(?!\})")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(?::\d{1,5})?|\[[0-9a-fA-F:]{2,45}\](?::\d{1,5})?")


def remedies_of(diagnosis: Diagnosis, place: RemedyTarget = RemedyTarget()) -> tuple[Remedy, ...]:  # noqa: B008  a value
    """The remedies of a diagnosis, for an image that is wanted at that place."""
    words = _words(diagnosis, place)
    quoted = {key: quote(value) for key, value in words.items() if not value.startswith("-")}
    quoted = quoted | _commands(diagnosis, place) if _is_stored(place) else {}
    remedies = (_filled(step, words, quoted) for step in STEPS[diagnosis.cause])
    return (*_missing(diagnosis, place), *(remedy for remedy in remedies if remedy is not None))


def _is_stored(place: RemedyTarget) -> bool:
    """Return whether an API server can have these names: a text may show any."""
    return (not place.namespace or is_label(place.namespace)) and all(
        not name or is_object_name(name) for name in (place.pod, place.node, place.secret)
    )


def secret_command(registry: str, place: RemedyTarget, *, renew: bool) -> str:
    """Return the command that creates a pull secret for a registry, or replaces it; "" if the API refuses a name."""
    if not _is_stored(place):
        return ""
    kind, parts = registry_of(registry)
    username = (kind.username if kind is not None else "") or '"${REGISTRY_USER:?}"'
    password = (kind.password if kind is not None else "") or '"${REGISTRY_PASSWORD:?}"'
    if len(parts) < len(re.findall(r"\{\w+\}", password.replace("${", ""))):
        username, password = '"${REGISTRY_USER:?}"', '"${REGISTRY_PASSWORD:?}"'
    namespace = f" -n {quote(place.namespace)}" if place.namespace else ""
    command = (
        f"kubectl create secret docker-registry {quote(place.secret or SECRET)}{namespace} "
        f"--docker-server={quote(server_of(registry))} --docker-username={username} "
        f"--docker-password={_NAME.sub(lambda found: quote(parts.get(found[1], '')), password)}"
    )
    return f"{command} --dry-run=client -o yaml | kubectl apply -f -" if renew else command


def _missing(diagnosis: Diagnosis, place: RemedyTarget) -> Iterator[Remedy]:
    """Yield fixes for pull secrets that are named and cannot be read: these come first."""
    for name in diagnosis.missing_secrets:
        known = _HOST.fullmatch(diagnosis.registry)
        command = secret_command(diagnosis.registry, place._replace(secret=name), renew=False) if known else ""
        yield Remedy(f"create the Secret {name}, which imagePullSecrets name and the kubelet cannot read", command)


def _words(diagnosis: Diagnosis, place: RemedyTarget) -> dict[str, str]:
    """Return the names that are known, by their placeholder."""
    registry, host = diagnosis.registry, diagnosis.host or diagnosis.registry
    kind, _ = registry_of(registry)
    host = host if _HOST.fullmatch(host) else ""
    hostname, _, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "443")
    tag = f":{diagnosis.tag}" if diagnosis.tag else ""
    digest = f"@{diagnosis.digest}" if diagnosis.digest else ""
    known = registry and diagnosis.repository
    found = {
        "registry": f"{registry} ({kind.kind})" if kind is not None and registry else registry,
        "name": f"{registry}/{diagnosis.repository}" if known else "",
        "reference": f"{diagnosis.repository}{tag}{digest}" if known else "",
        "repository": diagnosis.repository,
        "host": host,
        "hostname": hostname,
        "socket": f"{hostname}:{port}" if hostname else "",
        "image": place.image or (f"{registry}/{diagnosis.repository}{tag}{digest}" if known else ""),
        "node": place.node,
        "pod": place.pod,
    }
    hint = kind.hint if kind is not None else ""
    return {key: value for key, value in found.items() if value} | {"hint": f": {hint}" if hint else ""}


def _commands(diagnosis: Diagnosis, place: RemedyTarget) -> dict[str, str]:
    """The parts of commands that are more than a name."""
    namespace = f" -n {quote(place.namespace)}" if place.namespace else ""
    naming = json.dumps({"imagePullSecrets": [{"name": place.secret or SECRET}]}, separators=(",", ":"))
    parts = {"in namespace": namespace, "naming patch": quote(naming)}
    if not _HOST.fullmatch(diagnosis.registry):
        return parts
    create = secret_command(diagnosis.registry, place, renew=False)
    return parts | {"create secret": create, "renew secret": secret_command(diagnosis.registry, place, renew=True)}


def _filled(step: Step, words: dict[str, str], quoted: dict[str, str]) -> Remedy | None:
    text = _NAME.sub(lambda found: words.get(found[1]) or _GENERAL.get(found[1], ""), step.text)
    needed = set(_NAME.findall(step.command))
    if not step.command or needed <= quoted.keys():
        return Remedy(text, _NAME.sub(lambda found: quoted[found[1]], step.command))
    only_a_command = text.startswith(("on the node, ", "see ", "look at "))
    return None if only_a_command else Remedy(text)
