"""The report for programs: version 1 of a shape of its own, described by ``json_v1.schema.json``.

It is written out field by field, so that our values can change without it. Keys are in a fixed order; what is not ASCII
is escaped, so that every stream takes it.
"""

from __future__ import annotations

from collections import defaultdict
from math import isfinite
from typing import Any

from preflight.finding import (
    Basis,
    Finding,
    Measure,
    Report,
    Severity,
    State,
    Subject,
    Suppression,
    Verdict,
    Waiver,
    WindowRows,
    Windows,
)
from preflight.report.json_text import dumps
from preflight.report.style import Style
from preflight.report.subjects import by_subject
from preflight.schedule import iso

SCHEMA_VERSION = 1
MOST_WINDOWS = 1_000
"""Windows of one pipeline that are written out; the worst of all stands apart."""


def render(report: Report, _: Style) -> str:
    """The report as JSON, ending in a line break."""
    return dumps(document(report), indent=2) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as JSON's values."""
    verdicts, _ = by_subject(report)
    return {
        "schema_version": SCHEMA_VERSION,
        "depth": report.depth.value,
        "project": report.project,
        "created": report.created.isoformat().replace("+00:00", "Z"),
        "limits_profile": report.profile,
        "passed": report.passed,
        "weakest": _basis(report.weakest),
        "summary": summary_values(report),
        "findings": [finding_values(finding) for finding in report.findings],
        "verdicts": [_verdicts(subject, verdicts[subject]) for subject in report.subjects],
        "columns": [
            {
                "pipeline": pipeline,
                "columns": [{"name": f.column, "becomes": f.fate.value, "target": f.target} for f in fates],
            }
            for pipeline, fates in report.fates.items()
        ],
        "next_runs": [
            {"pipeline": pipeline, "at": [iso(instant) for instant in runs]}
            for pipeline, runs in report.next_runs.items()
        ],
        "failures": [
            {"subject": f.subject, "step": f.step, "cause": f.cause, "remedy": f.remedy} for f in report.failures
        ],
        "bugs": [{"rule": bug.rule, "subject": subject_values(bug.subject)} for bug in report.bugs],
        "left_out": list(report.left_out),
        "waivers": [waiver_values(waiver) for waiver in report.waivers],
        "windows": [windows_values(pipeline, windows) for pipeline, windows in report.windows.items()],
        "notes": list(report.notes),
        "exit_code": report.exit_code,
    }


def windows_values(pipeline: str, windows: Windows) -> dict[str, Any]:
    """A pipeline's windows; of more than MOST_WINDOWS the latest, and the worst of all in any case."""
    return {
        "pipeline": pipeline,
        "frequency": windows.frequency,
        "total": windows.total,
        "with_rows": len(windows.windows),
        "limit": measure_values(windows.limit),
        "worst": _window(windows.worst),
        "latest": [_window(window) for window in windows.windows[-MOST_WINDOWS:]],
    }


def _window(window: WindowRows) -> dict[str, Any]:
    return {"start": iso(window.start), "end": iso(window.end), "rows": window.rows}


def summary_values(report: Report) -> dict[str, int]:
    """How many findings and verdicts of each kind there are."""
    open_findings = [finding for finding in report.findings if finding.open]
    states = [verdict.state for verdict in report.verdicts]
    return {
        "errors": sum(finding.severity is Severity.ERROR for finding in open_findings),
        "warnings": sum(finding.severity is Severity.WARNING for finding in open_findings),
        "infos": sum(finding.severity is Severity.INFO for finding in open_findings),
        "waived": sum(finding.waiver is not None for finding in report.findings),
        "suppressed": sum(finding.waiver is None and finding.suppression is not None for finding in report.findings),
        "baselined": sum(finding.baselined for finding in report.findings),
        "passed": states.count(State.PASS),
        "unproven": states.count(State.UNPROVEN),
        "failures": len(report.failures),
        "inapplicable": states.count(State.INAPPLICABLE),
    }


def subject_values(subject: Subject) -> dict[str, str]:
    """A subject."""
    return {"kind": subject.kind.value, "id": subject.id}


def finding_values(finding: Finding) -> dict[str, Any]:
    """A finding with its place."""
    span = finding.span
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy,
        "subject": subject_values(finding.subject),
        "also": [subject_values(subject) for subject in finding.also],
        "file": span.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "measures": [measure_values(measure) for measure in finding.measures],
        "waiver": waiver_values(finding.waiver) if finding.waiver else None,
        "object": finding.object,
        "baselined": finding.baselined,
        "suppression": _suppression(finding.suppression) if finding.suppression else None,
    }


def _suppression(suppression: Suppression) -> dict[str, Any]:
    return {
        "rule": suppression.rule,
        "reason": suppression.reason,
        "expires": suppression.expires.isoformat() if suppression.expires else None,
        "file": suppression.place.path,
        "line": suppression.place.line,
    }


def measure_values(measure: Measure) -> dict[str, Any]:
    """A number, its limit and what it rests on."""
    return {
        "name": measure.name,
        "value": _number(measure.value),
        "limit": _number(measure.limit),
        "unit": measure.unit,
        **_basis(measure.basis),
        "source": measure.source,
    }


def _basis(basis: Basis) -> dict[str, str | bool]:
    return {"basis": basis.grade.name.lower(), "stand_in": basis.stand_in}


def _number(value: float | str | None) -> float | str | None:
    """JSON has no infinity and no NaN: they are given as text."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def waiver_values(waiver: Waiver) -> dict[str, str]:
    """A waiver."""
    return {
        "rule": waiver.rule,
        "pipeline": waiver.pipeline,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
    }


def _verdicts(subject: Subject, verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "subject": subject_values(subject),
        "pass": [verdict.code for verdict in verdicts if verdict.state is State.PASS],
        "findings": [verdict.code for verdict in verdicts if verdict.state is State.FINDINGS],
        "unproven": _by_reason(verdicts, State.UNPROVEN),
        "inapplicable": _by_reason(verdicts, State.INAPPLICABLE),
        "measures": [measure_values(measure) for verdict in verdicts for measure in verdict.measures],
    }


def _by_reason(verdicts: list[Verdict], state: State) -> list[dict[str, Any]]:
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.state is state:
            codes[verdict.reason].append(verdict.code)
    return [{"reason": reason, "rules": names} for reason, names in codes.items()]
