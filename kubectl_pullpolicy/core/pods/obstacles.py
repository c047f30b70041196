"""It is not the image: what else keeps a container from running, with the evidence and the next command.

Reasons and messages: pkg/kubelet/kuberuntime/kuberuntime_container.go and pkg/kubelet/events/event.go, v1.37.2, as seen
on the test cluster. Without proof there is no obstacle. An image that cannot be pulled is not one: the status shows it.
"""

import re
from collections.abc import Sequence
from shlex import quote

from kubectl_pullpolicy.core.k8s.events import event_time, newest
from kubectl_pullpolicy.core.k8s.kinds import is_label, is_object_name, kind_info
from kubectl_pullpolicy.core.k8s.objects import (
    ContainerState,
    ContainerStatus,
    Event,
    Pod,
    StateTerminated,
    Workload,
    meta,
    present,
)
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer, declared_containers
from kubectl_pullpolicy.core.pods.status import condition_of, reported_status
from kubectl_pullpolicy.core.report.evidence import Evidence
from kubectl_pullpolicy.core.report.explanation import Obstacle, ObstacleKind, Status

# The waiting reasons of a container whose image is there, and that the kubelet cannot make or start.
_CONFIGURATION = frozenset({"CreateContainerConfigError"})
_START = frozenset(
    {"CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError"}
)
# Reasons of containers that ended before their program ran: containerd's and cri-o's.
_NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
_MOUNT_EVENTS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})
_MISSING = re.compile(
    r'\b(configmap|secret|persistentvolumeclaim|serviceaccount) "([a-z0-9][-a-z0-9.]{0,252})" not found'
)
# apiserver pkg/admission/plugin/resourcequota/controller.go (v0.37.2); a Pod may have the word in its name.
_QUOTA = re.compile(r"(?:exceeded|failed|insufficient|unknown for) quota\b")
EXEC_FORMAT = "exec format error"


def pod_obstacle(pod: Pod, events: Sequence[Event]) -> Obstacle | None:
    """What keeps all containers of a Pod from starting: no node, a volume, the sandbox."""
    unscheduled = _unscheduled(pod)
    if unscheduled is not None or (pod.spec is not None and not pod.spec.node_name):
        return unscheduled
    reported = present(pod.status.container_statuses if pod.status is not None else None)
    reported += present(pod.status.init_container_statuses if pod.status is not None else None)
    if not reported or not all(_is_creating(status) for status in reported):
        return None
    mount = newest(event for event in events if event.reason in _MOUNT_EVENTS)
    sandbox = newest(event for event in events if event.reason == "FailedCreatePodSandBox")
    if sandbox is not None and (mount is None or event_time(sandbox) >= event_time(mount)):
        return _sandbox(pod, sandbox)
    if mount is not None:
        message = mount.message or ""
        evidence = Evidence(f"event {mount.reason}", message, "certain")
        return Obstacle("Volumes", "a volume cannot be mounted", (evidence,), _look_at(pod, message))
    return None


def container_obstacle(
    pod: Pod, container: DeclaredContainer, status: Status, log: str | None, platform: str
) -> Obstacle | None:
    """Return what keeps one container from running. `log`: its last lines, if read; `platform`: the node's."""
    if status.pull_failing or container.kind == "imageVolume":
        return None
    reported = reported_status(pod, container)
    ended = _last_end(reported)
    if EXEC_FORMAT in f"{status.message} {ended.message if ended is not None else ''}":
        return _wrong_platform(pod, container, "the container's message", status.message, platform)
    if status.state == "waiting" and status.reason in _CONFIGURATION | _START:
        kind: ObstacleKind = "Configuration" if status.reason in _CONFIGURATION else "Start"
        summary = "what it refers to is missing or not allowed" if kind == "Configuration" else "it cannot be started"
        evidence = Evidence(f"waiting reason {status.reason}", status.message, "certain")
        return Obstacle(kind, f"the image is there, but {summary}", (evidence,), _look_at(pod, status.message))
    if status.state == "waiting" and status.reason == "PodInitializing":
        return _initializing(pod)
    if ended is None or not _is_crash(status, ended):
        return None
    if ended.reason in _NOT_STARTED:
        evidence = Evidence(f"last state {ended.reason}", ended.message or "no message", "certain")
        return Obstacle("Start", "the image is there, but it cannot be started", (evidence,), _look_at(pod, ""))
    if log is not None and EXEC_FORMAT in log:
        line = next(line for line in log.splitlines() if EXEC_FORMAT in line)
        return _wrong_platform(pod, container, f"log of container {container.name}", line, platform)
    return _crash(pod, container, status, ended)


