"""Explanations of objects with names that no API server stores: a file may hold any text.

A printed command must not repeat such a name: `--kubeconfig=./evil` as the name of a Pod would be an option of it.
"""

import json

import msgspec

from kubectl_pullpolicy.core.report.explanation import (
    Explanation,
    Obstacle,
    SubjectExplanation,
    refused_containers,
    refused_names,
)


def without_commands(subject: SubjectExplanation) -> SubjectExplanation:
    """Return the subject without the commands that would repeat a refused name; its notes say so."""
    names, containers = tuple(refused_names(subject)), set(refused_containers(subject))
    refused = dict.fromkeys((*names, *refused_containers(subject)))
    notes = [f"no commands: the API server refuses the name {json.dumps(name, ensure_ascii=False)}" for name in refused]
    return msgspec.structs.replace(
        subject,
        containers=tuple(
            _without_commands(each) if names or each.container in containers else each for each in subject.containers
        ),
        notes=(*subject.notes, *notes),
        obstacle=_obstacle(subject.obstacle) if names else subject.obstacle,
    )


def _without_commands(explained: Explanation) -> Explanation:
    policy, back_off = explained.policy, explained.back_off
    if policy.fresh_bytes is not None:
        fresh_bytes = msgspec.structs.replace(policy.fresh_bytes, command="")
        policy = msgspec.structs.replace(policy, fresh_bytes=fresh_bytes)
    if back_off is not None and back_off.at_once is not None:
        at_once = msgspec.structs.replace(back_off.at_once, command="")
        back_off = msgspec.structs.replace(back_off, at_once=at_once)
    return msgspec.structs.replace(
        explained,
        policy=policy,
        back_off=back_off,
        obstacle=_obstacle(explained.obstacle),
        remedies=tuple(msgspec.structs.replace(each, command="") for each in explained.remedies),
    )


def _obstacle(obstacle: Obstacle | None) -> Obstacle | None:
    return None if obstacle is None else msgspec.structs.replace(obstacle, command="")
