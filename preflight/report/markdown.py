"""The report as a comment on a pull request, in GitHub's and GitLab's Markdown.

Its first line is a hidden mark, by which a later run finds the comment and replaces it. Text that was not written here
is escaped, so that it can neither mark up, nor link, nor mention anyone, nor refer to an issue. What does not fit into
a comment is left out, the mildest findings first, and counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from preflight.finding import Finding, Report, Severity, State, Subject, SubjectKind
from preflight.report.style import Style
from preflight.report.subjects import Standing, by_subject, standing
from preflight.report.words import (
    DEPTHS,
    accepted_word,
    accepted_words,
    counted,
    failure_words,
    measure_words,
    rules_words,
    standing_words,
    summary_words,
    waiver_words,
    worst_first,
)
from preflight.schedule import iso

COMMENT = 65_536
"""Characters of a comment on GitHub."""
LONGEST = COMMENT - 16_384
"""Characters of the report in it: the rest is kept for what ``preflight ci`` adds about the payload."""
_RESERVED = 200
"""Characters kept for the line that says what was left out."""
_LONGEST_TEXT = 2_000
"""Characters of one escaped text."""
_SIGNS = {Standing.ERRORS: "❌", Standing.UNPROVEN: "❔", Standing.REMARKS: "⚠️", Standing.PROVEN: "✅"}
_SEVERITIES = {Severity.ERROR: "❌ error", Severity.WARNING: "⚠️ warning", Severity.INFO: "ℹ️ info"}
_LONGEST_NAME = 200
"""Characters of a subject in the table."""
_PLAIN = Style()
_SPECIAL = re.compile(r"[\\`*_\[\]<>#!|~$&]")
_REFERENCE = re.compile(r"(?<=[@#!~%$&])(?=[\w\"])|(?<=:)(?=[a-z/+])|(?<=\b[Ww]{3})(?=\.)|(?<=\b[Gg][Hh])(?=-)")
"""Where a mention, a reference or a link would take hold: after its sign, before what it names."""
_BREAK = "\u200b"


def mark(report: Report, style: Style = _PLAIN) -> str:
    """The hidden first line, which tells the comments of a repository's several projects apart."""
    project = re.sub(r"[^\w./ ]+", "-", _PLAIN.clean(style.repository.path(report.project)), flags=re.ASCII)
    return f"<!-- preflight report: {project} -->"


def render(report: Report, style: Style) -> str:
    """The comment, ending in a line break and no longer than LONGEST."""
    head = "\n".join(_head(report, style))
    findings = (f"\n{_finding(finding, style)}" for finding in worst_first(report.findings))
    tail = [
        "\n".join(block) for block in (_unproven(report), _environment(report), _pipelines(report), _waivers(report))
    ]
    room = LONGEST - _RESERVED - len(head)
    shown, room = _fitting(findings, room)
    blocks, _ = _fitting([f"\n\n{text}" for text in tail if text], room)
    cut = _cut(len(report.findings) - len(shown), sum(map(bool, tail)) - len(blocks))
    return "".join([head, "\n" if shown else "", *shown, *blocks, cut]) + "\n"


def _fitting(texts: Iterable[str], room: int) -> tuple[list[str], int]:
    """The texts up to the first that does not fit, and the room that is left."""
    fitting = []
    for text in texts:
        if len(text) > room:
            break
        room -= len(text)
        fitting.append(text)
    return fitting, room


def _cut(findings: int, sections: int) -> str:
    words = [counted(findings, "finding")] if findings else []
    words += [counted(sections, "section")] if sections else []
    if not words:
        return ""
    return f"\n\n**Not shown, because a comment holds no more: {' and '.join(words)}.** `preflight check` shows all."


# -- the head: how each subject stands ---------------------------------------------------------------------------------


def _head(report: Report, style: Style) -> Iterator[str]:
    yield mark(report, style)
    where = f" of {escape(style.repository.prefix)}" if style.repository.prefix else ""
    yield f"### preflight{where}: {summary_words(report)}"
    yield ""
    yield f"{_capital(DEPTHS[report.depth])}. Rules: {rules_words(report)}. Limits: {escape(report.profile)}."
    verdicts, findings = by_subject(report)
    rows = [subject for subject in report.subjects if verdicts[subject]]
    if not rows:
        return
    yield ""
    yield "| | what | stands | rests on | passed | with findings | unproven |"
    yield "|---|---|---|---|--:|--:|--:|"
    found = {subject: standing(verdicts[subject], findings[subject], report) for subject in rows}
    if len(rows) > _ROWS:
        rows.sort(key=lambda subject: list(_SIGNS).index(found[subject]))
    for subject in rows[:_ROWS]:
        stands = found[subject]
        states = Counter(verdict.state for verdict in verdicts[subject])
        bases = sorted({m.basis for verdict in verdicts[subject] for m in verdict.measures}, reverse=True)
        numbers = " | ".join(str(states[state]) for state in (State.PASS, State.FINDINGS, State.UNPROVEN))
        words = standing_words(stands, report.depth)
        basis = ", ".join(map(str, bases)) or "static"
        yield f"| {_SIGNS[stands]} | {escape(str(subject)[:_LONGEST_NAME])} | {words} | {basis} | {numbers} |"
    if len(rows) > _ROWS:
        yield f"| | and {len(rows) - _ROWS:,} more | | | | | |"


