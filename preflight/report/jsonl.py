"""The report for programs that read line by line: JSON values, one a line, each with its ``type``.

The members are those of the JSON report, version 1. The first line, of type ``report``, says what the lines are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preflight.finding import Report, Verdict
from preflight.report.json_text import dumps
from preflight.report.json_v1 import (
    SCHEMA_VERSION,
    document,
    finding_values,
    measure_values,
    subject_values,
    waiver_values,
)
from preflight.report.style import Style

_LISTS = {
    "failures": "failure",
    "bugs": "bug",
    "waivers": "waiver",
    "columns": "columns",
    "next_runs": "next_runs",
    "windows": "windows",
}
"""The lists of the JSON report whose items are written as they stand there, with the type of their lines."""
_ELSEWHERE = {"schema_version", "findings", "verdicts", *_LISTS}


def render(report: Report, _: Style) -> str:
    """One value a line, each line ended."""
    return "".join(f"{dumps(value)}\n" for value in values(report))


def values(report: Report) -> Iterator[dict[str, Any]]:
    """The lines as values: the report's head, findings, verdicts, and the rest."""
    whole = document(report)
    head = {name: value for name, value in whole.items() if name not in _ELSEWHERE}
    yield {"type": "report", "schema_version": SCHEMA_VERSION, **head}
    yield from ({"type": "finding", **finding_values(finding)} for finding in report.findings)
    yield from ({"type": "verdict", **_verdict(verdict)} for verdict in report.verdicts)
    for name, type_ in _LISTS.items():
        yield from ({"type": type_, **item} for item in whole[name])


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "code": verdict.code,
        "name": verdict.name,
        "severity": verdict.severity.value,
        "subject": subject_values(verdict.subject),
        "outcome": verdict.state.value,
        "reason": verdict.reason,
        "gating": verdict.gating,
        "measures": [measure_values(measure) for measure in verdict.measures],
        "waiver": waiver_values(verdict.waiver) if verdict.waiver else None,
    }
