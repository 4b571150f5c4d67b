"""``preflight check``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preflight.again import check_again
from preflight.cache import Cache
from preflight.cli.output import (
    OUTPUT,
    complain,
    end_if_interrupted,
    parse_outputs,
    write_report,
    write_statements,
    write_text,
)
from preflight.terminal import shown
from preflight.unchanged import Unchanged

if TYPE_CHECKING:
    from preflight.finding import Report


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--pipeline", "pipelines", multiple=True, metavar="ID", help="Judge only this pipeline; repeatable.")
@click.option(
    "--offline", is_flag=True, help="Ask no warehouse and no workspace; stand-in files are read all the same."
)
@click.option("-o", "--output", "outputs", multiple=True, metavar=OUTPUT, help="Format and file; repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    default="error",
    show_default=True,
    help="The mildest severity that makes the exit code 1.",
)
@click.option("--require", multiple=True, metavar="NAME", help="Exit 4 if this rule, family or `all` is unproven.")
@click.option("--select", multiple=True, metavar="NAME", help="Run only these rules or families; repeatable.")
@click.option("--ignore", multiple=True, metavar="NAME", help="Leave these rules or families out; repeatable.")
@click.option("--changed-since", metavar="REF", help="Judge only what has changed since the branch left this commit.")
@click.option(
    "--baseline", "baseline", type=click.Path(path_type=Path), metavar="FILE", help="Let what FILE holds pass."
)
@click.option(
    "--write-baseline", type=click.Path(path_type=Path), metavar="FILE", help="Write all that is found to FILE."
)
@click.option("--fix", "fix", is_flag=True, help="Mend what is proven to be safe to mend, then check again.")
@click.option("--diff", "diff", is_flag=True, help="Print what --fix would change; write nothing.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Processes that judge at the same time what needs no network; as many as processors, unless given.",
)
@click.option("--no-cache", is_flag=True, help="Judge all anew, and keep nothing for the next run.")
@click.option("--show-queries", is_flag=True, help="Print every statement that was sent to a warehouse, on stderr.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour.")
def command(
    path: Path,
    pipelines: tuple[str, ...],
    offline: bool,
    outputs: tuple[str, ...],
    fail_on: str,
    require: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    changed_since: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    fix: bool,
    diff: bool,
    workers: int | None,
    no_cache: bool,
    show_queries: bool,
    color: str,
) -> int:
    """Judge the project at PATH (this folder, unless given); nothing is written unless an option asks for it.

    \b
    Exit codes: 0 clean, 1 findings, 2 usage or config error, 3 environment, 4 unproven, 5 nothing to check.

    \b
    Example:
      preflight check
      preflight check --offline -o text -o json:report.json
      preflight check --pipeline contacts-pipeline --require PF4
      preflight check --offline --changed-since origin/main
      preflight check --write-baseline baseline.json
      preflight check --offline --diff
    """
    cache = None if no_cache or not offline else Cache(os.environ)
    others = (baseline, write_baseline, changed_since, fix, diff, show_queries)
    plain = outputs in ((), ("text",)) and not any(others)
    asked = (pipelines, fail_on, require, select, ignore, *shown(color))
    last = Unchanged(path, asked, cache) if plain and cache is not None else None
    if last is not None and (code := check_again(last)) is not None:
        return code
    wanted = parse_outputs(outputs)
    import msgspec

    from preflight import registry
    from preflight.cli.progress import watching
    from preflight.config import load
    from preflight.engine import Options, check, exit_code
    from preflight.engine.selection import require_names
    from preflight.errors import NothingToCheck, ProofMissing
    from preflight.finding import Severity

    _require_sense(fix and diff, write_baseline is not None and bool(pipelines or select or ignore))
    project = load(path)
    required = tuple(name for name in require if name != "all")
    require_names(Options(select=required), registry.rules(project.plugins), project)
    only = None
    if changed_since is not None:
        from preflight.changes.git import base
        from preflight.changes.touched import touched

        only = touched(project, base(project.root, changed_since))
    held = None
    if baseline is not None:
        from preflight.cli.baseline import read_baseline

        held = read_baseline(baseline)
    options = Options(
        pipelines=pipelines,
        select=select,
        ignore=ignore,
        offline=offline,
        workers=workers or min(os.cpu_count() or 1, 8),
        only=only,
        baseline=held,
    )
    with watching(sys.stderr) as watch:
        report = check(project, options, environ=os.environ, watch=watch, cache=cache)
    if (fix or diff) and not report.interrupted:
        from preflight.cli.fix import mend

        wanted = [output for output in wanted if output[1] is not None] if diff else wanted
        if mend(project, report, write=fix):
            report = check(load(path), options, environ=os.environ)
    if only is not None:
        report = msgspec.structs.replace(report, notes=(*report.notes, _touched(changed_since, report)))
    if write_baseline is not None and not report.interrupted:
        from preflight.cli.baseline import save_baseline

        report = save_baseline(report, write_baseline, registry.rules(project.plugins))
    code = exit_code(report, fail_on=Severity(fail_on), require=require)
    ended = msgspec.structs.replace(report, exit_code=None if report.interrupted else code)
    if last is not None:
        from preflight.amended import outline

        sheet, text = write_text(ended, color, project.root)
        last.keep(project, ended, text, outline(asked, project, ended, sheet, text))
    else:
        write_report(ended, wanted, color, project.root)
    if show_queries:
        write_statements(report)
    end_if_interrupted(report)
    if report.bugs:
        from preflight.cli.bug import report_bug

        return report_bug("\n".join(bug.traceback for bug in report.bugs))
    if code == ProofMissing.exit_code:
        complain("proof that --require asks for is missing", "the report names what is unproven, and why")
    return 0 if code == NothingToCheck.exit_code and only is not None else code


def _require_sense(both: bool, part: bool) -> None:
    """Raise UsageError for options that contradict each other."""
    from preflight.errors import UsageError

    if both:
        raise UsageError("--fix writes and --diff does not", remedy="give one of the two")
    if part:
        raise UsageError(
            "a baseline is written of the whole project and all rules",
            remedy="leave --pipeline, --select and --ignore out",
        )


def _touched(ref: str | None, report: Report) -> str:
    """What --changed-since left to judge, as a sentence."""
    judged = [str(s) for s in report.subjects if s.kind.value in ("pipeline", "data model")]
    if not judged:
        return f"no pipeline and no data model has changed since {ref}, so none was judged"
    return f"only what has changed since {ref} was judged: {', '.join(judged)}"