def may_be_wrong_platform(pod: Pod, container: DeclaredContainer) -> bool:
    """Return whether a container ended like a program for another processor: immediately, with code 1 or 255.

    Then its log shows it. runc writes `exec format error` there (seen with 1.1.5), not into the container's status.
    """
    ended = _last_end(reported_status(pod, container))
    if ended is None or ended.message or ended.exit_code not in {1, 126, 255}:
        return False
    return bool(ended.started_at) and ended.started_at == ended.finished_at


def workload_obstacle(workload: Workload, events: Sequence[Event]) -> Obstacle | None:
    """Why a workload has no Pod at all: the API server refuses to make one (quota, webhook, image string)."""
    metadata, status = meta(workload), workload.status
    conditions = present(status.conditions if status is not None else None)
    refused = next((c for c in conditions if c.type == "ReplicaFailure" and c.status == "True"), None)
    if refused is not None:
        evidence = Evidence("condition ReplicaFailure", f"{refused.reason}: {refused.message}", "certain")
        message = refused.message or ""
    else:
        event = newest(event for event in events if event.reason == "FailedCreate")
        if event is None or not _lacks_pods(workload):
            return None
        message = event.message or ""
        evidence = Evidence("event FailedCreate", message, "certain")
    padded = "must not have leading or trailing whitespace" in message
    why = (
        "; the image string begins or ends with a blank, which a template may have and a Pod may not" if padded else ""
    )
    info = kind_info(workload.kind or "")
    word = info.resource if info is not None else (workload.kind or "").lower()
    namespace, name = metadata.namespace or "", metadata.name or ""
    command = f"kubectl describe {quote(f'{word}/{name}')} -n {quote(namespace)}"
    missing = _MISSING.search(message)
    if missing is not None:
        command = f"kubectl get {missing[1]} {quote(missing[2])} -n {quote(namespace)}"
    elif _QUOTA.search(message):
        command = f"kubectl describe resourcequota -n {quote(namespace)}"
    return Obstacle("NoPod", f"Pods are refused when they are created{why}", (evidence,), command)


def _unscheduled(pod: Pod) -> Obstacle | None:
    condition = condition_of(pod, "PodScheduled")
    if condition is None or condition.status != "False":
        return None
    message = condition.message or "no message"
    evidence = Evidence("condition PodScheduled", f"{condition.reason or 'no reason'}: {message}", "certain")
    command = _look_at(pod, message)
    if condition.reason == "SchedulingGated":
        jsonpath = quote("jsonpath={.spec.schedulingGates}")
        command = f"kubectl get {_name(pod)} -o {jsonpath}"
    elif "didn't match" in message:
        command = "kubectl get nodes --show-labels"
    elif "Insufficient" in message:
        command = "kubectl describe nodes"
    return Obstacle("NotScheduled", "no node takes the Pod, so nothing is pulled yet", (evidence,), command)


def _sandbox(pod: Pod, event: Event) -> Obstacle:
    message = event.message or ""
    summary = "the Pod's sandbox cannot be made (network or runtime of the node)"
    command = f"kubectl describe {_name(pod)}"
    if "sandbox image" in message:
        summary = 'the node cannot get its sandbox image ("pause"), which is none of this Pod\'s images'
        command = f"kubectl describe node {quote((pod.spec.node_name if pod.spec is not None else '') or '')}"
    elif "no runtime for" in message and pod.spec is not None and pod.spec.runtime_class_name:
        summary = "the node has no runtime of the Pod's RuntimeClass"
        if is_object_name(pod.spec.runtime_class_name):
            command = f"kubectl get runtimeclass {quote(pod.spec.runtime_class_name)} -o yaml"
    return Obstacle("Sandbox", summary, (Evidence(f"event {event.reason}", message, "certain"),), command)


