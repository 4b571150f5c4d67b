"""Where the workspace and the project have come apart, in both directions. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec

from preflight.config import Project
from preflight.deploy import show
from preflight.deploy.difference import Change, differences
from preflight.errors import WorkspaceError
from preflight.model import WorkspaceState
from preflight.workspace import wire


class Side(Enum):
    """How a resource drifted."""

    MISSING_THERE = "missing in the workspace"
    MISSING_HERE = "missing in the project"
    CHANGED = "changed"


class Drift(msgspec.Struct, frozen=True):
    """One resource; its changes lead from what the workspace holds to what the project says."""

    side: Side
    kind: str
    id: str
    changes: tuple[Change, ...] = ()


def drifts(project: Project, state: WorkspaceState) -> tuple[Drift, ...]:
    """Every resource of either side that the other lacks or has otherwise, whether a pipeline uses it or not.

    Raises WorkspaceError where the workspace could not be read well enough to tell.
    """
    return tuple(_drifts(project, state))


def _drifts(project: Project, state: WorkspaceState) -> Iterator[Drift]:
    for kind in wire.COLLECTIONS:
        ours = {resource.id: resource for resource in getattr(project, kind)}
        if kind in state.unread and ours:
            raise WorkspaceError(
                f"The workspace's {kind.replace('_', ' ')} could not be read.",
                remedy=f"Write workspace.routes.{kind}.",
            )
        held = {remote.id: remote for remote in getattr(state, kind)}
        for name, resource in ours.items():
            if name not in held:
                yield Drift(Side.MISSING_THERE, kind, name)
            elif changes := differences(kind, wire.body(resource), held[name].body):
                yield Drift(Side.CHANGED, kind, name, changes)
        yield from (Drift(Side.MISSING_HERE, kind, name) for name in held if name not in ours)


def text(target: str, found: tuple[Drift, ...]) -> str:
    """The drift as lines."""
    lines = [f"Drift of {target}, from the workspace → to the project"]
    for drift in found:
        lines.append(f"{_MARKS[drift.side]} {show.label(drift.kind, drift.id)}: {drift.side.value}")
        lines += show.changes(drift.kind, drift.changes)
    if not found:
        lines.append("none: the workspace holds what the project says, as far as can be told without secrets")
    return "\n".join(lines) + "\n"


_MARKS = {Side.MISSING_THERE: "-", Side.MISSING_HERE: "+", Side.CHANGED: "~"}


def document(found: tuple[Drift, ...]) -> list[dict[str, Any]]:
    """The drift as JSON's values; what a secret's name covers is left out."""
    return [
        {
            "kind": drift.kind,
            "id": drift.id,
            "drift": drift.side.name.lower(),
            "changes": [
                {
                    "field": change.name,
                    "workspace": show.shown(change.path[-1], change.old),
                    "project": show.shown(change.path[-1], change.new),
                }
                for change in drift.changes
            ],
        }
        for drift in found
    ]
