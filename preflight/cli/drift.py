"""``preflight drift``."""

from __future__ import annotations

from pathlib import Path

import click

from preflight.cli.output import OUTPUT, parse_outputs, write_forms


@click.command("drift")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("-o", "--output", "outputs", multiple=True, metavar=OUTPUT, help="text or json, and file; repeatable.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
def command(path: Path, outputs: tuple[str, ...], color: str) -> int:
    """Compare the workspace with the project, and the project with the warehouse as it is now.

    What one side lacks or has otherwise is drift, and so is an error that the check finds: the model was proven once,
    and the warehouse has moved under it.

    Exit codes: 0 none, 2 usage or config error, 3 environment, 7 drift.

    \b
    Example:
      preflight drift
      preflight drift -o json:drift.json || echo "somebody changed something"
    """
    parsed = parse_outputs(outputs)
    from preflight.cli.session import open_session
    from preflight.deploy import drift
    from preflight.finding import Severity
    from preflight.report import json_v1, render
    from preflight.report.style import Style
    from preflight.terminal import wants_color

    with open_session(path, ()) as session:
        found, report = drift.drifts(session.project, session.state), session.report
    errors = [f for f in report.findings if f.severity is Severity.ERROR and f.waiver is None]
    text = (
        drift.text(session.state.target, found)
        + "\n"
        + render(report, "text", Style(all(path is None for _, path in parsed) and wants_color(color)))
    )
    drifted = bool(found or errors)
    document = {
        "schema_version": 1,
        "target": session.state.target,
        "drifted": drifted,
        "resources": drift.document(found),
        "check": json_v1.document(report),
    }
    write_forms(outputs, text, document)
    if report.bugs:
        from preflight.cli.bug import report_bug

        return report_bug("\n".join(bug.traceback for bug in report.bugs))
    return 3 if report.failures else 7 if drifted else 0
