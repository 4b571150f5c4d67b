"""``preflight verify``."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from preflight.cli.output import OUTPUT, complain, parse_outputs, write_forms


@click.command("verify")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--pipeline", "pipelines", multiple=True, metavar="ID", help="Verify only this pipeline; repeatable.")
@click.option(
    "--timeout",
    type=click.IntRange(0),
    metavar="SECONDS",
    default=180,
    show_default=True,
    help="How long to wait at most.",
)
@click.option("-o", "--output", "outputs", multiple=True, metavar=OUTPUT, help="text or json, and file; repeatable.")
def command(path: Path, pipelines: tuple[str, ...], timeout: int, outputs: tuple[str, ...]) -> int:
    """Compare what the pipelines' latest runs say they read with the rows of that window in the warehouse.

    Waits for a status that is not there yet, as for the first minutes after apply, and for a run that is due or
    underway. What it cannot tell is unproven, and is no success.

    Exit codes: 0 as counted, 1 differs, 2 usage or config error, 3 environment, 4 unproven, 5 nothing to verify.

    \b
    Example:
      preflight apply --yes && preflight verify
      preflight verify --pipeline contacts-pipeline --timeout 600 -o json
    """
    parse_outputs(outputs)
    from preflight.cli.session import open_workspace
    from preflight.deploy import verify
    from preflight.deploy.plan import chosen
    from preflight.deploy.verify_text import document, text

    with open_workspace(path) as found:
        selected = chosen(found.project, pipelines)
        seen = verify.look(found.client, selected, timeout=timeout, now=datetime.now(UTC))
    now = datetime.now(UTC)
    ran = [p for p in selected if (run := seen[p.id].run) is not None and run.state == "success"]
    counts, failures = verify.count(found.project, ran, now, os.environ)
    compared = [verify.compare(p, seen[p.id], counts.get(p.id), now) for p in selected]
    write_forms(outputs, text(found.state.target, compared), document(found.state.target, compared))
    for failure in failures:
        complain(f"{failure.subject}, {failure.step}: {failure.cause}", failure.remedy)
    outcomes = {one.outcome for one in compared}
    if failures:
        return 3
    return 1 if verify.Outcome.DIFFERS in outcomes else 4 if verify.Outcome.UNPROVEN in outcomes else 0
