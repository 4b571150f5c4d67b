"""The report for programs: version 1 of a shape of its own, described by ``json_v1.schema.json``.

It is written out field by field, so that our values can change without it. Keys are in a fixed order; what is not ASCII
is escaped, so that every stream takes it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from math import isfinite
from typing import Any

from preflight.finding import Basis, Finding, Measure, Report, Severity, State, Subject, Suppression, Verdict, Waiver
from preflight.report.style import Style
from preflight.report.subjects import by_subject
from preflight.schedule import iso

SCHEMA_VERSION = 1


def render(report: Report, _: Style) -> str:
    """The report as JSON, ending in a line break."""
    return json.dumps(document(report), indent=2, allow_nan=False) + "\n"


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
        "summary": _summary(report),
        "findings": [_finding(finding) for finding in report.findings],
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
        "bugs": [{"rule": bug.rule, "subject": _subject(bug.subject)} for bug in report.bugs],
        "left_out": list(report.left_out),
        "waivers": [_waiver(waiver) for waiver in report.waivers],
        "notes": list(report.notes),
    }


def _summary(report: Report) -> dict[str, int]:
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


def _subject(subject: Subject) -> dict[str, str]:
    return {"kind": subject.kind.value, "id": subject.id}


def _finding(finding: Finding) -> dict[str, Any]:
    span = finding.span
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy,
        "subject": _subject(finding.subject),
        "also": [_subject(subject) for subject in finding.also],
        "file": span.path if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "measures": [_measure(measure) for measure in finding.measures],
        "waiver": _waiver(finding.waiver) if finding.waiver else None,
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


def _measure(measure: Measure) -> dict[str, Any]:
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


def _waiver(waiver: Waiver) -> dict[str, str]:
    return {
        "rule": waiver.rule,
        "pipeline": waiver.pipeline,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
    }


def _verdicts(subject: Subject, verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "subject": _subject(subject),
        "pass": [verdict.code for verdict in verdicts if verdict.state is State.PASS],
        "findings": [verdict.code for verdict in verdicts if verdict.state is State.FINDINGS],
        "unproven": _by_reason(verdicts, State.UNPROVEN),
        "inapplicable": _by_reason(verdicts, State.INAPPLICABLE),
        "measures": [_measure(measure) for verdict in verdicts for measure in verdict.measures],
    }


def _by_reason(verdicts: list[Verdict], state: State) -> list[dict[str, Any]]:
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.state is state:
            codes[verdict.reason].append(verdict.code)
    return [{"reason": reason, "rules": names} for reason, names in codes.items()]
