"""``preflight plan``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from preflight.cli.output import write


@click.command("plan")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--pipeline", "pipelines", multiple=True, metavar="ID", help="Plan only this pipeline; repeatable.")
@click.option("--exit-code", "tell", is_flag=True, help="Exit 7 when there are changes.")
def command(path: Path, pipelines: tuple[str, ...], tell: bool) -> int:
    """Show what apply would do to the workspace, and whether it would be let.

    Reads the workspace and the warehouse; writes nothing anywhere.

    \b
    Example:
      preflight plan
      preflight plan --exit-code || echo "something would change"
    """
    from preflight.cli.session import open_session
    from preflight.deploy.plan import explain, make
    from preflight.engine import clear
    from preflight.errors import PlanRefused, ProofMissing

    with open_session(path, pipelines) as session:
        plan = make(session.project, session.state, pipelines)
        write(explain(plan) + "\n")
        try:
            clear(session.report, plan.target)
        except (PlanRefused, ProofMissing) as error:
            sys.stderr.write(f"apply would be refused: {error.message}\nhelp: {error.remedy}\n")
    return 7 if tell and plan.changes else 0
