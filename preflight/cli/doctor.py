"""``preflight doctor``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preflight.cli.output import OUTPUT, parse_outputs, write, write_forms

if TYPE_CHECKING:
    from preflight.config import Connection, Project
    from preflight.source import Step


@click.command("doctor")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--connection", "connections", multiple=True, metavar="ID", help="Walk only this one's; repeatable.")
@click.option("--no-workspace", is_flag=True, help="Leave the workspace out.")
@click.option("-o", "--output", "outputs", multiple=True, metavar=OUTPUT, help="text or json, and file; repeatable.")
def command(path: Path, connections: tuple[str, ...], no_workspace: bool, outputs: tuple[str, ...]) -> int:
    """Walk the route to each warehouse and to the workspace, and say at each step whether it passes.

    It reads little and writes nothing. A step behind a failed one is unproven.

    Exit codes: 0 nothing failed, 2 usage or config error, 3 a step failed.

    \b
    Example:
      preflight doctor
      preflight doctor --connection crm-connection -o json
    """
    wanted = parse_outputs(outputs)
    from preflight.config import load
    from preflight.source import Outcome

    project = load(path)
    live = wanted == [("text", None)]
    walked: list[tuple[str, list[Step]]] = []
    for name, steps in _routes(project, connections, no_workspace):
        if live:
            write(f"{name}\n")
        walked.append((name, []))
        for step in steps:
            walked[-1][1].append(step)
            if live:
                write(_line(step))
    if not live:
        write_forms(outputs, _text(walked), _document(walked))
    return 3 if any(step.outcome is Outcome.FAIL for _, steps in walked for step in steps) else 0


def _routes(project: Project, connections: tuple[str, ...], no_workspace: bool) -> Iterator[tuple[str, Iterable[Step]]]:
    from preflight.errors import UsageError

    known = {connection.id: connection for connection in project.connections}
    for name in connections:
        if name not in known:
            raise UsageError(f"no connection has the id {name!r}", remedy=f"name one of: {', '.join(known)}")
    for connection in project.connections:
        if not connections or connection.id in connections:
            yield f"connection {connection.id}", _walk(project, connection)
    if project.workspace is not None and not no_workspace and not connections:
        from preflight.workspace import route

        yield f"workspace {project.workspace.id}", route.diagnose(project, os.environ)


def _walk(project: Project, connection: Connection) -> Iterable[Step]:
    from preflight import registry
    from preflight.source import Outcome, Step

    diagnose = registry.diagnose_for(connection, project.plugins)
    if diagnose is None:
        label = connection.service_provider.label
        return [Step("adapter", Outcome.UNPROVEN, f"the adapter for {label} does not say how it is reached")]
    return diagnose(connection, root=project.root, environ=os.environ, record=lambda _: None)


def _line(step: Step) -> str:
    from preflight.source import Outcome

    mark = {Outcome.PASS: "pass", Outcome.FAIL: "FAIL", Outcome.UNPROVEN: "unproven"}[step.outcome]
    return f"  {mark:<8}  {step.name}: {step.detail}\n" + (f"            help: {step.remedy}\n" if step.remedy else "")


def _text(walked: list[tuple[str, list[Step]]]) -> str:
    return "".join(f"{name}\n" + "".join(map(_line, steps)) for name, steps in walked)


def _document(walked: list[tuple[str, list[Step]]]) -> dict[str, Any]:
    def shown(step: Step) -> dict[str, str]:
        return {"step": step.name, "outcome": step.outcome.value, "detail": step.detail, "remedy": step.remedy}

    return {
        "schema_version": 1,
        "routes": [{"subject": name, "steps": [shown(step) for step in steps]} for name, steps in walked],
    }
