"""``preflight import``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from preflight.cli.output import remark, write
from preflight.errors import UsageError


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--workspace", required=True, metavar="ID", help="The workspace's id.")
def command(path: Path, workspace: str) -> int:
    """Write a project into PATH (this folder, unless given) that says what the workspace holds.

    Nothing is overwritten. Credentials come from MP_CLIENT_ID and MP_CLIENT_SECRET; the workspace's secrets cannot be
    read, so the project names a variable for each. Exits 1 where the project does not say all that the workspace does.

    \b
    Example:
      preflight import --workspace 5328 sync && preflight plan sync
    """
    from preflight.config import WorkspaceConfig, load
    from preflight.deploy.adopt import PROJECT, adopt
    from preflight.deploy.drift import drifts
    from preflight.deploy.show import label
    from preflight.workspace import connect

    if (path / PROJECT).exists():
        raise UsageError(f"{path / PROJECT} exists already", remedy="choose another folder")
    with connect(WorkspaceConfig(workspace), os.environ) as client:
        state = client.read()
    found = adopt(state, workspace)
    _write({path / name: text for name, text in found.files.items()})
    if found.secrets:
        write(f"set before apply: {', '.join(found.secrets)}\n")
    project = load(path)
    for note in (*found.notes, *(f"{problem.message} {problem.remedy}" for problem in project.problems)):
        remark(note)
    unlike = drifts(project, state)
    for drift in unlike:
        names = ", ".join(change.name for change in drift.changes)
        remark(f"{label(drift.kind, drift.id)} is {drift.side.value}{': ' if names else ''}{names}")
    if project.problems or unlike:
        return 1
    write("next: run `preflight plan`, which should change nothing\n")
    return 0


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
