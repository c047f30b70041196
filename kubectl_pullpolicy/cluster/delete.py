"""Deletes one Pod: this very one as it was judged, not what has its name or became of it since.

Source: meta/v1 DeleteOptions.preconditions, uid and resourceVersion.
"""

import json
from typing import Any

from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.transport import ApiTransport, Write
from kubectl_pullpolicy.core.backoff.retry import Retry
from kubectl_pullpolicy.core.k8s.kinds import POD


def delete_pod(transport: ApiTransport, retry: Retry, *, server_dry_run: bool) -> None:
    """Sends the deletion. Raises PullPolicyError; 409 where another Pod has the name, or this one has changed."""
    held = {"uid": retry.uid} | ({"resourceVersion": retry.version} if retry.version else {})
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": held}
    if server_dry_run:
        # In the body: a server that finds one reads no option from the query (endpoints/handlers/delete.go).
        options["dryRun"] = ["All"]
    path = path_of(POD, retry.pod.namespace, retry.pod.name)
    transport.write(path, {}, Write("DELETE", json.dumps(options).encode()), f"delete pods {retry.pod.name}")
