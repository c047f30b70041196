"""Pods that are deleted for a new attempt, and Pods that are left alone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO, cast

from kubectl_pullpolicy.core.backoff.retry import NotRetried, Retried, Retry
from kubectl_pullpolicy.core.k8s.objects import ObjectFields
from kubectl_pullpolicy.core.plans.items import LeftAlone, PlanItem, Result
from kubectl_pullpolicy.core.plans.restarts import Restarts
from kubectl_pullpolicy.printers.escape import escaped, escaped_cell
from kubectl_pullpolicy.printers.plans.document import DryRun, print_plan_json, print_plan_yaml
from kubectl_pullpolicy.printers.table import print_rows

HEADERS = ["NAMESPACE", "POD", "DOES", "WHY"]
SHOWN = 10  # Pods that are left alone for one reason, before they are only counted


def print_retries(judged: Sequence[Retry | NotRetried], out: TextIO, *, no_headers: bool) -> None:
    """One row a Pod; of many that are left for one reason only the first."""
    told: Counter[str] = Counter()
    rows = []
    for each in judged:
        if isinstance(each, NotRetried):
            told[each.reason] += 1
            if told[each.reason] > SHOWN:
                continue
        rows.append(_row(each))
    for reason, count in told.items():
        if count > SHOWN:
            rows.append(["", f"{count - SHOWN} more", "left alone", escaped_cell(reason)])
    print_rows([] if no_headers else HEADERS, rows, out)
    out.flush()


def print_deleted(retry: Retry, dry_run: str, out: TextIO) -> None:
    """As kubectl delete says it."""
    suffix = {"server": " (server dry run)"}.get(dry_run, "")
    out.write(f'pod "{escaped(retry.pod.name)}" deleted from {escaped(retry.pod.namespace)} namespace{suffix}\n')


def print_retry_documents(
    judged: Sequence[Retry | NotRetried], done: Sequence[Retried], form: str, dry_run: str, out: TextIO
) -> None:
    """-o json, yaml and name."""
    if form == "name":
        meant = [each.retry for each in done if not each.error]
        out.writelines(f"pod/{escaped(each.pod.name)}\n" for each in meant)
        return
    printer = print_plan_json if form == "json" else print_plan_yaml
    printer(_items(judged, done), cast("DryRun", dry_run), (), out)


def _row(each: Retry | NotRetried) -> list[str]:
    start = [escaped_cell(each.pod.namespace), escaped_cell(each.pod.name)]
    if isinstance(each, NotRetried):
        return [*start, "left alone", escaped_cell(each.reason)]
    return [*start, "delete", escaped_cell(_makes(each))]


def _makes(retry: Retry) -> str:
    return f"{retry.controller} makes a new Pod, which pulls at once"


def _items(judged: Sequence[Retry | NotRetried], done: Sequence[Retried]) -> Iterator[PlanItem]:
    became = {each.retry.uid: each for each in done}
    for each in judged:
        place = ObjectFields("v1", "Pod", each.pod.namespace, each.pod.name)
        empty = ("", None, None, None, None)
        if isinstance(each, NotRetried):
            yield PlanItem(place, *empty, None, None, LeftAlone(each.reason, each.command), (), (), "skipped", "")
            continue
        retried = became.get(each.uid)
        result = _result(retried)
        how = Restarts("deleted", 1, _makes(each))
        yield PlanItem(place, *empty, how, None, None, (), (), result, retried.error if retried is not None else "")


def _result(retried: Retried | None) -> Result:
    if retried is None:
        return "planned"
    return "unknown" if retried.unknown else "failed" if retried.error else "changed"
