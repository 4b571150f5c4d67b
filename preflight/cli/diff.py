"""``preflight diff``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from preflight.cli.output import write_texts


@click.command("diff")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--since", metavar="REF", help="Compare with where the branch left this commit.")
@click.option("--lock", "lock", is_flag=True, help="Compare with preflight.lock: what the warehouse said that day.")
@click.option("--offline", is_flag=True, help="Ask no warehouse; types come from the lock, names from the SQL.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[:PATH]", help="text, markdown or json.")
@click.option("--exit-code", "tell", is_flag=True, help="Exit 7 when something changes.")
def command(path: Path, since: str | None, lock: bool, offline: bool, outputs: tuple[str, ...], tell: bool) -> int:
    """Show what a change does to the payload: columns added, removed, retyped or mapped anew, windows and slots.

    Exit codes: 0 done, 2 usage or config error, 3 environment, 7 with --exit-code when something changes.

    \b
    Example:
      preflight diff --since origin/main
      preflight diff --since origin/main --offline -o markdown
      preflight diff --lock --exit-code
    """
    import json
    from datetime import UTC, datetime

    from preflight.changes import show
    from preflight.changes.against import against_commit, against_lock
    from preflight.config import load
    from preflight.engine import Options, check
    from preflight.errors import UsageError

    if (since is None) == (not lock):
        wrong = "there are two things to compare with" if lock else "name what to compare with"
        raise UsageError(wrong, remedy="give --since REF, or --lock")
    project, now = load(path), datetime.now(UTC)
    describing = Options(offline=offline, select=("query-refused-by-warehouse",))  # counts nothing
    report = check(project, describing, now=now, environ=os.environ)
    found = (
        against_lock(project, now, report.schemas)
        if since is None
        else against_commit(project, since, now, report.schemas)
    )
    write_texts(
        outputs,
        {
            "text": lambda: show.text(found),
            "markdown": lambda: show.markdown(found),
            "json": lambda: json.dumps(show.document(found), indent=2) + "\n",
        },
    )
    for problem in project.problems[:1]:
        raise UsageError(f"the project has problems, such as: {problem.message}", remedy="see `preflight check`")
    if report.failures:
        return 3
    return 7 if tell and found.changes else 0
