"""The workspace's slots for active pipelines: who holds them now, and who would after apply. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from preflight.config import Project
from preflight.deploy.show import printable
from preflight.limits import Limit
from preflight.model import WorkspaceState

_IDLE = ("paused", "inactive")


class Slots(msgspec.Struct, frozen=True):
    """Pipeline ids, in the workspace's order and then the project's."""

    target: str
    limit: Limit
    live: tuple[str, ...]
    """Active in the workspace; a state that preflight does not know counts as active."""
    paused: tuple[str, ...]
    """In the workspace, and not active."""
    planned: tuple[str, ...]
    """Active by the project, whatever they are in the workspace."""
    after: tuple[str, ...]
    """Active once the project is applied."""

    @property
    def free(self) -> int:
        """Slots that are left after apply; negative where they do not suffice."""
        return self.limit.value - len(self.after)


def takes_slot(body: Mapping[str, Any]) -> bool:
    """Whether a pipeline takes a slot: anything but paused does, as a word that is not known may mean it."""
    return str(body.get("state") or "active").lower() not in _IDLE


def slots(project: Project, state: WorkspaceState, limit: Limit) -> Slots:
    """The slots of a workspace whose pipelines could be read."""
    live = tuple(remote.id for remote in state.pipelines if takes_slot(remote.body))
    planned = tuple(pipeline.id for pipeline in project.pipelines if pipeline.active)
    ours = {pipeline.id for pipeline in project.pipelines}
    return Slots(
        target=state.target,
        limit=limit,
        live=live,
        paused=tuple(remote.id for remote in state.pipelines if remote.id not in live),
        planned=planned,
        after=(*(name for name in live if name not in ours), *planned),
    )


def text(found: Slots) -> str:
    """The slots as lines."""
    lines = [f"Slots for active pipelines of {found.target}"]
    for name, ids in (("live", found.live), ("paused", found.paused), ("planned here", found.planned)):
        lines += [f"{name}: {len(ids)}", *(f"    {printable(id_)}" for id_ in ids)]
    left = f"{found.free} free" if found.free >= 0 else f"{-found.free} too many"
    lines.append(f"after apply: {len(found.after)} of {found.limit.value}, {left}")
    return "\n".join(lines) + "\n"


def document(found: Slots) -> dict[str, Any]:
    """The slots as JSON's values."""
    return {
        "schema_version": 1,
        "target": found.target,
        "limit": {"value": found.limit.value, "mark": found.limit.mark, "source": found.limit.source},
        "live": list(found.live),
        "paused": list(found.paused),
        "planned": list(found.planned),
        "after": list(found.after),
        "free": found.free,
    }
