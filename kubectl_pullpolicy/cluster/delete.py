"""Delete one Pod, on condition that it is still the Pod, at the version, that was judged.

Source: meta/v1 DeleteOptions.preconditions, uid and resourceVersion. The answer is a Status, or the Pod while it ends
(apiserver pkg/endpoints/handlers/delete.go).
"""

import json
from typing import Any

import msgspec

from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.transport import ApiTransport, Write
from kubectl_pullpolicy.core.backoff.retry import Retry
from kubectl_pullpolicy.core.k8s.kinds import POD
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ObjectMeta
from kubectl_pullpolicy.errors import UnconfirmedError


class _Answer(msgspec.Struct):
    kind: str | None = None
    status: Any = None
    metadata: ObjectMeta | None = None


def delete_pod(transport: ApiTransport, retry: Retry, *, server_dry_run: bool) -> None:
    """Send the deletion, and check its answer.

    Raises UnconfirmedError if the answer is not a deletion's, else PullPolicyError; 409 if the Pod is another by now.
    """
    preconditions = {"uid": retry.uid} | ({"resourceVersion": retry.version} if retry.version else {})
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    if server_dry_run:
        # In the body: a server that finds one reads no option from the query (endpoints/handlers/delete.go).
        options["dryRun"] = ["All"]
    path, what = path_of(POD, retry.pod.namespace, retry.pod.name), f"delete pods {retry.pod.name}"
    body = transport.write(path, {}, Write("DELETE", json.dumps(options).encode()), what)
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except UNREADABLE as error:
        raise UnconfirmedError(f"error: the server's answer ({what}) is not that of a deletion: {error}") from error
    deleted = answer.kind == "Status" and answer.status == "Success"
    ending = answer.kind == "Pod" and answer.metadata is not None and answer.metadata.uid == retry.uid
    if not deleted and not ending:
        raise UnconfirmedError(f"error: the server's answer ({what}) is not that of a deletion")
