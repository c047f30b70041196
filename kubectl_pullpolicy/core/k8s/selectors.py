"""Label and field selectors, evaluated as the API server does.

Source: k8s.io/apimachinery v0.37.2 pkg/labels/selector.go, pkg/fields/selector.go; k8s.io/kubernetes v1.37.2
pkg/apis/core/v1/conversion.go. Errors are in the server's words.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from kubectl_pullpolicy.core.k8s.label_selectors import Requirement, parse_requirements
from kubectl_pullpolicy.core.k8s.objects import Event, KubernetesObject, Pod, meta
from kubectl_pullpolicy.errors import UsageError

Labels = Mapping[str, str | None] | None


class LabelSelector(NamedTuple):
    """All of its requirements must hold; an empty one selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether an object with these labels is selected."""
        return all(requirement.matches(labels or {}) for requirement in self.requirements)


class FieldTerm(NamedTuple):
    """One term of a field selector: `field=value`, or `field!=value`."""

    field: str
    equal: bool
    value: str


class FieldSelector(NamedTuple):
    """All of its terms must hold; an empty one selects everything."""

    terms: tuple[FieldTerm, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object with these fields is selected; a field that is missing counts as empty."""
        return all((fields.get(term.field, "") == term.value) == term.equal for term in self.terms)

    def check(self, kind: str) -> None:
        """Raise UsageError for a field that objects of this kind cannot be selected by."""
        known = _FIELDS.get(kind, _COMMON_FIELDS)
        for term in self.terms:
            if term.field not in known:
                raise UsageError(f"field label not supported: {term.field}")


_COMMON_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
# Fewer than the server knows: only what this program reads of an object can be compared.
_FIELDS = {
    "Pod": _COMMON_FIELDS | {"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase"},
    "Event": _COMMON_FIELDS
    | {"reason", "type"}
    | {f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "fieldPath")},
    "Node": frozenset({"metadata.name"}),
}


def field_values(thing: KubernetesObject) -> dict[str, str]:
    """The fields that this object can be selected by."""
    metadata = meta(thing)
    found = {"metadata.name": metadata.name, "metadata.namespace": metadata.namespace}
    if isinstance(thing, Pod):
        spec, status = thing.spec, thing.status
        if spec is not None:
            found["spec.nodeName"] = spec.node_name
            found["spec.restartPolicy"] = spec.restart_policy
            found["spec.serviceAccountName"] = spec.service_account_name
        found["status.phase"] = status.phase if status is not None else None
    elif isinstance(thing, Event):
        found |= {"reason": thing.reason, "type": thing.type}
        about = thing.involved_object
        if about is not None:
            found["involvedObject.kind"] = about.kind
            found["involvedObject.namespace"] = about.namespace
            found["involvedObject.name"] = about.name
            found["involvedObject.uid"] = about.uid
            found["involvedObject.fieldPath"] = about.field_path
    return {field: value or "" for field, value in found.items()}


@lru_cache(maxsize=64)
def parse_fields(text: str) -> FieldSelector:
    r"""Read a field selector; `\\`, `\,` and `\=` are the characters in a value. Raises UsageError."""
    terms = []
    for part in sorted(re.findall(r"(?:\\.|[^,\\]|\\$)+", text, re.DOTALL)):
        found = re.fullmatch(r"(.*?)(!=|==|=)(.*)", part, re.DOTALL)
        if found is None:
            raise UsageError(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = found.groups()
        field = "spec.nodeName" if field == "spec.host" else field  # what clients sent before v1.0, still taken
        if field or value:  # a lone "=" restricts nothing
            terms.append(FieldTerm(field, operator != "!=", _unescaped(value)))
    return FieldSelector(tuple(terms))


def _unescaped(value: str) -> str:
    parts = re.findall(r"\\.?|[^\\]", value, re.DOTALL)
    for part in parts:
        if part[0] == "\\" and part not in {"\\\\", "\\,", "\\="}:
            raise UsageError(f"invalid field selector: invalid escape sequence: {part}")
        if part in {",", "="}:
            raise UsageError(f"invalid field selector: unescaped character in value: {ord(part)}")
    return "".join(part[-1] for part in parts)


@lru_cache(maxsize=256)
def parse_labels(text: str) -> LabelSelector:
    """Read a label selector (`a=b,c!=d,e in (f,g),h,!i`). Raises UsageError."""
    return LabelSelector(parse_requirements(text))