def _initializing(pod: Pod) -> Obstacle | None:
    sidecars = {each.name for each in declared_containers(pod.spec) if each.kind == "sidecar"}
    for status in present(pod.status.init_container_statuses if pod.status is not None else None):
        state = status.state
        done = state is not None and state.terminated is not None and state.terminated.exit_code == 0
        if done or (status.name in sidecars and status.started):  # `started` is said of others that run, too
            continue
        running = state is not None and state.running is not None
        evidence = Evidence(f"init container {status.name}", _how_far(state), "certain")
        command = (
            f"kubectl logs {_logs_of(pod)} -c {quote(status.name or '')}"
            if running and is_label(status.name or "")
            else ""
        )
        return Obstacle("Initializing", f"init container {status.name} comes first", (evidence,), command)
    return None


def _how_far(state: ContainerState | None) -> str:
    if state is not None and state.running is not None:
        return "still runs"
    if state is not None and state.terminated is not None:
        return f"ended with exit code {state.terminated.exit_code}"
    reason = state.waiting.reason if state is not None and state.waiting is not None else None
    return f"has not started ({reason})" if reason else "has not started"


def _wrong_platform(pod: Pod, container: DeclaredContainer, source: str, text: str, platform: str) -> Obstacle:
    where = f" ({platform})" if platform else ""
    summary = f"the image was pulled, but its program is for another processor than the node's{where}"
    evidence = (Evidence(source, text.strip(), "certain"),)
    command = f"kubectl logs {_logs_of(pod)} -c {quote(container.name)}"
    return Obstacle("WrongPlatform", summary, evidence, command)


def _crash(pod: Pod, container: DeclaredContainer, status: Status, ended: StateTerminated) -> Obstacle:
    how = f"ended with exit code {ended.exit_code} ({ended.reason or 'no reason given'}) at {ended.finished_at}"
    evidence = [Evidence("last state", how, "certain")]
    if status.digest:
        evidence.append(Evidence("imageID", f"{status.image_id}: the image was pulled", "certain"))
    previous = " --previous" if status.state == "waiting" else ""
    command = f"kubectl logs {_logs_of(pod)} -c {quote(container.name)}{previous}"
    return Obstacle("Crash", "the image is there, and its program ends with an error", tuple(evidence), command)


def _is_crash(status: Status, ended: StateTerminated) -> bool:
    if status.state == "terminated":
        return bool(ended.exit_code)
    return status.state == "waiting" and status.reason == "CrashLoopBackOff"


def _is_creating(status: ContainerStatus) -> bool:
    waiting = status.state.waiting if status.state is not None else None
    return waiting is not None and waiting.reason in {"ContainerCreating", "PodInitializing"}


def _last_end(reported: ContainerStatus | None) -> StateTerminated | None:
    if reported is None:
        return None
    states = (reported.state, reported.last_state)
    return next((state.terminated for state in states if state is not None and state.terminated is not None), None)


def _lacks_pods(workload: Workload) -> bool:
    status, spec = workload.status, workload.spec
    if status is None:
        return True
    if workload.kind == "DaemonSet":
        return (status.current_number_scheduled or 0) < (status.desired_number_scheduled or 0)
    if workload.kind == "Job":
        return not any((status.active, status.succeeded, status.failed))
    wanted = 1 if spec is None or spec.replicas is None else spec.replicas
    return (status.replicas or 0) < wanted


def _look_at(pod: Pod, message: str) -> str:
    """The command that shows more: the object that is missing, else the Pod."""
    missing = _MISSING.search(message)
    if missing is None:
        return f"kubectl describe {_name(pod)}"
    return f"kubectl get {missing[1]} {quote(missing[2])} -n {quote(meta(pod).namespace or '')}"


def _name(pod: Pod) -> str:
    return f"pod {_logs_of(pod)}"


def _logs_of(pod: Pod) -> str:
    metadata = meta(pod)
    return f"{quote(metadata.name or '')} -n {quote(metadata.namespace or '')}"
