"""Applies plans: in parallel, each object by one JSON patch whose tests let it through or not.

Success is checked: the answer must be the object with the desired values, or the object is read again. If a test fails,
or if the answer is lost, the object is read and planned again. A change that the user has not seen in the plan is not
overwritten: it is another client's.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from time import sleep
from typing import Literal, NamedTuple

from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.cluster.errors import GENERIC_NOT_FOUND, is_gone
from kubectl_pullpolicy.cluster.live_objects import LiveObjects
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.reconnect import is_retriable
from kubectl_pullpolicy.cluster.transport import ApiTransport, Write
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ObjectRef
from kubectl_pullpolicy.core.plans.json_patch import json_patch
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject, ObjectPlan, UnchangedField, live_object
from kubectl_pullpolicy.errors import (
    NoConnectionError,
    OverriddenError,
    PullPolicyError,
    ServerError,
    UnconfirmedError,
    WriteUnknownError,
)
from kubectl_pullpolicy.parallel import together

ATTEMPTS = 3
LOOKS = 5  # at an object whose patch got no answer that can be relied on
PAUSE = 1.0  # seconds, before a server is asked again that was busy or away; doubled each time
JSON_PATCH = "application/json-patch+json"
LONGEST_PAUSE = 8.0
CONFLICT, INVALID, TOO_MANY = 409, 422, 429


class PatchOutcome(NamedTuple):
    """What became of a plan. `unchanged`: another client did it meanwhile; `unknown`: whether it is stored."""

    plan: ObjectPlan
    status: Literal["changed", "unchanged", "failed", "unknown"]
    error: PullPolicyError | None = None


class PatchOptions(NamedTuple):
    """How to write. `server_dry_run`: the server stores nothing; `stopped`: no further object is begun."""

    field_manager: str
    server_dry_run: bool = False
    stopped: Event = Event()


class Patcher:
    """Writes plans. `replan` returns the plan of an object as it is now; `begun`: the objects that were begun."""

    def __init__(
        self,
        transport: ApiTransport,
        live: LiveObjects,
        replan: Callable[[LiveObject], ObjectPlan],
        options: PatchOptions,
    ) -> None:
        self._transport = transport
        self._live = live
        self._replan = replan
        self._options = options
        self.begun: set[ObjectRef] = set()
        self._query = {"fieldManager": options.field_manager} | ({"dryRun": "All"} if options.server_dry_run else {})

    def apply(self, plans: Iterable[ObjectPlan]) -> Iterator[PatchOutcome]:
        """Return the outcomes as they come; one object's failure does not affect the others."""
        yield from together([self._outcome(plan) for plan in plans], PARALLEL)

    def _outcome(self, plan: ObjectPlan) -> Iterator[PatchOutcome]:
        if not self._options.stopped.is_set():
            self.begun.add(plan.ref)
            yield _Application(plan, self._send, self._current, self._options).outcome()

    def _send(self, plan: ObjectPlan) -> ObjectPlan:
        """Send the patch. Return what is left to change by the answer. Raises PullPolicyError."""
        body = json.dumps(json_patch(plan.changes)).encode()
        path = path_of(plan.info, plan.ref.namespace, plan.ref.name)
        what = f"patch {plan.info.plural} {plan.ref.name}"
        answer = self._transport.write(path, self._query, Write("PATCH", body, JSON_PATCH), what)
        try:
            live = live_object(plan.info, answer)
        except UNREADABLE as error:
            raise UnconfirmedError(f"error: the server's answer ({what}) is not the object: {error}") from error
        return self._replanned(live, plan, what)

    def _current(self, plan: ObjectPlan) -> ObjectPlan:
        """Return the plan of the object as it is now. Raises PullPolicyError."""
        live = self._live.get(plan.info, plan.ref.namespace, plan.ref.name)
        return self._replanned(live, plan, f"get {plan.info.plural} {plan.ref.name}")

    def _replanned(self, live: LiveObject, plan: ObjectPlan, what: str) -> ObjectPlan:
        if live.ref != plan.ref or live.tree.get("kind") not in {None, plan.info.kind}:
            raise UnconfirmedError(f"error: the server's answer ({what}) is not the object")
        return self._replan(live)


