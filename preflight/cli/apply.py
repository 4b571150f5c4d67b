"""``preflight apply``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.cli.output import write, write_report
from preflight.errors import PlanRefused, ProofMissing, UsageError

if TYPE_CHECKING:
    from preflight.deploy.saved import Saved


@click.command("apply")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.argument("project", type=click.Path(path_type=Path), required=False)
@click.option("--pipeline", "pipelines", multiple=True, metavar="ID", help="Apply only this pipeline; repeatable.")
@click.option(
    "--rotate-secrets", "rotate", multiple=True, metavar="ID", help="Send this one's secrets again; repeatable."
)
@click.option("--allow-destructive", is_flag=True, help="Let it deactivate or re-point what runs.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(
    path: Path,
    project: Path | None,
    pipelines: tuple[str, ...],
    rotate: tuple[str, ...],
    allow_destructive: bool,
    yes: bool,
) -> int:
    """Check the project, then create or update what it describes; nothing is written without a clean proof.

    PATH is a project, or a file that plan --save wrote. Such a file is not asked about again, and not trusted: the plan
    is made anew, from the project that the file names or from PROJECT, and anything that moved refuses it.

    \b
    Example:
      preflight apply
      preflight plan --save plan.json && preflight apply plan.json
      preflight apply --pipeline contacts-pipeline --yes
      preflight apply --rotate-secrets crm-connection
    """
    from preflight.cli.session import open_session
    from preflight.deploy import saved
    from preflight.deploy.apply import apply
    from preflight.deploy.plan import explain, make
    from preflight.engine import clear

    file: Saved | None = None
    if saved.is_plan(path):
        if pipelines or rotate:
            raise UsageError(
                "a saved plan has its own pipelines and secrets",
                remedy="leave --pipeline and --rotate-secrets out, or give a project",
            )
        file = saved.read(path)
        pipelines, rotate, project = file.pipelines, file.rotate, project or path.parent / file.project
    elif project is not None:
        raise UsageError(f"{path} is no saved plan, so no project goes with it", remedy="give one of the two")
    with open_session(project or path, pipelines, exclusive=True) as session:
        plan = make(session.project, session.state, pipelines, rotate=rotate)
        if file is not None:
            saved.require_unmoved(file, plan, session.project, session.state, session.report)
        try:
            clearance = clear(session.report, plan.target)
        except (PlanRefused, ProofMissing):
            write_report(session.report, [("text", None)], root=session.project.root)
            raise
        if plan.changes and session.report.findings:
            write_report(session.report, [("text", None)], root=session.project.root)
        write(explain(plan) + "\n")
        if not plan.changes:
            return 0
        if not yes and file is None:
            _ask(plan.target)
        for event in apply(
            plan,
            session.project,
            session.client,
            clearance,
            active_pipelines=session.active_pipelines,
            allow_destructive=allow_destructive,
        ):
            write(f"{event}\n")
    return 0


def _ask(target: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("apply asks before it writes, and there is no terminal to ask at", remedy="give --yes")
    if not click.confirm(f"Do this in {target}?", err=True):
        raise PlanRefused("the plan was declined; nothing was written")
