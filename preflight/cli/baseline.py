"""The baseline's file: read, and written from a report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from preflight.cli.output import remark
from preflight.engine.baseline import MAX_LENGTH, Baseline, accept, decode, encode
from preflight.errors import UsageError
from preflight.files import replace
from preflight.finding import Report
from preflight.rule import Rule


def read_baseline(path: Path) -> Baseline:
    """Raises UsageError for a file that cannot be read or is no baseline."""
    try:
        if path.stat().st_size > 4 * MAX_LENGTH:
            raise UsageError(f"{path} is too large to be a baseline", remedy="name another file")
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        remedy = "write one with --write-baseline"
        raise UsageError(f"the baseline {path} cannot be read: {reason}", remedy=remedy) from None
    return decode(text, str(path))


def save_baseline(report: Report, path: Path, rules: Iterable[Rule]) -> Report:
    """Write what stands open in ``report`` to ``path``, and answer the report with it marked."""
    baseline, marked = accept(report, {rule.code for rule in rules if rule.fixed})
    try:
        replace(path, encode(baseline).encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", remedy="name another file") from None
    count = sum(entry.count for entry in baseline.findings)
    remark(f"{path} holds {count} finding{'' if count == 1 else 's'}")
    if report.unproven:
        remark("rules that were unproven in this run may find more than the baseline holds")
    return marked
