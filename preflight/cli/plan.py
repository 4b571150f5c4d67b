"""``preflight plan``."""

from __future__ import annotations

from pathlib import Path

import click

from preflight.cli.output import write
from preflight.terminal import aside


@click.command("plan")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--pipeline", "pipelines", multiple=True, metavar="ID", help="Plan only this pipeline; repeatable.")
@click.option("--save", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan for apply.")
@click.option("--explain", "requests", is_flag=True, help="Show the requests too, with secrets as references.")
@click.option(
    "--rotate-secrets", "rotate", multiple=True, metavar="ID", help="Send this one's secrets again; repeatable."
)
@click.option("--exit-code", "tell", is_flag=True, help="Exit 7 when there are changes.")
def command(
    path: Path,
    pipelines: tuple[str, ...],
    file: Path | None,
    requests: bool,
    rotate: tuple[str, ...],
    tell: bool,
) -> int:
    """Show what apply would do to the workspace, and whether it would be let.

    Reads the workspace and the warehouse; writes nothing but the file that --save names.

    \b
    Example:
      preflight plan
      preflight plan --save plan.json && preflight apply plan.json
      preflight plan --exit-code || echo "something would change"
    """
    from preflight.cli.session import open_session
    from preflight.deploy import requests as sent
    from preflight.deploy import saved
    from preflight.deploy.plan import explain, make
    from preflight.engine import clear
    from preflight.errors import PlanRefused, ProofMissing

    with open_session(path, pipelines) as session:
        plan = make(session.project, session.state, pipelines, rotate=rotate)
        write(explain(plan) + "\n")
        if requests:
            for method, route, body in sent.requests(plan, session.project, session.client.probe()):
                write(f"\n{method} {plan.target}/{route}\n{sent.as_json(body)}\n")
        try:
            clear(session.report, plan.target)
        except (PlanRefused, ProofMissing) as error:
            aside(f"apply would be refused: {error.message}\nhelp: {error.remedy}; see `preflight check`\n")
        for one in plan.unchecked:
            aside(f"apply would be refused: {one}, and was not checked\n")
        if plan.destructive:
            aside("apply would need --allow-destructive\n")
        if file is not None:
            saved.save(
                file,
                plan,
                session.project,
                session.state,
                session.report,
                pipelines=pipelines,
                rotate=rotate,
            )
            aside(f"saved {file}\n")
    return 7 if tell and plan.changes else 0
