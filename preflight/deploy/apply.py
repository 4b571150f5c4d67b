"""Takes a plan's steps: look up, write, read back. Running it again after any fault converges.

It trusts the workspace more than the plan: each resource is looked up again, and a step whose resource has moved since
the plan was made is refused. An answer that was lost is settled by reading, before anything else is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

import msgspec

from preflight.config import Project
from preflight.deploy.difference import Change, differences
from preflight.deploy.plan import Create, Keep, Plan, Rotate, Step, Update
from preflight.deploy.show import label, printable
from preflight.deploy.slots import takes_slot
from preflight.errors import PlanRefused, UsageError, WorkspaceError
from preflight.finding import Clearance
from preflight.model import Remote
from preflight.workspace import wire

if TYPE_CHECKING:
    from preflight.workspace.client import Client

ATTEMPTS = 3
"""How often a write is sent at most, each time only after reading showed that the one before was not done."""
PATIENCE = 5
"""How often a read-back, or a connection that is not healthy yet, is looked at before it counts."""
_PAUSE = 1.0  # seconds
_BAD_HEALTH = ("unhealthy", "fault", "error", "fail", "invalid", "inactive", "disabled")


class Done(Enum):
    """What became of a step."""

    CREATED = "created"
    UPDATED = "updated"
    ACTIVATED = "activated"
    ROTATED = "secrets sent again"
    UNCHANGED = "unchanged"
    SETTLED = "found as meant after its answer was lost"
    WARNED = "warning"


class Event(msgspec.Struct, frozen=True):
    """One thing that happened, in order."""

    done: Done
    kind: str
    id: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{label(self.kind, self.id)}: {self.done.value}{': ' + self.detail if self.detail else ''}"


def apply(
    plan: Plan,
    project: Project,
    client: Client,
    clearance: Clearance,
    *,
    active_pipelines: int,
    allow_destructive: bool = False,
) -> Iterator[Event]:
    """Take the plan's steps; the events come as they happen, so exhaust the iterator.

    ``active_pipelines`` is the limit of that name. What can be refused is refused here, before the first write:
    PlanRefused and ProofMissing for a plan or a clearance that does not fit, PlanRefused for changes that deactivate or
    re-point what runs unless ``allow_destructive``, EnvironmentFailure for secrets that are not set. While iterating:
    WorkspaceError, and PlanRefused where the workspace has moved since the plan was made.
    """
    if plan.destructive and not allow_destructive:
        raise PlanRefused(
            f"The plan would change what runs: {'; '.join(plan.destructive)}.",
            remedy="If that is meant, run apply with --allow-destructive.",
        )
    run = _Run(project, client, clearance, active_pipelines)
    run.check(plan)
    return run.take(plan)


class _Run:
    def __init__(self, project: Project, client: Client, clearance: Clearance, limit: int) -> None:
        self._project = project
        self._client = client
        self._clearance = clearance
        self._limit = limit

    def check(self, plan: Plan) -> None:
        """Raise for everything that can be known before the first write."""
        if plan.target != self._client.target.name:
            raise PlanRefused(
                f"The plan is for {plan.target}, not for {self._client.target.name}.", remedy="Run plan again."
            )
        self._client.permit(self._clearance)
        if plan.unchecked:
            names = sorted({one.pipeline for one in plan.unchecked})
            raise PlanRefused(
                f"The plan would change what unchecked pipelines run on: {'; '.join(map(str, plan.unchecked))}.",
                remedy=f"Apply them too: leave --pipeline out, or add --pipeline {' --pipeline '.join(names)}.",
            )
        changed = [step for step in plan.steps if not isinstance(step, Keep)]
        foreign = [s.id for s in changed if s.kind == "pipelines" and s.id not in self._clearance.pipelines]
        if foreign:
            raise PlanRefused(f"The clearance does not name {', '.join(foreign)}.", remedy="Check these pipelines too.")
        for step in plan.steps:
            self._client.hide(self._body(step))
        for step in changed:
            wire.reveal(self._body(step), self._client.environ)
        if changed:
            self._check_slots(plan)

    def _check_slots(self, plan: Plan) -> None:
        planned = {s.id: takes_slot(self._body(s)) for s in plan.steps if s.kind == "pipelines"}
        held = {remote.id: takes_slot(remote.body) for remote in self._client.listed("pipelines")}
        active = sum({**held, **planned}.values())
        if active > self._limit and active > sum(held.values()):
            raise PlanRefused(
                f"{active} pipelines would be active, and the workspace allows {self._limit}.",
                remedy="Pause pipelines that are no longer needed, here or in mParticle.",
            )

    def take(self, plan: Plan) -> Iterator[Event]:
        """Take each step in turn."""
        for step in plan.steps:
            match step:
                case Create():
                    yield from self._create(step)
                case Update():
                    yield from self._update(step)
                case Rotate():
                    yield from self._rotate(step)
                case Keep():
                    yield Event(Done.UNCHANGED, step.kind, step.id)
                case _:
                    assert_never(step)
            if step.kind == "connections":
                yield from self._health(step.id)

    def _create(self, step: Create) -> Iterator[Event]:
        """Create; a pipeline that is meant to run is created paused, read back, and then activated."""
        wanted = self._body(step)
        runs = step.kind == "pipelines" and takes_slot(wanted)
        held = self._client.get(step.kind, step.id)
        if held is None:
            first = {**wanted, "state": "paused"} if runs else wanted
            yield self._write(step, first, None)
            changes = differences(step.kind, wanted, first)
        else:
            changes = differences(step.kind, wanted, held.body)
            if not changes:
                yield Event(Done.UNCHANGED, step.kind, step.id)
                return
            if not runs or any(change.path != ("state",) for change in changes):
                raise _moved(step, [change.name for change in changes])
        if runs:
            yield from self._activate(step, wanted, changes)

    def _update(self, step: Update) -> Iterator[Event]:
        wanted = self._body(step)
        held = self._client.get(step.kind, step.id)
        if held is None:
            raise _moved(step, ["its existence"])
        changes = differences(step.kind, wanted, held.body)
        if not changes:
            yield Event(Done.UNCHANGED, step.kind, step.id)
        elif changes != step.changes:
            raise _moved(step, [change.name for change in changes])
        elif step.kind == "pipelines" and takes_slot(wanted) and not takes_slot(held.body):
            yield from self._activate(step, wanted, changes)
        else:
            yield self._write(step, wanted, changes)

    def _rotate(self, step: Rotate) -> Iterator[Event]:
        wanted = self._body(step)
        held = self._client.get(step.kind, step.id)
        if held is None:
            raise _moved(step, ["its existence"])
        if changes := differences(step.kind, wanted, held.body):
            raise _moved(step, [change.name for change in changes])
        event = self._write(step, wanted, ())
        yield msgspec.structs.replace(event, done=Done.ROTATED) if event.done is Done.UPDATED else event

    def _activate(self, step: Step, wanted: wire.Body, changes: tuple[Change, ...]) -> Iterator[Event]:
        """Replace a paused pipeline by one that runs, if a slot is free at this very moment."""
        others = [remote.id for remote in self._client.listed("pipelines") if takes_slot(remote.body)]
        if len(set(others) - {step.id}) >= self._limit:
            raise PlanRefused(
                f"{label(step.kind, step.id)} stays paused: {len(others)} pipelines are active, and the workspace "
                f"allows {self._limit}.",
                remedy="Pause one that is no longer needed, and run apply again.",
            )
        event = self._write(step, wanted, changes)
        yield msgspec.structs.replace(event, done=Done.ACTIVATED) if event.done is Done.UPDATED else event

    def _write(self, step: Step, body: wire.Body, before: tuple[Change, ...] | None) -> Event:
        """Send a write and read it back; a lost answer is settled by reading before anything is sent again.

        ``before`` is what the write is to change, None where it creates. Where that is nothing that can be seen, as
        with secrets, no reading can settle it: a full replacement is then sent until it is answered.
        """
        for attempt in range(1, ATTEMPTS + 1):
            lost: WorkspaceError | None = None
            try:
                send = self._client.create if before is None else self._client.update
                send(step.kind, body, self._clearance)
            except WorkspaceError as error:
                if not _uncertain(error):
                    raise
                lost = error
            held = self._read_back(step, body, lost)
            left = None if held is None else differences(step.kind, body, held.body)
            if lost is None:
                if left != ():
                    raise _not_kept(step, body, held)
                return Event(Done.CREATED if before is None else Done.UPDATED, step.kind, step.id)
            if left == () and before != ():
                return Event(Done.SETTLED, step.kind, step.id)
            if left != before:
                raise _moved(step, [change.name for change in left] if left is not None else ["its existence"])
            if attempt == ATTEMPTS:
                if before == ():
                    lost.remedy = (
                        f"Run apply again with --rotate-secrets {step.id}: reading cannot tell if they arrived."
                    )
                raise lost
            self._client.pause(_PAUSE * attempt)
        raise AssertionError("the last attempt returns or raises")

    def _read_back(self, step: Step, body: wire.Body, lost: WorkspaceError | None) -> Remote | None:
        """What the workspace holds after a write; after a write that was answered well it may take a moment."""
        try:
            for _ in range(1 if lost else PATIENCE):
                held = self._client.get(step.kind, step.id)
                if held is not None and not differences(step.kind, body, held.body):
                    break
                if not lost:
                    self._client.pause(_PAUSE)
        except WorkspaceError as error:
            error.message = f"{error.message} Whether {label(step.kind, step.id)} was written is not known."
            error.args = (error.message,)
            error.remedy = "Run apply again: it looks before it writes."
            raise
        return held

    def _health(self, id: str) -> Iterator[Event]:  # noqa: A002 - the API's word
        """Raise WorkspaceError where mParticle cannot use the connection; warn where it does not say that it can."""
        for _ in range(PATIENCE):
            held = self._client.get("connections", id)
            status = str((held.body if held else {}).get("status") or "").strip().lower()
            errors = (held.body if held else {}).get("errors") or ()
            if status == "healthy" and not errors:
                return
            if errors or any(word in status for word in _BAD_HEALTH):
                break
            self._client.pause(_PAUSE)
        said = self._client.scrub("; ".join(_error_texts(errors)))
        if errors or any(word in status for word in _BAD_HEALTH):
            raise WorkspaceError(
                f"{label('connections', id)} is {printable(status) or 'without a status'} in mParticle: "
                f"{printable(said) or 'no reason given'}. No pipeline was created or changed on it.",
                status=200,
                remedy="Correct the connection's config and run apply again.",
            )
        yield Event(
            Done.WARNED, "connections", id, f"mParticle does not call it healthy but {printable(status) or 'nothing'}"
        )

    def _body(self, step: Step) -> wire.Body:
        """The body by the project itself: the plan's own text is not trusted."""
        found = next((r for r in getattr(self._project, step.kind) if r.id == step.id), None)
        if found is None:
            raise UsageError(f"The project no longer holds {label(step.kind, step.id)}.", remedy="Run plan again.")
        return wire.body(found)


def _uncertain(error: WorkspaceError) -> bool:
    """Whether the same write may be right a moment later, or may even have been done."""
    return error.status in (0, 408, 409) or (error.status >= 500 and error.status != 505)


def _moved(step: Step, names: list[str]) -> PlanRefused:
    return PlanRefused(
        f"{label(step.kind, step.id)} has moved in the workspace since the plan was made: {', '.join(names)}.",
        remedy="Run plan again.",
    )


def _not_kept(step: Step, body: wire.Body, held: Remote | None) -> WorkspaceError:
    if held is None:
        text = f"{label(step.kind, step.id)} was accepted, but the workspace does not show it."
    else:
        names = ", ".join(change.name for change in differences(step.kind, body, held.body))
        text = f"{label(step.kind, step.id)} was accepted, but reads back with other values: {names}."
    return WorkspaceError(text, status=200, remedy="Look at it in mParticle before running apply again.")


def _error_texts(errors: Any) -> Iterator[str]:
    for error in errors if isinstance(errors, list | tuple) else [errors]:
        yield str(error.get("message") if isinstance(error, Mapping) else error)
