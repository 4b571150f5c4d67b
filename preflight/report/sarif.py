"""The report as SARIF 2.1.0, for code scanning: one run, every rule declared, so that mended alerts close.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Places count code points. What is unproven and what could not be asked
are notifications of the run, not results: a result is a claim about the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from preflight import __version__
from preflight.finding import Finding, Measure, Report, Severity, Subject
from preflight.report.fingerprints import fingerprints
from preflight.report.json_text import dumps
from preflight.report.style import Style
from preflight.report.words import accepted_words, counted, failure_words, number, worst_first

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST = 25_000
"""Results that code scanning takes of a run: https://docs.github.com/en/code-security/code-scanning (SARIF support)."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_ROOT = "PROJECTROOT"
_CLEAN = Style().clean


def render(report: Report, style: Style) -> str:
    """The log as JSON, ending in a line break."""
    rules = _rules(report)
    folder = style.repository.prefix
    marks = dict(zip(map(id, report.findings), fingerprints(report.findings, report.sources, folder), strict=True))
    shown = report.findings if len(report.findings) <= MOST else worst_first(report.findings)[:MOST]
    results = _Results(rules, report, style)
    run = {
        **({"automationDetails": {"id": f"preflight/{_CLEAN(folder)}/"}} if folder else {}),
        "tool": {"driver": {"name": "preflight", "semanticVersion": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The repository's folder."}}},
        "invocations": [_invocation(report)],
        "results": [results.result(finding, marks[id(finding)]) for finding in shown],
        "properties": {
            "depth": report.depth.value,
            "project": _CLEAN(report.project),
            "limitsProfile": _CLEAN(report.profile),
        },
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


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
            ours[code] = _rule(code, name, severity, name, "", _CLEAN(name))
    return list(ours.values())


def _rule(code: str, name: str, severity: Severity, short: str, remedy: str, markdown: str) -> dict[str, Any]:
    text = f"{short} {' '.join(remedy.split())}".strip()
    return {
        "id": code,
        "name": _CLEAN(name),
        "shortDescription": {"text": _CLEAN(short)},
        "fullDescription": {"text": _CLEAN(short)},
        "help": {"text": _CLEAN(text), "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": ["warehouse-sync", code[:3]], "problem.severity": _PROBLEMS[severity]},
    }


# -- results -----------------------------------------------------------------------------------------------------------


class _Value(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, rename="camel"):
    """A value of the log by the format's names. Ten thousand dicts would keep the garbage collector busy instead."""


class _Text(_Value, frozen=True, gc=False):
    text: str


class _Artifact(_Value, frozen=True, gc=False):
    uri: str
    uri_base_id: str


class _Region(_Value, frozen=True, gc=False):
    start_line: int
    start_column: int
    end_line: int
    end_column: int


class _Physical(_Value, frozen=True, gc=False):
    artifact_location: _Artifact
    region: _Region


class _Logical(_Value, frozen=True, gc=False):
    fully_qualified_name: str
    kind: str


class _Location(_Value, frozen=True, gc=False):
    logical_locations: tuple[_Logical, ...]
    physical_location: _Physical


class _Suppression(_Value, frozen=True, gc=False):
    kind: str
    status: str
    justification: str


class _Measure(_Value, frozen=True, gc=False):
    name: str
    value: str
    basis: str
    limit: str | None = None


class _Properties(_Value, frozen=True, gc=False):
    measures: tuple[_Measure, ...]


class _Result(_Value, frozen=True, gc=False):
    rule_id: str
    rule_index: int
    level: str
    message: _Text
    locations: tuple[_Location, ...]
    partial_fingerprints: dict[str, str]
    suppressions: tuple[_Suppression, ...] = ()
    properties: _Properties | None = None


class _Results:
    """Writes findings as results; what recurs from finding to finding is made once."""

    def __init__(self, rules: list[dict[str, Any]], report: Report, style: Style) -> None:
        self._index = {rule["id"]: at for at, rule in enumerate(rules)}
        self._repository = style.repository
        self._project = report.project
        self._files: dict[str, _Artifact] = {}
        self._subjects: dict[Subject, _Logical] = {}

    def result(self, finding: Finding, fingerprint: str) -> _Result:
        measures = finding.measures
        return _Result(
            finding.code,
            self._index[finding.code],
            _LEVELS[finding.severity],
            _Text(_CLEAN(f"{finding.message} {finding.remedy}".strip())),
            (self._location(finding),),
            {"preflightFinding/v1": fingerprint},
            () if finding.open else tuple(_suppressions(finding)),
            _Properties(tuple(map(_measure, measures))) if measures else None,
        )

    def _location(self, finding: Finding) -> _Location:
        first = self._logical(finding.subject)
        subjects = (first, *map(self._logical, finding.also)) if finding.also else (first,)
        span = finding.span
        if span is None:  # code scanning refuses a whole file for one result without a place
            return _Location(subjects, _Physical(self._file(self._project), _Region(1, 1, 1, 1)))
        region = _Region(span.line, span.column, span.end_line, span.end_column)
        return _Location(subjects, _Physical(self._file(span.path), region))

    def _file(self, path: str) -> _Artifact:
        if path not in self._files:
            self._files[path] = _Artifact(quote(self._repository.path(path), errors="replace"), _ROOT)
        return self._files[path]

    def _logical(self, subject: Subject) -> _Logical:
        if subject not in self._subjects:
            self._subjects[subject] = _Logical(_CLEAN(str(subject)), "resource")
        return self._subjects[subject]


def _suppressions(finding: Finding) -> Iterator[_Suppression]:
    for words in accepted_words(finding):
        kind = "inSource" if words.startswith("suppressed") else "external"
        yield _Suppression(kind, "accepted", _CLEAN(words))


def _measure(measure: Measure) -> _Measure:
    limit = None if measure.limit is None else number(measure.limit)
    return _Measure(_CLEAN(measure.name), _CLEAN(number(measure.value)), str(measure.basis), limit)


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
    if (more := len(report.findings) - MOST) > 0:
        yield _notification("warning", f"{counted(more, 'finding')} left out, because code scanning takes {MOST:,}")
    for note in report.notes:
        yield _notification("note", note)


def _notification(level: str, text: str, code: str = "") -> dict[str, Any]:
    notification: dict[str, Any] = {"level": level, "message": {"text": _CLEAN(text)}}
    return {**notification, "associatedRule": {"id": code}} if code else notification
