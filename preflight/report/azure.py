"""The report as logging commands: Azure Pipelines shows each error and warning as an issue of the step.

https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands. It knows errors and warnings alone;
infos stand in the log as plain lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.finding import Finding, Report, Severity
from preflight.report.style import Style
from preflight.report.words import failure_words, rules_words, summary_words, worst_first

_TYPES = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_PLAIN = Style()
_UNSAFE = re.compile(r"[%;\]\r\n]")


def render(report: Report, style: Style) -> str:
    """Logging commands and plain lines, each ended."""
    lines = [*_issues(report, style), _line(f"preflight: {summary_words(report)}; rules: {rules_words(report)}")]
    return "".join(f"{line}\n" for line in lines)


def _issues(report: Report, style: Style) -> Iterator[str]:
    yield from (_issue("error", f"preflight could not ask {failure_words(f)}") for f in report.failures)
    yield from (_issue("error", f"preflight bug: the rule {b.rule} crashed on {b.subject}") for b in report.bugs)
    for finding in worst_first(report.findings):
        if finding.open:
            yield _finding(finding, style)


def _finding(finding: Finding, style: Style) -> str:
    place: dict[str, str] = {}
    if (span := finding.span) is not None:
        path = style.repository.path(span.path)
        place = {"sourcepath": path, "linenumber": str(span.line), "columnnumber": str(span.column)}
    kind = _TYPES.get(finding.severity)
    if kind is None:
        where = f" {':'.join(place.values())}:" if place else ""
        return _line(f"{finding.severity.value}[{finding.code}]{where} {finding.message}")
    return _issue(kind, f"{finding.name}: {finding.message} {finding.remedy}", **place, code=finding.code)


def _issue(kind: str, message: str, **properties: str) -> str:
    """One logging command, escaped as the agent reads it."""
    written = "".join(f"{name}={_escape(value)};" for name, value in {"type": kind, **properties}.items())
    return f"##vso[task.logissue {written}]{_escape(message)}"


def _escape(text: str) -> str:
    return _UNSAFE.sub(lambda found: "%AZP25" if found[0] == "%" else f"%{ord(found[0]):02X}", _PLAIN.clean(text))


def _line(text: str) -> str:
    """A line that the agent does not take for a command: it also finds one in the middle of a line."""
    return _PLAIN.clean(text).replace("##vso[", "# #vso[").replace("##[", "# #[")
