"""``preflight apply``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from preflight.cli.output import write, write_report
from preflight.errors import PlanRefused, ProofMissing, UsageError


@click.command("apply")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--pipeline", "pipelines", multiple=True, metavar="ID", help="Apply only this pipeline; repeatable.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(path: Path, pipelines: tuple[str, ...], yes: bool) -> int:
    """Check the project, then create or update what it describes; nothing is written without a clean proof.

    \b
    Example:
      preflight apply
      preflight apply --pipeline contacts-pipeline --yes
    """
    from preflight.cli.session import open_session
    from preflight.deploy.apply import apply
    from preflight.deploy.plan import explain, make
    from preflight.engine import clear

    with open_session(path, pipelines) as session:
        plan = make(session.project, session.state, pipelines)
        try:
            clearance = clear(session.report, plan.target)
        except (PlanRefused, ProofMissing):
            write_report(session.report, [("text", None)])
            raise
        write(explain(plan) + "\n")
        if not plan.changes:
            return 0
        if not yes:
            _ask(plan.target)
        for event in apply(plan, session.project, session.client, clearance, active_pipelines=session.active_pipelines):
            write(f"{event}\n")
    return 0


def _ask(target: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("apply asks before it writes, and there is no terminal to ask at", remedy="give --yes")
    if not click.confirm(f"Do this in {target}?", err=True):
        raise PlanRefused("the plan was declined; nothing was written")
