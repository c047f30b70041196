"""Images and their policies in a document, with the entries that hold them.

What a document is decides where its images are, never how a string looks. ConfigMap data, annotations, arguments and
the schemas of a CustomResourceDefinition hold none. `core/manifests/pod_specs.py`, `core/manifests/kustomizations.py`
and `core/manifests/chart_values.py` find them.
"""

from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.syntax.nodes import Entry, Node, string_of

# `guess`: found by the shape of a pod template in a custom resource, in which a string need not be an image.
Form = Literal["pod", "guess", "kustomize", "values"]


class ImageField(NamedTuple):
    """One image of a document.

    `image` is the reference as written, joined from its parts; `problem` says why it is not known. It is in
    `image_entry`, or in `tag_entry` and `digest_entry`. A new policy gets the key `policy_key` and follows `neighbour`;
    the key is "" if only the chart knows it. `ref` has neither version nor name in a kustomization and in values.
    """

    form: Form
    ref: ObjectRef
    container: str
    kind: ContainerKind
    path: str
    image: str
    problem: str = ""
    image_entry: Entry | None = None
    tag_entry: Entry | None = None
    digest_entry: Entry | None = None
    policy_entry: Entry | None = None
    policy_key: str = ""
    neighbour: Entry | None = None

    @property
    def node(self) -> Node:
        """The node that gives the image its line number."""
        entry = self.image_entry or self.tag_entry or self.digest_entry or self.policy_entry or self.neighbour
        assert entry is not None
        return entry.value

    @property
    def policy(self) -> str:
        """The policy as written, "" for none."""
        return string_of(self.policy_entry.value) if self.policy_entry is not None else ""

    @property
    def policy_is_unknown(self) -> bool:
        """Whether only the chart knows which key sets the policy."""
        return self.policy_entry is None and not self.policy_key
