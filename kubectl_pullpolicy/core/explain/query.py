"""A question put to a source: read, learn, ask what is missing, and explain. At most three rounds of reading."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted
from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.explain.grouping import mixed_digests
from kubectl_pullpolicy.core.explain.needs import (
    REVISED,
    ROUNDS,
    Question,
    events_need,
    list_needs,
    pod_needs,
    secret_needs,
    template_needs,
)
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, Workload, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import selector_text
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.pods.node_images import same_image
from kubectl_pullpolicy.core.pods.revisions import revision_name
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Selection, Source, Subject
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, Known, ListOf, Need, NotRead, Reading
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError, ServerError, UnreadableError

# ServiceAccounts and Secrets that are read for a question about all that fails: one each, as long as there are few.
SECRETS_READ = 200


class Query:
    """Explains lists and named targets from one source; what was learnt once is kept for the next question."""

    def __init__(
        self, source: Source, question: Question = "policies", credentials: CredentialsWanted = "never"
    ) -> None:
        self._source = source
        self._question = question
        self._context = Snapshot()
        self._credentials = credentials
        self._secrets_read = 0
        self._explainer = Explainer(self._context, lambda: source.now, credentials)

    def listed(self, selection: Selection) -> Iterator[list[SubjectExplanation]]:
        """The subjects of a selection, explained page by page."""
        for page in self._source.pages(selection):
            yield self.explained(page, selection.namespace)

    def listed_pods(self, selection: Selection) -> Iterator[list[tuple[Pod, SubjectExplanation]]]:
        """The Pods of a selection, page by page, each with its explanation."""
        for page in self._source.pages(selection):
            pods = [pod for pod in page if isinstance(pod, Pod)]
            yield list(zip(pods, self.explained(pods, selection.namespace), strict=True))

    def explained(self, page: Sequence[Subject], namespace: str | None) -> list[SubjectExplanation]:
        """These subjects of a list of that namespace (None: of all)."""
        self._read_for_list(page, namespace)
        if self._credentials == "all" or self._question == "failures":
            self._read_secrets(page)
        return [self._explainer.explain(subject) for subject in page]

    def templates(self, kind: str, api_version: str, selection: Selection) -> Iterator[list[SubjectExplanation]]:
        """The templates of all workloads of a kind, page by page. Raises ForbiddenError, NotFoundError."""
        need = ListOf(api_version, kind, *selection)
        for reading in self._source.read([need]):
            if not isinstance(reading.outcome, NotRead):  # a file's list is never known to be whole
                _insist(reading)
            self._context.learn([reading])
            page = [thing for thing in reading.objects if isinstance(thing, Workload)]
            yield self.explained(page, selection.namespace)

    def named(self, target: Target, namespace: str | None) -> Iterator[list[SubjectExplanation]]:
        """One named target; a workload's template comes first, then its Pods. Raises ForbiddenError, NotFoundError.

        Without a namespace (files) every object of that name is meant.
        """
        if namespace is None:
            named = list(self._namespaces_of(target))
            for found in named or [""]:
                yield from self.named(target, found)
            return
        ref = ObjectRef(target.info.api_version, target.info.kind, namespace, target.name or "")
        if ref.kind == "Pod":
            yield [self.pod(ref)[1]]
            return
        workload = self.workload(ref)
        self._rounds(lambda: [*template_needs(workload, self._context), *self._secret_needs([workload])])
        pages = list(self._pods_of(ref, workload))
        yield [self._with_digests(self._explainer.explain(workload), [pod for page in pages for pod in page])]
        yield from pages

    def workload(self, ref: ObjectRef) -> Workload:
        """Read the workload itself, along with the objects between it and its Pods.

        Raises ForbiddenError, NotFoundError.
        """
        below = {"Deployment": ("apps/v1", "ReplicaSet"), "CronJob": ("batch/v1", "Job")}.get(ref.kind)
        found = self._get(ref, *([ListOf(*below, ref.namespace)] if below is not None else ()))
        if not isinstance(found, Workload):
            raise NotFoundError(f"error: {ref} is no workload")
        return found

    def _with_digests(self, template: SubjectExplanation, pods: list[SubjectExplanation]) -> SubjectExplanation:
        """The template's explanation, with what its Pods run under its tags."""
        if not any(mixed_digests(pods, lambda one, other: one == other)):
            return template
        everywhere = ListOf("v1", "Node", None)  # an index and its manifest may both be on a node
        if not self._context.answered(everywhere):
            self._context.learn(self._source.read([everywhere]))
        nodes = self._context.nodes()
        notes = mixed_digests(pods, lambda one, other: one == other or same_image(nodes, one, other))
        return msgspec.structs.replace(template, notes=(*template.notes, *notes))

    def _namespaces_of(self, target: Target) -> Iterator[str]:
        """Yield the namespaces in which a file holds objects of this kind and name."""
        need = ListOf(target.info.api_version, target.info.kind, None, field_selector=f"metadata.name={target.name}")
        for reading in self._source.read([need]):
            for thing in reading.objects:
                yield meta(thing).namespace or ""

    def selection_of(self, ref: ObjectRef) -> Selection:
        """What selects the Pods of this workload, and maybe others. Raises ForbiddenError, NotFoundError."""
        workload = self._get(ref)
        selector = selector_text(workload) if isinstance(workload, Workload) else None
        if selector is None:
            raise NotFoundError(f"error: {ref} selects no Pods")
        return Selection(ref.namespace, selector)

    def renew(self, pod: Pod, namespace: str | None) -> None:
        """Reads the owners of this Pod again, by name. Kinds that were not listed yet are left to the list."""
        ref = controller_of(meta(pod))
        revision = revision_name(pod, ref) if ref is not None and ref.kind in REVISED else ""
        needs = [Get(ObjectRef("apps/v1", "ControllerRevision", ref.namespace, revision))] if ref and revision else []
        while ref is not None and self._context.outcome(ListOf(ref.api_version, ref.kind, namespace)) is None:
            self._context.learn(self._source.read([Get(ref), *needs]))
            fact, needs = self._context.owner(ref), []
            ref = fact.value.controller if isinstance(fact, Known) else None

    def learn(self, readings: Iterable[Reading]) -> None:
        """Take in what was read elsewhere."""
        self._context.learn(readings)

    def refusals(self) -> tuple[str, ...]:
        """What could not be read so far: `cannot list replicasets.apps: forbidden`."""
        return tuple(
            f"cannot {refusal.verb} {refusal.resource}: {refusal.reason}" for refusal in self._context.forbidden()
        )

    def _get(self, ref: ObjectRef, *others: Need) -> Subject | None:
        """The named object itself, reading other needs along with it."""
        found: Subject | None = None
        wanted: list[Need] = [need for need in others if not self._context.answered(need)]
        for reading in self._source.read([Get(ref), *wanted]):
            self._context.learn([reading])
            if reading.need == Get(ref):
                _insist(reading, ref)
                found = next((thing for thing in reading.objects if isinstance(thing, Pod | Workload)), found)
        return found

    def _explain_pod(self, pod: Pod) -> SubjectExplanation:
        self._rounds(lambda: list(dict.fromkeys((*pod_needs(pod, self._context), *self._secret_needs([pod])))))
        return self._explainer.explain(pod)

    def _pods_of(self, ref: ObjectRef, workload: Workload) -> Iterator[list[SubjectExplanation]]:
        for page in self.pods_of(ref, workload):
            yield [explained for _, explained in page]

    def pods_of(self, ref: ObjectRef, workload: Workload) -> Iterator[list[tuple[Pod, SubjectExplanation]]]:
        """The Pods of a workload that was read before, page by page, each with its explanation."""
        selector = selector_text(workload)
        if selector is None:
            return
        for page in self._source.pages(Selection(ref.namespace, selector)):
            pods = [pod for pod in page if isinstance(pod, Pod) and self.belongs(pod, ref)]
            self._read_secrets(pods)
            yield list(zip(pods, self.explained(pods, ref.namespace), strict=True))

    def pod(self, ref: ObjectRef) -> tuple[Pod, SubjectExplanation]:
        """One Pod, with its explanation. Raises ForbiddenError, NotFoundError."""
        pod = self._get(ref, events_need("Pod", ref.namespace, ref.name))
        if not isinstance(pod, Pod):
            raise NotFoundError(f"error: {ref} is no Pod")
        return pod, self._explain_pod(pod)

    def belongs(self, pod: Pod, ref: ObjectRef) -> bool:
        """Whether a Pod is managed by this workload, directly or through a ReplicaSet or Job."""
        controller = controller_of(meta(pod))
        if controller is None or controller == ref:
            return controller is not None
        fact = self._context.owner(controller)
        return isinstance(fact, Known) and fact.value.controller == ref

    def _read_for_list(self, page: Sequence[Subject], namespace: str | None) -> None:
        self._rounds(lambda: list_needs(page, namespace, self._context, self._question))

    def _read_secrets(self, subjects: Sequence[Subject]) -> None:
        self._rounds(lambda: self._secret_needs(subjects))

    def _secret_needs(self, subjects: Sequence[Subject]) -> list[Need]:
        needs = secret_needs(subjects, self._credentials, self._context)
        if self._question == "failures":  # of many Pods, in many namespaces
            needs = needs[: max(0, SECRETS_READ - self._secrets_read)]
            self._secrets_read += len(needs)
        return needs

    def _rounds(self, missing: Callable[[], list[Need]]) -> None:
        for _ in range(ROUNDS - 1):  # the first was spent on the subjects themselves
            needs = missing()
            if not needs:
                return
            self._context.learn(self._source.read(needs))


def _insist(reading: Reading, ref: ObjectRef | None = None) -> None:
    """A target must be readable: a refusal or a miss is an error, in the source's words."""
    outcome, name = reading.outcome, f'"{ref.name}"' if ref is not None else reading.need
    if isinstance(outcome, Forbidden):
        raise _refusal(outcome)
    if isinstance(outcome, Absent):
        raise NotFoundError(outcome.message or f"Error from server (NotFound): {name} not found")
    if isinstance(outcome, NotRead):
        kind = ref.kind if ref is not None else ""
        raise NotFoundError(f"error: no {kind} {name} in the files given")


def _refusal(outcome: Forbidden) -> ServerError:
    """Return the error of a target that cannot be read."""
    if outcome.status == 403:
        fallback = f"Error from server (Forbidden): cannot {outcome.verb} {outcome.resource}"
        return ForbiddenError(outcome.message or fallback)
    kind = {0: UnreadableError, 404: NotFoundError}.get(outcome.status, ServerError)
    return kind(outcome.message, outcome.status)
