"""The report as SARIF 2.1.0, for code scanning: one run, every rule declared, so that mended alerts close.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Places count code points. What is unproven and what could not be asked
are notifications of the run, not results: a result is a claim about the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from preflight import __version__
from preflight.finding import Finding, Measure, Report, Severity, Subject
from preflight.location import Span
from preflight.report.fingerprints import fingerprints
from preflight.report.json_text import dumps
from preflight.report.style import Style
from preflight.report.words import failure_words, number, waiver_words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_ROOT = "PROJECTROOT"
_CLEAN = Style().clean


def render(report: Report, style: Style) -> str:
    """The log as JSON, ending in a line break."""
    rules = _rules(report)
    index = {rule["id"]: at for at, rule in enumerate(rules)}
    marks = fingerprints(report.findings, report.sources)
    run = {
        "tool": {"driver": {"name": "preflight", "semanticVersion": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The repository's folder."}}},
        "invocations": [_invocation(report)],
        "results": [_result(finding, mark, index, style) for finding, mark in zip(report.findings, marks, strict=True)],
        "properties": {"depth": report.depth.value, "project": _CLEAN(report.project), "limitsProfile": report.profile},
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


# -- rules -------------------------------------------------------------------------------------------------------------


def _rules(report: Report) -> list[dict[str, Any]]:
    """Ours, and those of plugins as far as their verdicts and findings tell."""
    from preflight.registry import rules
    from preflight.report.rule_page import page, section, summary

    ours = {
        rule.code: _rule(rule.code, rule.name, rule.severity, summary(rule), section(rule, "Remedy"), page(rule))
        for rule in rules()
    }
    judged = [(v.code, v.name, v.severity) for v in report.verdicts]
    for code, name, severity in judged + [(f.code, f.name, f.severity) for f in report.findings]:
        if code not in ours:
            ours[code] = _rule(code, name, severity, name, "", name)
    return list(ours.values())


def _rule(code: str, name: str, severity: Severity, short: str, remedy: str, markdown: str) -> dict[str, Any]:
    text = f"{short} {' '.join(remedy.split())}".strip()
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": short},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": ["warehouse-sync", code[:3]], "problem.severity": _PROBLEMS[severity]},
    }


# -- results -----------------------------------------------------------------------------------------------------------


def _result(finding: Finding, fingerprint: str, index: Mapping[str, int], style: Style) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": _CLEAN(f"{finding.message} {finding.remedy}".strip())},
        "locations": [_location(finding, style)],
        "partialFingerprints": {"preflightFinding/v1": fingerprint},
    }
    if finding.waiver is not None:
        words = _CLEAN(f"waived {waiver_words(finding.waiver)}")
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": words}]
    if finding.measures:
        result["properties"] = {"measures": [_measure(measure) for measure in finding.measures]}
    return result


def _location(finding: Finding, style: Style) -> dict[str, Any]:
    subjects = [_logical(subject) for subject in (finding.subject, *finding.also)]
    if finding.span is None:
        return {"logicalLocations": subjects}
    return {"physicalLocation": _physical(finding.span, style), "logicalLocations": subjects}


def _physical(span: Span, style: Style) -> dict[str, Any]:
    uri = quote(style.repository.path(span.path), errors="replace")
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": uri, "uriBaseId": _ROOT}, "region": region}


def _logical(subject: Subject) -> dict[str, str]:
    name = _CLEAN(str(subject))
    return {"fullyQualifiedName": name, "kind": "resource"}


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": _CLEAN(measure.name),
        "value": _CLEAN(number(measure.value)),
        "limit": None if measure.limit is None else number(measure.limit),
        "basis": str(measure.basis),
    }


# -- how the run went --------------------------------------------------------------------------------------------------

_EXIT_CODES = {
    0: "clean",
    1: "findings",
    2: "usage or config error",
    3: "environment",
    4: "unproven where proof was required",
    5: "nothing to check",
    70: "a bug of preflight or of a plugin",
}


def _invocation(report: Report) -> dict[str, Any]:
    invocation: dict[str, Any] = {
        "executionSuccessful": not (report.failures or report.bugs),
        "endTimeUtc": report.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": list(_notifications(report)),
    }
    if report.exit_code is not None:
        invocation["exitCode"] = report.exit_code
        invocation["exitCodeDescription"] = _EXIT_CODES.get(report.exit_code, "")
    return invocation


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    for failure in report.failures:
        yield _notification("error", f"could not ask {failure_words(failure)}")
    for bug in report.bugs:
        yield _notification("error", f"the rule {bug.rule} crashed on {bug.subject}")
    for verdict in report.unproven:
        yield _notification(
            "warning", f"unproven for {verdict.subject}: {verdict.name}: {verdict.reason}", verdict.code
        )
    for note in report.notes:
        yield _notification("note", note)


def _notification(level: str, text: str, code: str = "") -> dict[str, Any]:
    notification: dict[str, Any] = {"level": level, "message": {"text": _CLEAN(text)}}
    return {**notification, "associatedRule": {"id": code}} if code else notification
