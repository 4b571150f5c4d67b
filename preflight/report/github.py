"""The report as workflow commands: GitHub shows each as an annotation on its line.

It shows ten errors, ten warnings and ten notices a step (https://docs.github.com/en/actions, "Limitations" of
annotations), so the worst come first, and where there are more, the last annotation of its kind counts the rest. Those
stand in the log all the same, as plain lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.finding import Finding, Report, Severity
from preflight.report.style import Style
from preflight.report.words import counted, failure_words, rules_words, summary_words

ANNOTATIONS = 10
"""Of each kind in a step."""
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_PLAIN = Style()
_UNSAFE = re.compile(r"[%\r\n]")
_UNSAFE_IN_PROPERTY = re.compile(r"[%\r\n:,]")


def render(report: Report, style: Style) -> str:
    """Workflow commands and plain lines, each ended."""
    lines = [*_annotations(report, style), _line(f"preflight: {summary_words(report)}; rules: {rules_words(report)}")]
    return "".join(f"{line}\n" for line in lines)


def _annotations(report: Report, style: Style) -> Iterator[str]:
    overflow: list[str] = []
    failures = [command("error", failure_words(f), title="preflight could not ask") for f in report.failures]
    failures += [
        command("error", f"the rule {b.rule} crashed on {b.subject}", title="preflight bug") for b in report.bugs
    ]
    for severity, kind in _COMMANDS.items():
        found = [f for f in report.findings if f.severity is severity and f.open]
        first = failures if severity is Severity.ERROR else []
        room = ANNOTATIONS - len(first)
        if len(found) > room:
            shown = max(room - 1, 0)
            more = f"{counted(len(found) - shown, f'more {kind}')}: the log and the step's summary have them"
            yield from first[: ANNOTATIONS - 1]
            yield from (_annotation(finding, kind, style) for finding in found[:shown])
            yield command(kind, more, title="preflight")
            overflow += [_plain(finding, style) for finding in found[shown:]]
        else:
            yield from first
            yield from (_annotation(finding, kind, style) for finding in found)
    yield from overflow


def _annotation(finding: Finding, kind: str, style: Style) -> str:
    span = finding.span
    place: dict[str, str] = {}
    if span is not None:
        place = {"file": style.repository.path(span.path), "line": str(span.line), "endLine": str(span.end_line)}
        if span.line == span.end_line:
            place |= {"col": str(span.column), "endColumn": str(max(span.column, span.end_column - 1))}
    return command(kind, f"{finding.message} {finding.remedy}", **place, title=f"{finding.code} {finding.name}")


def command(kind: str, message: str, **properties: str) -> str:
    """One workflow command, escaped as the runner's toolkit escapes it."""
    cleaned = ((name, _PLAIN.clean(value)) for name, value in properties.items())
    written = ",".join(f"{name}={_UNSAFE_IN_PROPERTY.sub(_percent, value)}" for name, value in cleaned)
    return f"::{kind} {written}::{_UNSAFE.sub(_percent, _PLAIN.clean(message))}"


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _plain(finding: Finding, style: Style) -> str:
    span = finding.span
    place = f"{style.repository.path(span.path)}:{span.line}:{span.column}: " if span else ""
    return _line(f"{finding.severity.value}[{finding.code}] {place}{finding.message}")


def _line(text: str) -> str:
    """A line that the runner does not take for a command: it also finds ``##[`` in the middle of one."""
    return _PLAIN.clean(text).replace("##[", "# #[")
