"""``preflight import``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.output import remark, write
from preflight.errors import UsageError

if TYPE_CHECKING:
    from preflight.model import WorkspaceState


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--workspace", metavar="ID", help="The workspace's id; a project that is merged into names its own.")
@click.option("--merge", is_flag=True, help="Take what differs into the project that is there, and keep its comments.")
def command(path: Path, workspace: str | None, merge: bool) -> int:
    """Write a project into PATH (this folder, unless given) that says what the workspace holds.

    Nothing is overwritten, unless --merge takes what differs into the files of a project: their comments, their order
    and all lines that mean the same stay. Credentials come from MP_CLIENT_ID and MP_CLIENT_SECRET; the workspace's
    secrets cannot be read, so the project names a variable for each. Exits 1 where the project does not say all that
    the workspace does.

    \b
    Example:
      preflight import --workspace 5328 sync && preflight plan sync
      preflight import --merge
    """
    from preflight.config import load
    from preflight.deploy.drift import Side, drifts
    from preflight.deploy.show import label

    notes, state = _merge(path) if merge else _begin(path, workspace)
    project = load(path)
    for note in (*notes, *(f"{problem.message} {problem.remedy}" for problem in project.problems)):
        remark(note)
    unlike = [drift for drift in drifts(project, state) if not merge or drift.side is not Side.MISSING_THERE]
    for drift in unlike:
        names = ", ".join(change.name for change in drift.changes)
        remark(f"{label(drift.kind, drift.id)} is {drift.side.value}{': ' if names else ''}{names}")
    if project.problems or unlike:
        return 1
    write("next: run `preflight plan`\n" if merge else "next: run `preflight plan`, which should change nothing\n")
    return 0


def _begin(path: Path, workspace: str | None) -> tuple[tuple[str, ...], WorkspaceState]:
    """Write a new project; what is to be said of it, and what the workspace holds."""
    from preflight.config import WorkspaceConfig
    from preflight.deploy.adopt import PROJECT, adopt
    from preflight.workspace import connect

    if workspace is None:
        raise UsageError("no workspace is named", remedy="give --workspace, or --merge for the project that is there")
    if (path / PROJECT).exists():
        raise UsageError(f"{path / PROJECT} exists already", remedy="give --merge, or choose another folder")
    with connect(WorkspaceConfig(workspace), os.environ) as client:
        state = client.read()
    found = adopt(state, workspace)
    _write({path / name: text for name, text in found.files.items()})
    if found.secrets:
        write(f"set before apply: {', '.join(found.secrets)}\n")
    return found.notes, state


def _merge(path: Path) -> tuple[tuple[str, ...], WorkspaceState]:
    """Take what differs into the project at ``path``; as ``_begin`` otherwise."""
    from preflight.cli.session import open_workspace
    from preflight.deploy.adopt import adopt
    from preflight.deploy.drift import drifts
    from preflight.deploy.merge import merged

    with open_workspace(path) as reading:
        project, state = reading.project, reading.state
    found = adopt(state, project.workspace.id if project.workspace else "")
    files = merged(project, found, drifts(project, state))
    for name, text in files.items():
        _replace(project.root / name, text)
    if not files:
        write("the project says all that the workspace holds\n")
    return (), state


def _replace(file: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8", newline="")
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="make it writable") from None
    write(f"wrote {file}\n")


def _write(files: dict[Path, str]) -> None:
    """Write the files, none of which may be there yet."""
    for file in files:
        if file.exists():
            raise UsageError(f"{file} exists already", remedy="choose another folder")
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="") as out:
                out.write(text)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="choose another folder") from None
        write(f"wrote {file}\n")
