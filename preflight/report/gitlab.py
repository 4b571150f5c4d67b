"""The report as GitLab's Code Quality widget reads it: a JSON list, one item a finding.

The members are those of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. It has no word for
what is accepted (waived, suppressed, in the baseline): such a finding is of the lowest severity, and says so.
"""

from __future__ import annotations

from typing import Any

from preflight.finding import Finding, Report, Severity
from preflight.report.fingerprints import fingerprints
from preflight.report.json_text import dumps
from preflight.report.style import Style
from preflight.report.words import accepted_words

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, style: Style) -> str:
    """The list as JSON, ending in a line break."""
    marks = fingerprints(report.findings, report.sources, style.repository.prefix)
    pairs = zip(report.findings, marks, strict=True)
    return dumps([_item(finding, mark, report, style) for finding, mark in pairs], indent=2) + "\n"


def _item(finding: Finding, fingerprint: str, report: Report, style: Style) -> dict[str, Any]:
    path, line = (finding.span.path, finding.span.line) if finding.span else (report.project, 1)
    accepted = "".join(f" ({words})" for words in accepted_words(finding))
    return {
        "description": Style().clean(f"{finding.code} {finding.name}: {finding.message} {finding.remedy}{accepted}"),
        "check_name": finding.name,
        "fingerprint": fingerprint,
        "severity": "info" if not finding.open else _SEVERITIES[finding.severity],
        "location": {"path": Style().clean(style.repository.path(path)), "lines": {"begin": line}},
    }
