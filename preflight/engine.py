"""Select, gather, run, report; and issue the clearance. The only module that makes one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from preflight.config import Project
from preflight.finding import Clearance, Report, Severity


class Options(msgspec.Struct, frozen=True):
    """What a run is asked for beyond the project itself."""

    pipelines: tuple[str, ...] = ()
    """Ids to judge; empty: everything in the project."""
    select: tuple[str, ...] = ()
    """Rule names, codes or families (``PF4``) to run; empty: all."""
    ignore: tuple[str, ...] = ()
    """Rule names, codes or families to leave out."""
    offline: bool = False
    """Ask no warehouse and no workspace (a stand-in file is asked all the same: it needs no network)."""


def check(
    project: Project,
    options: Options | None = None,
    *,
    now: datetime | None = None,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Judge ``project``. Never raises for what the project, a warehouse or the workspace is; see ``Report.failures``."""
    raise NotImplementedError


def exit_code(report: Report, *, fail_on: Severity = Severity.ERROR, require: tuple[str, ...] = ()) -> int:
    """The exit code that a check's report gives: 2, 3, 1, 4, 5 or 0, the first that holds."""
    raise NotImplementedError


def clear(report: Report, target: str) -> Clearance:
    """The clearance for ``target``; raises PlanRefused where an error stands, ProofMissing where a proof is missing."""
    raise NotImplementedError
