"""A plan in a file: what it was made for, by fingerprint, and its steps in words for whoever approves it.

Nothing in the file is acted on. It says which inputs to make a plan from again, and whether that would be the same one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from preflight import files
from preflight.config import Project
from preflight.deploy.difference import differences
from preflight.deploy.plan import Plan, explain
from preflight.deploy.show import label, printable
from preflight.engine.digest import fingerprint
from preflight.errors import PlanRefused, UsageError
from preflight.finding import Report
from preflight.model import Remote, WorkspaceState
from preflight.workspace import wire
from preflight.workspace.meaning import comparable

VERSION = 1
MAX_BYTES = 16_000_000
_HEAD = re.compile(rb'\s*\{\s*"preflight_plan"')
_ABSENT = "absent"
_AGAIN = "Run plan again."


class Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's shape; it holds no secret, only the names of the variables that hold one."""

    preflight_plan: int
    """The version of this shape."""
    created: datetime
    project: str
    """The project file, relative to the plan's folder."""
    target: str
    pipelines: tuple[str, ...]
    """Those that ``--pipeline`` chose; none: all."""
    rotate: tuple[str, ...]
    """Those whose secrets ``--rotate-secrets`` sends again."""
    inputs: Mapping[str, str]
    """What the plan was made for: each input's name in words, and its fingerprint (SHA-256, hex)."""
    workspace: Mapping[str, str]
    """What the workspace held of each resource, by ``list name/id``: its meaning's fingerprint, or ``absent``."""
    steps: tuple[str, ...]
    """The plan as it was shown, a line each."""
    content: str = ""
    """The fingerprint of all of the above."""


def is_plan(path: Path) -> bool:
    """Whether the file at ``path`` is a saved plan, or was one."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _HEAD.match(file.read(200)) is not None
    except OSError:
        return False


def save(
    path: Path,
    plan: Plan,
    project: Project,
    state: WorkspaceState,
    report: Report,
    *,
    pipelines: tuple[str, ...],
    rotate: tuple[str, ...] = (),
) -> None:
    """Write the plan to ``path``, whole or not at all; raises UsageError where that is no place for it."""
    if path.exists() and not is_plan(path):
        raise UsageError(f"{path} exists and is no saved plan", remedy="choose another file")
    saved = _sealed(
        Saved(
            preflight_plan=VERSION,
            created=report.created,
            project=_relative(project.root / project.file, path),
            target=plan.target,
            pipelines=pipelines,
            rotate=rotate,
            inputs=_inputs(project, report),
            workspace=_held(plan, state),
            steps=tuple(explain(plan).splitlines()),
        )
    )
    text = msgspec.json.format(msgspec.json.encode(saved), indent=2) + b"\n"
    try:
        files.replace(path, text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="choose another file") from None


def read(path: Path) -> Saved:
    """The plan in the file; raises PlanRefused where it was edited, cut short or written by another version."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
        version = msgspec.json.decode(data, type=_Head).preflight_plan
        if version != VERSION:
            raise PlanRefused(f"{path} is a plan of version {version}; this preflight reads {VERSION}.", remedy=_AGAIN)
        saved = msgspec.json.decode(data, type=Saved)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PlanRefused(f"{path} is not as plan wrote it.", remedy=_AGAIN) from None
    if saved != _sealed(saved):
        raise PlanRefused(f"{path} was edited after plan wrote it.", remedy=_AGAIN)
    return saved


def require_unmoved(saved: Saved, plan: Plan, project: Project, state: WorkspaceState, report: Report) -> None:
    """Raise PlanRefused naming each input that is no longer what it was when the plan was saved.

    A resource of the workspace that has become what the plan makes of it has not moved: an apply of the same plan that
    did not get to its end can be finished with it.
    """
    moved = list(_moved(saved, plan, project, state, report))
    if not moved and saved.workspace == _held(plan, state) and not _shows(saved, plan):
        moved = ["what the plan shows of its steps"]
    if moved:
        raise PlanRefused(f"{'; '.join(f'{name} moved' for name in moved)} since the plan was saved.", remedy=_AGAIN)


