"""A plan as the requests that carry it out, for reading. Nothing is sent from here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from preflight.config import Project
from preflight.deploy.plan import Create, Keep, Plan
from preflight.deploy.show import shown
from preflight.deploy.slots import takes_slot
from preflight.workspace import wire


def requests(plan: Plan, project: Project, paths: Mapping[str, str]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What apply sends for each step: method, path below the workspace, body; secrets are still references.

    ``paths`` are the client's. A pipeline that is to run is created paused and then replaced.
    """
    for step in plan.steps:
        if isinstance(step, Keep):
            continue
        body = wire.body(next(resource for resource in getattr(project, step.kind) if resource.id == step.id))
        replace = wire.Action.UPDATE.method, paths[step.kind] + wire.Action.UPDATE.suffix(step.id)
        if isinstance(step, Create):
            runs = step.kind == "pipelines" and takes_slot(body)
            yield wire.Action.CREATE.method, paths[step.kind], {**body, "state": "paused"} if runs else body
            if not runs:
                continue
        yield *replace, body


def as_json(body: Mapping[str, Any]) -> str:
    """A body for reading: a secret is ``{"env": NAME}``, and a literal under a secret's name is left out.

    What would steer a terminal is escaped, as JSON may escape any character.
    """
    text = msgspec.json.format(msgspec.json.encode(shown("", body)), indent=2).decode()
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
