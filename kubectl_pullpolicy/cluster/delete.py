"""Delete one Pod, on condition that it is still the Pod, at the version, that was judged.

Source: meta/v1 DeleteOptions.preconditions, uid and resourceVersion.
"""

import json
from typing import Any

from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.transport import ApiTransport, Write
from kubectl_pullpolicy.core.backoff.retry import Retry
from kubectl_pullpolicy.core.k8s.kinds import POD


def delete_pod(transport: ApiTransport, retry: Retry, *, server_dry_run: bool) -> None:
    """Send the deletion. Raises PullPolicyError: 409 if another Pod has the name, or this one has changed."""
    preconditions = {"uid": retry.uid} | ({"resourceVersion": retry.version} if retry.version else {})
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    if server_dry_run:
        # In the body: with a body, the server ignores options of the query (endpoints/handlers/delete.go).
        options["dryRun"] = ["All"]
    path = path_of(POD, retry.pod.namespace, retry.pod.name)
    transport.write(path, {}, Write("DELETE", json.dumps(options).encode()), f"delete pods {retry.pod.name}")