class _Application:
    """The application of one plan. `_sent`: whether a patch may be stored that no look has shown to be missing."""

    def __init__(
        self,
        agreed: ObjectPlan,
        send: Callable[[ObjectPlan], ObjectPlan],
        current: Callable[[ObjectPlan], ObjectPlan],
        options: PatchOptions,
    ) -> None:
        self._agreed, self._send, self._current, self._options = agreed, send, current, options
        self._sent = self._ever_sent = False
        self._pause = PAUSE

    def outcome(self) -> PatchOutcome:
        """Send the patch until it is known to be stored, or is refused."""
        plan, attempts = self._agreed, ATTEMPTS
        while True:
            attempts -= 1
            error = self._attempt(plan)
            if error is None:
                return PatchOutcome(self._agreed, "changed")
            dry_answer = self._options.server_dry_run and isinstance(error, UnconfirmedError)
            if dry_answer or not self._may_be_repeated(error):
                return self._failed(error)
            fresh = self._look()
            if isinstance(fresh, PatchOutcome):
                return fresh
            if isinstance(error, OverriddenError):
                return self._failed(_overridden(self._agreed, fresh.changes))
            # No test failed: the server does not want the value.
            refused = _status(error) == INVALID and json_patch(fresh.changes) == json_patch(plan.changes)
            if refused or not attempts or self._options.stopped.is_set():
                return self._failed(error)
            plan = fresh

    def _attempt(self, plan: ObjectPlan) -> PullPolicyError | None:
        """Send the patch. Return why it is not known to be stored; None if it is."""
        try:
            rest = _own(self._send(plan), self._agreed)
        except PullPolicyError as error:
            return error
        return _overridden(self._agreed, rest) if rest else None

    def _may_be_repeated(self, error: PullPolicyError) -> bool:
        """Note whether the patch may be stored, and wait if the server is busy or away."""
        if isinstance(error, UnconfirmedError):
            sent = True
        elif _status(error) in {CONFLICT, INVALID}:
            sent = False
        elif is_retriable(error):
            sent = error.sent if isinstance(error, NoConnectionError) else _status(error) != TOO_MANY
            self._wait(error)
        else:
            return False
        self._sent, self._ever_sent = self._sent or sent, self._ever_sent or sent
        return True

    def _look(self) -> ObjectPlan | PatchOutcome:
        """Return what is left to change; an outcome if that is nothing, not the user's to change, or unknown."""
        error: PullPolicyError | None = None
        for _ in range(LOOKS if self._sent else 1):
            if error is not None:
                self._wait(error)
            try:
                return self._judged(self._current(self._agreed))
            except PullPolicyError as caught:
                error = caught
                passing = is_retriable(caught) or isinstance(caught, UnconfirmedError) or _status(caught) == 0
                if not (passing or GENERIC_NOT_FOUND in str(caught)):
                    break
        assert error is not None
        return self._failed(error)

    def _judged(self, fresh: ObjectPlan) -> ObjectPlan | PatchOutcome:
        if not fresh.changes or (self._ever_sent and not _own(fresh, self._agreed)):
            if _is_missing(fresh, self._agreed):
                gone = f"error: {self._agreed.target} no longer has what was to be changed"
                return PatchOutcome(self._agreed, "failed", ServerError(gone, CONFLICT))
            return PatchOutcome(self._agreed, "changed" if self._ever_sent else "unchanged")
        foreign = _foreign(fresh, self._agreed)
        if not foreign:
            self._sent = False
            return fresh
        error = _overridden(self._agreed, foreign) if self._sent else _meanwhile(self._agreed, foreign)
        return PatchOutcome(self._agreed, "failed", error)

    def _failed(self, error: PullPolicyError) -> PatchOutcome:
        """Return the failure; of a patch that may be stored that it is unknown, unless the object is gone."""
        if self._sent and not is_gone(error) and not self._options.server_dry_run:
            return PatchOutcome(self._agreed, "unknown", _unknown(self._agreed, error))
        return PatchOutcome(self._agreed, "failed", error)

    def _wait(self, error: PullPolicyError) -> None:
        sleep(max(self._pause, error.retry_after if isinstance(error, ServerError) else 0))
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


def _status(error: PullPolicyError) -> int:
    return error.status if isinstance(error, ServerError) else -1


def _own(fresh: ObjectPlan, agreed: ObjectPlan) -> list[Change]:
    """Return the changes of the new plan to fields that the user wanted to change."""
    fields = set(map(_field, agreed.changes))
    return [change for change in fresh.changes if _field(change) in fields]


def _is_missing(fresh: ObjectPlan, agreed: ObjectPlan) -> bool:
    """Return whether the object no longer has a field that was to be changed: its container was removed."""
    fields = {*map(_field, fresh.unchanged), *map(_field, fresh.changes)}
    return any(_field(change) not in fields for change in agreed.changes)


def _field(each: Change | UnchangedField) -> tuple[str, str, str]:
    return each.container_kind, each.container, each.field


def _foreign(fresh: ObjectPlan, agreed: ObjectPlan) -> list[Change]:
    """Return the changes of the new plan that the user has not seen: another client wrote meanwhile."""
    seen = {_key(change) for change in agreed.changes}
    return [change for change in fresh.changes if _key(change) not in seen]


def _key(change: Change) -> tuple[str, str, str, str | None, str | None]:
    return change.container_kind, change.container, change.field, change.old, change.new


def _values(changes: Iterable[Change]) -> str:
    return ", ".join(
        f"{change.field} of container {change.container} is now {change.old or 'unset'}" for change in changes
    )


def _meanwhile(plan: ObjectPlan, foreign: list[Change]) -> ServerError:
    return ServerError(
        f"error: {plan.target} was changed by somebody else meanwhile: {_values(foreign)}; nothing was written",
        CONFLICT,
    )


def _overridden(plan: ObjectPlan, changes: Iterable[Change]) -> OverriddenError:
    """The server took the patch, and the object has another value."""
    return OverriddenError(
        f"error: {plan.target} does not keep the change: {_values(changes)}, although the server accepted it: "
        "admission (a webhook or a policy engine) or a controller set it"
    )


def _unknown(plan: ObjectPlan, error: PullPolicyError) -> WriteUnknownError:
    return WriteUnknownError(
        f"error: it is unknown whether {plan.target} was changed: the answer was lost, and it could not be read again: "
        f"{error}"
    )


def not_awaited(plan: ObjectPlan) -> WriteUnknownError:
    """Return the error of an object whose answer was not waited for."""
    return WriteUnknownError(f"error: it is unknown whether {plan.target} was changed: its answer was not waited for")
