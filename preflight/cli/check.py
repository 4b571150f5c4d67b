"""``preflight check``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from preflight.cli.output import OUTPUT, complain, end_if_interrupted, parse_outputs, write_report, write_statements


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
@click.option(
    "--baseline", "baseline", type=click.Path(path_type=Path), metavar="FILE", help="Let what FILE holds pass."
)
@click.option(
    "--write-baseline", type=click.Path(path_type=Path), metavar="FILE", help="Write all that is found to FILE."
)
@click.option("--fix", "fix", is_flag=True, help="Mend what is proven to be safe to mend, then check again.")
@click.option("--diff", "diff", is_flag=True, help="Print what --fix would change; write nothing.")
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
    baseline: Path | None,
    write_baseline: Path | None,
    fix: bool,
    diff: bool,
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
      preflight check --write-baseline baseline.json
      preflight check --offline --diff
    """
    wanted = parse_outputs(outputs)
    from preflight import registry
    from preflight.cli.baseline import read_baseline, save_baseline
    from preflight.config import load
    from preflight.engine import Options, check, exit_code
    from preflight.engine.selection import require_names
    from preflight.errors import ProofMissing, UsageError
    from preflight.finding import Severity

    if fix and diff:
        raise UsageError("--fix writes and --diff does not", remedy="give one of the two")
    if write_baseline is not None and (pipelines or select or ignore):
        raise UsageError(
            "a baseline is written of the whole project and all rules",
            remedy="leave --pipeline, --select and --ignore out",
        )
    project = load(path)
    required = tuple(name for name in require if name != "all")
    require_names(Options(select=required), registry.rules(project.plugins), project)
    options = Options(
        pipelines=pipelines,
        select=select,
        ignore=ignore,
        offline=offline,
        baseline=read_baseline(baseline) if baseline is not None else None,
    )
    report = check(project, options, environ=os.environ)
    if (fix or diff) and not report.interrupted:
        from preflight.cli.fix import mend

        wanted = [output for output in wanted if output[1] is not None] if diff else wanted
        if mend(project, report, write=fix):
            report = check(load(path), options, environ=os.environ)
    if write_baseline is not None and not report.interrupted:
        report = save_baseline(report, write_baseline, registry.rules(project.plugins))
    write_report(report, wanted, color)
    if show_queries:
        write_statements(report)
    end_if_interrupted(report)
    if report.bugs:
        from preflight.cli.bug import report_bug

        return report_bug("\n".join(bug.traceback for bug in report.bugs))
    code = exit_code(report, fail_on=Severity(fail_on), require=require)
    if code == ProofMissing.exit_code:
        complain("proof that --require asks for is missing", "the report names what is unproven, and why")
    return code
