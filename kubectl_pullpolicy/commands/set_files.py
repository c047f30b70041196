"""set -f: imagePullPolicy in manifests, every other byte kept. The cluster is not read."""

from kubectl_pullpolicy.core.manifests.changes import DEFAULT, ImageChange
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import check_policy
from kubectl_pullpolicy.terminal import print_message
from kubectl_pullpolicy.writes.files import FileRequest, FileRun, carry_out, image_error, read_files


def run_files(policy: str, request: FileRequest) -> int:
    """Set the policy of the containers in the files, or of the one of `-c`. Return the exit code. Raises UsageError."""
    check_policy(policy)
    run = read_files(request)
    run.changes += [change for change in run.images() if change.field.form != "kustomize"]
    for change in run.changes:
        _decide(change, policy)
        if change.result == "skipped":
            run.errors.append(image_error(change, change.message))
    if not run.changes and request.container and run.files:
        raise UsageError(f'unable to find container named "{request.container}" in {_names(run)}')
    code = carry_out(run)
    if not run.changes and not run.errors:
        print_message(f"No containers found in {_names(run)}.")
    return code


def _decide(change: ImageChange, policy: str) -> None:
    field, new = change.field, None if policy == DEFAULT else policy
    change.policy = policy
    if field.policy_is_unknown and new is not None:
        change.end("skipped", "only the chart knows which value sets the policy")
    elif (field.policy or None) == new and (new is not None or field.policy_entry is None):
        change.end("unchanged")
    else:
        change.end("planned")


def _names(run: FileRun) -> str:
    return ", ".join(file.name for file in run.files)
