"""What apply would do to the workspace, as values, and how that reads. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

import msgspec

from preflight.config import Pipeline, Project, Value
from preflight.deploy import show
from preflight.deploy.difference import Change, destruction, differences
from preflight.deploy.slots import takes_slot
from preflight.errors import NothingToCheck, PlanRefused, UsageError
from preflight.model import Remote, WorkspaceState
from preflight.workspace import wire


class Create(msgspec.Struct, frozen=True, tag=True):
    """The workspace does not hold it yet."""

    kind: str
    """The project's list name."""
    id: str
    body: Mapping[str, Value]


class Update(msgspec.Struct, frozen=True, tag=True):
    """The workspace holds it, and it means something else. The whole body is replaced, secrets included."""

    kind: str
    id: str
    changes: tuple[Change, ...]
    secrets: tuple[str, ...] = ()
    """The environment variables whose values are sent again."""


class Keep(msgspec.Struct, frozen=True, tag=True):
    """The workspace holds it as meant, as far as anybody but the platform can tell: secrets are not compared."""

    kind: str
    id: str


class Rotate(msgspec.Struct, frozen=True, tag=True):
    """The workspace holds it as meant, and its secrets are to be sent again: nobody can compare them."""

    kind: str
    id: str
    secrets: tuple[str, ...]
    """The environment variables whose values are sent."""


Step = Create | Update | Keep | Rotate


class Bystander(msgspec.Struct, frozen=True):
    """A pipeline that runs on what a step changes, and that the plan does not name."""

    kind: str
    id: str
    """Of the resource that changes."""
    pipeline: str
    ours: bool
    """Whether the project holds the pipeline, so that it can be checked."""

    def __str__(self) -> str:
        return f"{show.label(self.kind, self.id)}: {show.label('pipelines', self.pipeline)} runs on it too"


class Plan(msgspec.Struct, frozen=True):
    """The steps in the order in which they are taken."""

    target: str
    steps: tuple[Step, ...]
    untouched: tuple[tuple[str, str], ...] = ()
    """(list name, id) of what the workspace holds and the project does not name."""
    unreached: tuple[tuple[str, str], ...] = ()
    """(list name, id) of what the project holds and no chosen pipeline uses."""
    bystanders: tuple[Bystander, ...] = ()

    @property
    def destructive(self) -> tuple[str, ...]:
        """What stops, re-points or alters unchecked something that runs, a sentence each; taken only when told to."""
        changes = (
            f"{show.label(step.kind, step.id)}: {change.name} {said}"
            for step in self.steps
            if isinstance(step, Update)
            for change in step.changes
            if (said := destruction(step.kind, change))
        )
        return (*changes, *(f"{one}, and is not in this project" for one in self.bystanders if not one.ours))

    @property
    def unchecked(self) -> tuple[Bystander, ...]:
        """Pipelines of this project that would run otherwise without having been checked; apply refuses that."""
        return tuple(one for one in self.bystanders if one.ours)

    @property
    def changes(self) -> bool:
        """Whether anything would be written."""
        return any(not isinstance(step, Keep) for step in self.steps)


def make(
    project: Project, state: WorkspaceState, pipelines: tuple[str, ...] = (), *, rotate: tuple[str, ...] = ()
) -> Plan:
    """The plan for these pipelines (none: all) and for what they use, in the order in which resources need each other.

    Resources that no chosen pipeline uses are not planned. Those whose id is in ``rotate`` have their secrets sent
    again though nothing else has changed. Pipelines that pause come before those that do not, so that the slots they
    free can be taken. Raises UsageError where a pipeline refers to what the project does not hold and where an id in
    ``rotate`` names nothing that is planned and holds a secret, PlanRefused where the workspace could not be read well
    enough.
    """
    reached = _reached(project, chosen(project, pipelines))
    steps = []
    for kind, resources in reached.items():
        if resources and kind in state.unread:
            raise PlanRefused(
                f"The workspace's {_words(kind)} could not be read.", remedy=f"Write workspace.routes.{kind}."
            )
        held = {remote.id: remote for remote in getattr(state, kind)}
        steps += [_step(kind, resource, held.get(resource.id)) for resource in resources]
    _require_rotated(rotate, reached)
    steps = [_rotated(step, reached) if step.id in rotate else step for step in steps]
    owned = {kind: {resource.id for resource in getattr(project, kind)} for kind in wire.COLLECTIONS}
    for kind, id in project.broken:  # noqa: A001 - the API's word
        owned[kind].add(id)
    used = {(step.kind, step.id) for step in steps}
    return Plan(
        target=state.target,
        steps=tuple(steps),
        untouched=tuple(
            (kind, remote.id)
            for kind in wire.COLLECTIONS
            for remote in getattr(state, kind)
            if remote.id not in owned[kind]
        ),
        unreached=tuple(
            (kind, name) for kind in wire.COLLECTIONS for name in sorted(owned[kind]) if (kind, name) not in used
        ),
        bystanders=tuple(_bystanders(steps, project, state)),
    )


