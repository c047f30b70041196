"""Apply plans in parallel, each object by one JSON Patch that begins with `test` operations.

If a test fails, or if it is unknown whether the patch arrived, the object is read and planned again. Only changes that
the user has seen are written: a change by another client stays.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from time import sleep
from typing import Literal, NamedTuple

from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.cluster.live_objects import LiveObjects
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.reconnect import is_retriable
from kubectl_pullpolicy.cluster.transport import ApiTransport, Write
from kubectl_pullpolicy.core.plans.json_patch import json_patch
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject, ObjectPlan
from kubectl_pullpolicy.errors import PullPolicyError, ServerError
from kubectl_pullpolicy.parallel import together

ATTEMPTS = 3
PAUSE = 1.0  # seconds before another attempt at a busy or unreachable server; doubled each time
JSON_PATCH = "application/json-patch+json"
_CONFLICTS = frozenset({409, 422})


class PatchOutcome(NamedTuple):
    """The result of a plan. `unchanged`: another client made the change meanwhile."""

    plan: ObjectPlan
    status: Literal["changed", "unchanged", "failed"]
    error: PullPolicyError | None = None


class PatchOptions(NamedTuple):
    """How to write. `server_dry_run`: the server does everything except store it."""

    field_manager: str
    server_dry_run: bool = False


class Patcher:
    """Applies plans. `replan`: plans an object again after it has changed."""

    def __init__(
        self, transport: ApiTransport, live: LiveObjects, replan: Callable[[LiveObject], ObjectPlan], how: PatchOptions
    ) -> None:
        self._transport = transport
        self._live = live
        self._replan = replan
        self._query = {"fieldManager": how.field_manager} | ({"dryRun": "All"} if how.server_dry_run else {})

    def apply(self, plans: Iterable[ObjectPlan]) -> Iterator[PatchOutcome]:
        """Yield the outcomes as they come. The failure of one object does not end the others."""
        yield from together([self._outcome(plan) for plan in plans], PARALLEL)

    def _outcome(self, plan: ObjectPlan) -> Iterator[PatchOutcome]:
        yield self._applied(plan)

    def _applied(self, agreed: ObjectPlan) -> PatchOutcome:
        plan, pause, unsure = agreed, PAUSE, False
        for _ in range(ATTEMPTS):
            try:
                self._patch(plan)
            except PullPolicyError as caught:
                error = caught
            else:
                return PatchOutcome(agreed, "changed")
            if is_retriable(error):
                unsure = True
                sleep(pause)
                pause *= 2
            elif not _conflicts(error):
                return PatchOutcome(agreed, "failed", error)
            fresh = self._planned_again(agreed)
            if not isinstance(fresh, ObjectPlan):
                return fresh
            if not fresh.changes:
                return PatchOutcome(agreed, "changed" if unsure else "unchanged")
            if _conflicts(error) and json_patch(fresh.changes) == json_patch(plan.changes):
                break  # no test failed: the server rejects the value
            plan = fresh
        return PatchOutcome(agreed, "failed", error)

    def _planned_again(self, agreed: ObjectPlan) -> ObjectPlan | PatchOutcome:
        """Return the plan of the object as it is now; a failure if it has changes that the user has not seen."""
        try:
            fresh = self._replan(self._live.get(agreed.info, agreed.ref.namespace, agreed.ref.name))
        except PullPolicyError as error:
            return PatchOutcome(agreed, "failed", error)
        foreign = _foreign(fresh, agreed)
        return PatchOutcome(agreed, "failed", _meanwhile(agreed, foreign)) if foreign else fresh

    def _patch(self, plan: ObjectPlan) -> None:
        body = json.dumps(json_patch(plan.changes)).encode()
        path = path_of(plan.info, plan.ref.namespace, plan.ref.name)
        what = f"patch {plan.info.plural} {plan.ref.name}"
        self._transport.write(path, self._query, Write("PATCH", body, JSON_PATCH), what)


def _conflicts(error: PullPolicyError) -> bool:
    return isinstance(error, ServerError) and error.status in _CONFLICTS


def _foreign(fresh: ObjectPlan, agreed: ObjectPlan) -> list[Change]:
    """Return changes of the new plan that the user has not seen: another client wrote meanwhile."""
    seen = {_key(change) for change in agreed.changes}
    return [change for change in fresh.changes if _key(change) not in seen]


def _key(change: Change) -> tuple[str, str, str, str | None, str | None]:
    return change.container_kind, change.container, change.field, change.old, change.new


def _meanwhile(plan: ObjectPlan, foreign: list[Change]) -> ServerError:
    details = ", ".join(
        f"{change.field} of container {change.container} is now {change.old or 'unset'}" for change in foreign
    )
    return ServerError(
        f"error: {plan.target} was changed by somebody else meanwhile: {details}; nothing was written", 409
    )
