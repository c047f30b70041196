"""set -f: imagePullPolicy in manifests, every other byte kept. No cluster is asked."""

from kubectl_pullpolicy.core.manifests.edits import DEFAULT, ImageEdit
from kubectl_pullpolicy.core.manifests.items import FileItem, Spot, file_item
from kubectl_pullpolicy.errors import UsageError
from kubectl_pullpolicy.flags.checks import check_policy
from kubectl_pullpolicy.terminal import print_message
from kubectl_pullpolicy.writes.files import FileRequest, Intended, Run, carry_out, read, refusal


def run_files(value: str, request: FileRequest) -> int:
    """Sets the policy of every container in the files, or of the one of `-c`. Returns the exit code. UsageError."""
    check_policy(value)
    run = read(request)
    intended: list[Intended] = []
    met = 0
    for file, _, spot in run.spots():
        if spot.place.form == "kustomize":
            continue
        met += 1
        item = _item(spot, value)
        if item.result == "skipped":
            run.items.append(item)
            run.errors.append(refusal(item, item.message))
        elif item.result == "unchanged":
            run.items.append(item)
        else:
            intended.append(Intended(file, ImageEdit(spot.place, policy=value), (item,)))
    if not met and request.container and run.files:
        raise UsageError(f'unable to find container named "{request.container}" in {_names(run)}')
    carry_out(run, intended)
    if not met and not run.errors:
        print_message(f"No containers found in {_names(run)}.")
    return 1 if run.errors else 0


def _item(spot: Spot, value: str) -> FileItem:
    place = spot.place
    new = None if value == DEFAULT else value
    if place.policy is None and not place.policy_key and new is not None:
        return file_item(spot, "imagePullPolicy", new, "skipped", "only the chart knows which value sets the policy")
    if (place.policy_value or None) == new and (new is not None or place.policy is None):
        return file_item(spot, "imagePullPolicy", new, "unchanged")
    return file_item(spot, "imagePullPolicy", new, "planned")


def _names(run: Run) -> str:
    return ", ".join(file.name for file in run.files)
