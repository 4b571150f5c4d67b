"""The report for a person at a terminal, in the manner of a compiler: plain strings, no library.

Findings come in file order, so that a reader walks down each file once; the counts at the end say how bad it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from preflight.finding import (
    Depth,
    Failure,
    Finding,
    Grade,
    Measure,
    Report,
    Severity,
    State,
    Subject,
    SubjectKind,
    Verdict,
)
from preflight.location import SourceFile, Span
from preflight.report.snippet import snippet
from preflight.report.style import Style

_DEPTHS = {
    Depth.STATIC: "static: only the project and its SQL were read, no warehouse was asked",
    Depth.LOCKED: "locked: the schema lock was read in place of the warehouse",
    Depth.LOCAL: "local: a stand-in was read in place of the warehouse",
    Depth.LIVE: "live: the warehouse was asked",
}
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def render(report: Report, *, color: bool = False, ascii_only: bool = False) -> str:
    """The whole report, ending in a line break."""
    style = Style(color=color, ascii_only=ascii_only)
    blocks = [_head(report, style)]
    blocks += [_finding(finding, report, style) for finding in report.findings]
    blocks += [_failure(failure, style) for failure in report.failures]
    blocks += [_bugs(report, style)] if report.bugs else []
    blocks += [block for subject in report.subjects if (block := _subject(subject, report, style))]
    blocks += [_waivers(report, style)] if report.waivers else []
    blocks += ["\n".join(f"note: {note}" for note in report.notes)] if report.notes else []
    blocks.append(_summary(report, style))
    return style.encode("\n\n".join(blocks) + "\n")


def _head(report: Report, style: Style) -> str:
    return f"{style.bold('preflight')} {_DEPTHS[report.depth]}\nproject {report.project}, limits {report.profile}"


# -- findings and failures ---------------------------------------------------------------------------------------------


def finding_block(finding: Finding, sources: dict[str, SourceFile]) -> str:
    """One finding by itself, without colour."""
    return "\n".join(_finding_lines(finding, sources.get(finding.span.path) if finding.span else None, Style()))


def _finding(finding: Finding, report: Report, style: Style) -> str:
    source = report.sources.get(finding.span.path) if finding.span else None
    return "\n".join(_finding_lines(finding, source, style))


def _finding_lines(finding: Finding, source: SourceFile | None, style: Style) -> Iterator[str]:
    color = _COLORS[finding.severity]
    label = style.paint(f"{finding.severity.value}[{finding.code}] {finding.name}", color)
    yield f"{label}: {style.bold(style.clean(finding.message))}"
    indent = ""
    if finding.span is not None:
        lines, indent = _place(finding.span, source, style, color)
        yield from lines
    for measure in finding.measures:
        yield f"{indent} = {_measure(measure)}"
    yield f"{indent} = help: {style.clean(finding.remedy)}"
    if finding.subject.kind is not SubjectKind.PROJECT:
        yield f"{indent} = in: {', '.join(str(subject) for subject in (finding.subject, *finding.also))}"
    if finding.waiver is not None:
        waiver = finding.waiver
        yield f"{indent} = waived until {waiver.expires} by {waiver.owner}: {style.clean(waiver.reason)}"


def _place(span: Span, source: SourceFile | None, style: Style, color: str) -> tuple[list[str], str]:
    width = len(str(span.line))
    head = f"{' ' * width}{style.arrow} {span.path}:{span.line}:{span.column}"
    if source is None:
        return [head], " " * width
    return [head, *snippet(span, source, style, color)], " " * width


def _measure(measure: Measure) -> str:
    value = f"{measure.value:,}" if isinstance(measure.value, int) else str(measure.value)
    limit = f", limit {measure.limit:,}" if measure.limit is not None else ""
    unit = f" {measure.unit}" if measure.unit else ""
    return f"{measure.name}: {value}{unit}{limit} ({measure.basis})"


def _failure(failure: Failure, style: Style) -> str:
    head = f"{style.paint('could not ask', 'red')}: {failure.subject}, {failure.step}: {style.clean(failure.cause)}"
    return f"{head}\n  = help: {style.clean(failure.remedy)}" if failure.remedy else head


def _bugs(report: Report, style: Style) -> str:
    lines = [f"{style.paint('bug', 'red')}: the rule {bug.rule} crashed on {bug.subject}" for bug in report.bugs]
    return "\n".join(lines)


# -- verdicts ----------------------------------------------------------------------------------------------------------


def _subject(subject: Subject, report: Report, style: Style) -> str:
    verdicts = [verdict for verdict in report.verdicts if verdict.subject == subject]
    found = [verdict for verdict in verdicts if verdict.state is State.FINDINGS]
    unproven = [verdict for verdict in verdicts if verdict.state is State.UNPROVEN and verdict.waiver is None]
    weighed = [
        m for verdict in verdicts for m in verdict.measures if verdict.state is State.PASS and m.limit is not None
    ]
    if subject.kind is not SubjectKind.PIPELINE and not unproven:
        return ""
    passed = sum(verdict.state is State.PASS for verdict in verdicts)
    words = [f"{passed} rules passed"]
    words += [f"{len(found)} with findings"] if found else []
    words += [f"{len(unproven)} unproven"] if unproven else []
    lines = [f"{style.bold(str(subject))}: {', '.join(words)}"]
    lines += [f"  {_measure(measure)}" for measure in weighed if measure.basis.grade is not Grade.STATIC]
    lines += _unproven(unproven, style)
    return "\n".join(lines)


def _unproven(verdicts: list[Verdict], style: Style) -> Iterator[str]:
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        by_reason[verdict.reason].append(verdict.name)
    for reason, names in by_reason.items():
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield f"  {style.paint('unproven', 'yellow')}: {shown}"
        yield f"    because {style.clean(reason)}"


def _waivers(report: Report, style: Style) -> str:
    lines = [
        f"waived: {waiver.rule}{f' for {waiver.pipeline}' if waiver.pipeline else ''} until {waiver.expires},"
        f" by {waiver.owner}: {style.clean(waiver.reason)}"
        for waiver in report.waivers
    ]
    return "\n".join(lines)


def _summary(report: Report, style: Style) -> str:
    open_findings = [finding for finding in report.findings if finding.waiver is None]
    counts = {
        severity: sum(1 for _ in group)
        for severity, group in groupby(sorted((f.severity for f in open_findings), key=_rank))
    }
    states = [verdict.state for verdict in report.verdicts]
    parts = [_count(counts.get(severity, 0), severity.value) for severity in Severity]
    waived = len(report.findings) - len(open_findings)
    parts += [f"{waived} waived"] if waived else []
    proof = f"{states.count(State.PASS)} passed, {states.count(State.UNPROVEN)} unproven"
    if inapplicable := states.count(State.INAPPLICABLE):
        proof += f", {inapplicable} do not apply"
    color = "red" if counts.get(Severity.ERROR) or report.failures or report.bugs else "green"
    if color == "green" and report.unproven:
        color = "yellow"
    return f"{style.paint(', '.join(parts), color)}; rules: {proof}"


def _rank(severity: Severity) -> int:
    return severity.rank


def _count(number: int, word: str) -> str:
    if word == "info":
        return f"{number} info"
    return f"{number} {word}{'' if number == 1 else 's'}"