_USES = {
    "connections": "connection_id",
    "data_models": "data_model_id",
    "field_transformations": "field_transformation_id",
}


def _bystanders(steps: list[Step], project: Project, state: WorkspaceState) -> Iterator[Bystander]:
    planned = {step.id for step in steps if step.kind == "pipelines"}
    running = [remote for remote in state.pipelines if remote.id not in planned and takes_slot(remote.body)]
    for step in steps:
        if isinstance(step, Update) and any(change.path != ("name",) for change in step.changes):
            for remote in running:
                if step.kind in _USES and remote.body.get(_USES[step.kind]) == step.id:
                    yield Bystander(step.kind, step.id, remote.id, project.pipeline(remote.id) is not None)


def chosen(project: Project, ids: tuple[str, ...]) -> tuple[Pipeline, ...]:
    """The pipelines of these ids (none: all), those that pause first; raises UsageError and NothingToCheck."""
    unknown = [name for name in ids if project.pipeline(name) is None]
    if unknown:
        raise UsageError(f"The project has no sound pipeline {', '.join(unknown)}.", remedy="Check the project first.")
    found = [pipeline for pipeline in project.pipelines if not ids or pipeline.id in ids]
    if not found:
        raise NothingToCheck("The project has no pipeline to plan.")
    return tuple(sorted(found, key=lambda pipeline: pipeline.active))


def _reached(project: Project, pipelines: tuple[Pipeline, ...]) -> dict[str, tuple[wire.Resource, ...]]:
    names = {
        "connections": {pipeline.connection_id for pipeline in pipelines},
        "data_models": {pipeline.data_model_id for pipeline in pipelines},
        "field_transformations": {p.field_transformation_id for p in pipelines if p.field_transformation_id},
    }
    reached: dict[str, tuple[wire.Resource, ...]] = {}
    for kind, ids in names.items():
        resources = tuple(resource for resource in getattr(project, kind) if resource.id in ids)
        missing = ids - {resource.id for resource in resources}
        if missing:
            listed = ", ".join(sorted(missing))
            raise UsageError(
                f"A pipeline refers to {_words(kind)} that the project does not hold: {listed}.",
                remedy="Check the project first.",
            )
        reached[kind] = resources
    return {**reached, "pipelines": pipelines}


def _step(kind: str, resource: wire.Resource, held: Remote | None) -> Step:
    body = wire.body(resource)
    if held is None:
        return Create(kind, resource.id, body)
    changes = differences(kind, body, held.body)
    if not changes:
        return Keep(kind, resource.id)
    return Update(kind, resource.id, changes, _secrets(body))


def _secrets(body: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(sorted({reference.env for reference in wire.references(body)}))


def _rotated(step: Step, reached: Mapping[str, tuple[wire.Resource, ...]]) -> Step:
    """A step that would write nothing, with its resource's secrets to send; any other sends them all the same."""
    resource = next(resource for resource in reached[step.kind] if resource.id == step.id)
    secrets = _secrets(wire.body(resource))
    return Rotate(step.kind, step.id, secrets) if isinstance(step, Keep) and secrets else step


def _require_rotated(rotate: tuple[str, ...], reached: Mapping[str, tuple[wire.Resource, ...]]) -> None:
    able = {r.id for resources in reached.values() for r in resources if _secrets(wire.body(r))}
    for name in rotate:
        if name not in able:
            raise UsageError(
                f"nothing with a secret is planned under the id {name!r}",
                remedy=f"name one of: {', '.join(sorted(able)) or '(there is none)'}",
            )


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def explain(plan: Plan) -> str:
    """The plan as text, a line for each step and field; of secrets it holds the variables' names alone."""
    lines = [f"Plan for {plan.target}"]
    for step in plan.steps:
        lines += _lines(step)
    lines += [f"! {one}, and is not part of this plan" for one in plan.bystanders]
    lines += show.resources("Not named by this project, left untouched", plan.untouched)
    lines += show.resources("Used by no chosen pipeline, not planned", plan.unreached)
    return "\n".join(lines)


def _lines(step: Step) -> Iterator[str]:
    label = show.label(step.kind, step.id)
    match step:
        case Create():
            yield f"+ create {label}"
            yield from show.fields(step.body)
        case Update():
            yield f"~ update {label}"
            yield from show.changes(step.kind, step.changes)
            yield from (f"    sends again (secret: ${name})" for name in step.secrets)
        case Rotate():
            yield f"~ rotate the secrets of {label}"
            yield from (f"    sends again (secret: ${name})" for name in step.secrets)
        case Keep():
            yield f"= unchanged {label}"
        case _:
            assert_never(step)
