"""Workloads of foreign kinds (an Argo Rollout, a Knative Service), recognised by spec.template.spec.containers.

Only what has that shape is read of them: `replicas: "3"` is an error in a Deployment, and none of our business there.
"""

import msgspec

from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ObjectMeta, PodTemplateSpec, Workload, WorkloadSpec


class _TemplateHolder(msgspec.Struct):
    template: PodTemplateSpec | None = None


class _Template(msgspec.Struct):
    metadata: ObjectMeta | None = None
    spec: _TemplateHolder | None = None


class _Metadata(msgspec.Struct):
    metadata: ObjectMeta | None = None


class _ProbedSpec(msgspec.Struct, gc=False):
    containers: list[msgspec.Raw] | None = None


class _ProbedTemplate(msgspec.Struct, gc=False):
    spec: _ProbedSpec | None = None


class _ProbedTemplateHolder(msgspec.Struct, gc=False):
    template: _ProbedTemplate | None = None


class _Probe(msgspec.Struct, gc=False):
    spec: _ProbedTemplateHolder | None = None


_WHOLE, _NARROW = msgspec.json.Decoder(Workload), msgspec.json.Decoder(_Template)
_BARE, _PROBE = msgspec.json.Decoder(_Metadata), msgspec.json.Decoder(_Probe)


def has_template(json: bytes | memoryview | msgspec.Raw) -> bool:
    """Whether an object holds a pod template."""
    try:
        spec = _PROBE.decode(json).spec
    except UNREADABLE:
        return False
    template = spec.template if spec is not None else None
    return template is not None and template.spec is not None and bool(template.spec.containers)


def decode_workload(json: bytes | memoryview | msgspec.Raw) -> Workload:
    """What can be read of an object that has a template. Raises UNREADABLE."""
    try:
        return _WHOLE.decode(json)
    except msgspec.ValidationError:
        narrow = _NARROW.decode(json)
        spec = WorkloadSpec(template=narrow.spec.template) if narrow.spec is not None else None
        return Workload(metadata=narrow.metadata, spec=spec)


def decode_owner(json: bytes | memoryview | msgspec.Raw) -> Workload:
    """Return an owner of any kind, with its template if it has one, else with its metadata alone."""
    if has_template(json):
        try:
            return decode_workload(json)
        except UNREADABLE:
            pass
    return Workload(metadata=_BARE.decode(json).metadata)