_ROWS = 60
"""Subjects in the table; where there are more, those that stand worst."""


# -- findings ----------------------------------------------------------------------------------------------------------


def _finding(finding: Finding, style: Style) -> str:
    accepted = accepted_word(finding)
    sign = f"☑️ {accepted}" if accepted else _SEVERITIES[finding.severity]
    title = f"- {sign} **{escape(finding.code)} {escape(finding.name)}**{_place(finding, style)}"
    details = [_detail(text) for text in _details(finding)]
    folded = f"  <details><summary>details</summary>\n\n{chr(10).join(details)}\n\n  </details>" if details else ""
    return "\n".join(line for line in (f"{title}: {escape(finding.message)}", folded) if line)


def _detail(text: str) -> str:
    return f"  - {text}"


def _place(finding: Finding, style: Style) -> str:
    span = finding.span
    if span is None:
        return ""
    words = escape(f"{style.repository.path(span.path)}:{span.line}:{span.column}")
    link = style.repository.link(span)
    return f" [{words}]({link})" if link else f" {words}"


def _details(finding: Finding) -> Iterator[str]:
    if finding.remedy:
        yield f"help: {escape(finding.remedy)}"
    yield from (escape(measure_words(measure)) for measure in finding.measures)
    if finding.subject.kind is not SubjectKind.PROJECT:
        yield f"in: {escape(', '.join(str(subject) for subject in (finding.subject, *finding.also)))}"
    yield from (f"source: {escape(text)}" for text in dict.fromkeys(m.source for m in finding.measures if m.source))
    yield from map(escape, accepted_words(finding))


# -- folded sections ---------------------------------------------------------------------------------------------------


def _folded(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"<details><summary>{title}</summary>\n"
        yield from lines
        yield "\n</details>"


def _unproven(report: Report) -> Iterator[str]:
    reasons: dict[str, dict[str, list[Subject]]] = {}
    for verdict in report.unproven:
        reasons.setdefault(verdict.reason, {}).setdefault(verdict.name, []).append(verdict.subject)
    lines = []
    for reason, names in reasons.items():
        subjects = dict.fromkeys(str(subject) for found in names.values() for subject in found)
        lines.append(f"- {escape(reason)}: {escape(', '.join(names))} ({escape(', '.join(subjects))})")
    lines += [f"- did not run: {escape(', '.join(report.left_out))}"] if report.left_out else []
    yield from _folded(f"Unproven: {counted(len(report.unproven), 'verdict')}, and why", lines)


def _environment(report: Report) -> Iterator[str]:
    lines = [f"- could not ask {escape(failure_words(f))} {escape(f.remedy)}".rstrip() for f in report.failures]
    lines += [f"- a bug: the rule {escape(bug.rule)} crashed on {escape(str(bug.subject))}" for bug in report.bugs]
    lines += [f"- {escape(note)}" for note in report.notes]
    yield from _folded("How the run went", lines)


def _pipelines(report: Report) -> Iterator[str]:
    """What becomes of the columns, what the windows hold and when the next runs are."""
    lines = []
    for pipeline, fates in report.fates.items():
        becomes = (f"{escape(fate.column)} is {fate.fate.value} {escape(fate.target)}".rstrip() for fate in fates)
        lines.append(f"- {escape(pipeline)}: columns: {'; '.join(becomes)}")
    for pipeline, windows in report.windows.items():
        worst = f"{iso(windows.worst.start)} to {iso(windows.worst.end)}"
        words = f"the worst of {windows.total:,} {windows.frequency} windows, {worst}: {measure_words(windows.limit)}"
        lines.append(f"- {escape(pipeline)}: {escape(words)}")
    for pipeline, runs in report.next_runs.items():
        lines.append(f"- {escape(pipeline)}: next runs: {', '.join(iso(run) for run in runs)}")
    yield from _folded("Columns, windows and next runs", lines)


def _waivers(report: Report) -> Iterator[str]:
    lines = [
        f"- {escape(waiver.rule)}{f' for {escape(waiver.pipeline)}' if waiver.pipeline else ''} "
        f"{escape(waiver_words(waiver))}"
        for waiver in report.waivers
    ]
    yield from _folded(f"Waivers: {len(lines)}", lines)


def escape(text: str) -> str:
    """``text`` as Markdown that shows it, on one line, and that does nothing else.

    Blanks before it are dropped: four at the start of a line would make it code.
    """
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]} …"
    broken = _REFERENCE.sub(_BREAK, _PLAIN.clean(text).strip())
    return _SPECIAL.sub(r"\\\g<0>", broken)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
