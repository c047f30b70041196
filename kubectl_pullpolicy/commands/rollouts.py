"""What follows a write: with --wait the new Pods' images, for every command that writes workloads."""

from kubectl_pullpolicy.commands.terminal import say
from kubectl_pullpolicy.commands.wait import wait_for
from kubectl_pullpolicy.commands.writing import Writing, Written
from kubectl_pullpolicy.core.explain.wait import WITHOUT_PODS
from kubectl_pullpolicy.core.k8s.kinds import is_built_in
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.options import OutputFlags


def ended(written: Written, writing: Writing, limit: float | None) -> int:
    """The exit code: the write's own, or with --wait (`limit` seconds) that of waiting. Raises PullPolicyError."""
    changed = [outcome.plan for outcome in written.outcomes if outcome.status == "changed"]
    if limit is None or written.code or not changed or writing.flags.dry_run != "none":
        return written.code
    code = 0
    for namespace in sorted({plan.ref.namespace for plan in changed}):
        targets = []
        for plan in (plan for plan in changed if plan.ref.namespace == namespace):
            if not is_built_in(plan.info) or plan.info.kind in WITHOUT_PODS:
                say(f"{plan.target} makes no Pods now that could be waited for")
            else:
                targets.append(Target(plan.info, plan.ref.name))
        if targets:
            form = None if writing.structured else OutputFlags()
            code = max(code, wait_for(writing.writable.source, targets, namespace, limit, form))
    return code
