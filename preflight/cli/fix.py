"""What ``preflight check --fix`` and ``--diff`` do and say."""

from __future__ import annotations

import os

from preflight.cli.output import remark
from preflight.cli.output import write as write_out
from preflight.config import Project
from preflight.finding import Report
from preflight.fix import Repair, difference, repair
from preflight.fix import write as write_files
from preflight.report.style import Style


def mend(project: Project, report: Report, *, write: bool) -> bool:
    """Write what can be mended, or print it as a difference; whether a file was written."""
    found = repair(project, report, os.environ)
    if write:
        write_files(project, found.before, found.files)
    else:
        _print(project, found)
    _say(found, "fixed" if write else "would fix")
    return write and bool(found.files)


def _print(project: Project, found: Repair) -> None:
    style = Style()
    lines = difference(project.sources, found.before, found.files)
    write_out("".join("\t".join(map(style.clean, line.rstrip("\r\n").split("\t"))) + "\n" for line in lines))


def _say(found: Repair, verb: str) -> None:
    count = sum(fixed.findings for fixed in found.fixed)
    remark(f"{verb} {count} finding{'' if count == 1 else 's'}")
    for fixed in found.fixed:
        remark(f"{fixed.path}: {fixed.rule}: {fixed.what}")
    for refused in found.refused:
        remark(f"{refused.path}:{refused.line}: {refused.rule} is not fixed: {refused.why}")