class _Head(msgspec.Struct):
    preflight_plan: int


def _sealed(saved: Saved) -> Saved:
    bare = msgspec.structs.replace(saved, content="")
    content = sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()
    return msgspec.structs.replace(bare, content=content)


def _relative(file: Path, plan: Path) -> str:
    try:
        return Path(os.path.relpath(file, plan.absolute().parent.resolve())).as_posix()
    except ValueError:  # another drive
        return file.as_posix()


def _inputs(project: Project, report: Report) -> dict[str, str]:
    """Every input but the workspace: the parts of the project in words, then each whole."""
    found = {f"the SQL of {model.id}": fingerprint(model.sql.text) for model in project.data_models}
    for kind in wire.COLLECTIONS:
        for resource in getattr(project, kind):
            found[f"the project's {label(kind, resource.id)}"] = fingerprint(resource)
    for subject, schema in report.schemas.items():
        found[f"the described schema of {subject}"] = fingerprint(schema)
    found["the project's settings"] = fingerprint((project.workspace, project.rules, project.waivers))
    found["the set of limits"] = report.digests.limits
    found["the set of rules"] = report.digests.rules
    found.update({_WHOLES[name]: getattr(report.digests, name) for name in _WHOLES})
    return found


_WHOLES = {"config": "the configuration", "sql": "the SQL", "schema": "the described schema"}


def _held(plan: Plan, state: WorkspaceState) -> dict[str, str]:
    return {f"{step.kind}/{step.id}": _meaning(step.kind, _remote(state, step.kind, step.id)) for step in plan.steps}


def _meaning(kind: str, remote: Remote | None) -> str:
    return _ABSENT if remote is None else fingerprint(comparable(kind, remote.body))


def _remote(state: WorkspaceState, kind: str, id: str) -> Remote | None:  # noqa: A002 - the API's word
    return next((remote for remote in getattr(state, kind) if remote.id == id), None)


def _moved(saved: Saved, plan: Plan, project: Project, state: WorkspaceState, report: Report) -> Iterator[str]:
    if saved.target != plan.target:
        yield f"the target ({saved.target}, now {plan.target})"
    yield from _without_wholes(_different(saved.inputs, _inputs(project, report)))
    now = _held(plan, state)
    for name in _different(saved.workspace, now):
        kind, _, identity = name.partition("/")
        if not _underway(kind, identity, saved.workspace.get(name), project, state):
            yield f"the workspace's {label(kind, identity) if kind in wire.COLLECTIONS else printable(name)}"


def _shows(saved: Saved, plan: Plan) -> bool:
    """Whether whoever approved the file read the very steps that are about to be taken."""
    lines = explain(msgspec.structs.replace(plan, untouched=(), unreached=())).splitlines()
    return list(saved.steps[: len(lines)]) == lines


def _different(before: Mapping[str, str], now: Mapping[str, str]) -> Iterable[str]:
    names = dict.fromkeys((*before, *now))
    return [name for name in names if before.get(name) != now.get(name)]


def _without_wholes(names: Iterable[str]) -> list[str]:
    """A whole is named only where no part of it is: then something moved that has no name of its own."""
    parts = [name for name in names if name not in _WHOLES.values()]
    return parts or list(names)


def _underway(kind: str, id: str, before: str | None, project: Project, state: WorkspaceState) -> bool:  # noqa: A002
    """Whether a resource is on the way that an interrupted apply leaves it on: done, or created but still paused."""
    if before is None or kind not in wire.COLLECTIONS:
        return False
    wanted = next((resource for resource in getattr(project, kind) if resource.id == id), None)
    held = _remote(state, kind, id)
    if wanted is None or held is None:
        return False
    body = wire.body(wanted)
    paths = [change.path for change in differences(kind, body, held.body)]
    return not paths or (before == _ABSENT and paths == [("state",)] and held.body.get("state") == "paused")
