"""The report for a person at a terminal, in the manner of a compiler: plain strings, no library.

Findings come in file order, so that a reader walks down each file once, and several findings on one line stand
together; a sort by severity would tear them apart, and the last line says how bad it is. Every text that was not
written here is cleaned before it is printed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby

from preflight.finding import (
    ColumnFate,
    Failure,
    Fate,
    Finding,
    Grade,
    Measure,
    Report,
    Severity,
    State,
    Subject,
    SubjectKind,
    Verdict,
    Waiver,
)
from preflight.location import SourceFile
from preflight.report.finding_text import FindingBlocks
from preflight.report.sheet import FileWords, Sheet, SubjectWords
from preflight.report.style import Style
from preflight.report.subjects import COLORS, by_subject, standing
from preflight.report.words import (
    DEPTHS,
    count,
    failure_words,
    measure_words,
    standing_words,
    waiver_words,
)
from preflight.schedule import iso

_NAMED = 4
"""How many rules are named for one reason; the JSON report names all."""
_LISTED = 12
"""How many columns are named for one fate; the JSON report names all."""


def render(report: Report, style: Style) -> str:
    """The whole report, ending in a line break."""
    return sheet(report, style).text(style)


def sheet(report: Report, style: Style) -> Sheet:
    """The report in pieces."""
    failures = ["\n".join(_failure(failure, style)) for failure in report.failures]
    bugs = "\n".join(_bugs(report, style))
    return Sheet(
        head="\n".join(_head(report, style)),
        files=tuple(file_words(report, style)),
        trouble=(*failures, bugs) if bugs else tuple(failures),
        subjects=tuple(subject_words(report, style)),
        remarks=tuple(_remarks(report, style)),
        failures=len(report.failures),
        whole=not (report.failures or report.bugs or report.interrupted),
        left_out=bool(report.left_out),
    )


def _head(report: Report, style: Style) -> Iterator[str]:
    yield f"{style.bold('preflight')} {DEPTHS[report.depth]}"
    yield f"project {style.clean(style.folder + report.project)}, limits {style.clean(report.profile)}"


def file_words(report: Report, style: Style) -> Iterator[FileWords]:
    """The findings file by file; those that stand in none come first."""
    block = FindingBlocks(report.sources, style).block
    for path, found in groupby(report.findings, lambda finding: finding.span.path if finding.span else ""):
        here = list(found)
        worst = min(here, key=lambda finding: finding.severity.rank)
        yield FileWords(
            path,
            "\n\n".join(map(block, here)),
            count(here),
            (worst.severity.rank, worst.code),
            any(finding.severity is Severity.ERROR and finding.waiver is None for finding in here),
        )


# -- findings and failures ---------------------------------------------------------------------------------------------


def finding_block(finding: Finding, sources: Mapping[str, SourceFile], folder: str = "") -> str:
    """One finding by itself, without colour; ``folder`` is the project's, as ``Style`` has it."""
    return FindingBlocks(sources, Style(folder=folder)).block(finding)


def _measure(measure: Measure, style: Style) -> str:
    return style.clean(measure_words(measure))


def _waiver(waiver: Waiver, style: Style) -> str:
    return style.clean(waiver_words(waiver))


def _failure(failure: Failure, style: Style) -> Iterator[str]:
    yield f"{style.paint('could not ask', 'red')} {style.clean(failure_words(failure))}"
    if failure.remedy:
        yield f"  {style.paint('=', 'blue')} {style.bold('help')}: {style.clean(failure.remedy)}"


def _bugs(report: Report, style: Style) -> Iterator[str]:
    for bug in report.bugs:
        yield f"{style.paint('bug', 'red')}: the rule {style.clean(f'{bug.rule} crashed on {bug.subject}')}"


# -- verdicts ----------------------------------------------------------------------------------------------------------


def subject_words(report: Report, style: Style) -> Iterator[SubjectWords]:
    """What became of each subject, with the numbers that passed; only what nothing speaks against is called proven."""
    verdicts, findings = by_subject(report)
    for subject in report.subjects:
        here = verdicts[subject]
        states = Counter(verdict.state for verdict in here)
        lines: list[str] = []
        if here:
            stands = standing(here, findings[subject], report)
            words = style.paint(standing_words(stands, report.depth), COLORS[stands])
            lines = [*_subject(subject, here, states, words, style), *_outlook(subject, report, style)]
        yield SubjectWords(subject, "\n".join(lines), tuple(states[s] for s in State), tuple(_unproven(here)))


def _subject(
    subject: Subject, verdicts: list[Verdict], count: Mapping[State, int], standing: str, style: Style
) -> Iterator[str]:
    words = [f"{count[State.PASS]} passed"]
    words += [f"{count[State.FINDINGS]} with findings"] if count[State.FINDINGS] else []
    words += [f"{count[State.UNPROVEN]} unproven"] if count[State.UNPROVEN] else []
    yield f"{style.bold(style.clean(str(subject)))}: {standing} ({', '.join(words)})"
    weighed = (m for verdict in verdicts if verdict.state is State.PASS for m in verdict.measures)
    told = (m for m in weighed if m.limit is not None and m.basis.grade is not Grade.STATIC)
    yield from dict.fromkeys(f"  {_measure(measure, style)}" for measure in told)


_GROUPS = {
    Fate.ITERATOR: "iterator",
    Fate.USER_IDENTITY: "identities",
    Fate.DEVICE_IDENTITY: "device identities",
    Fate.RESERVED_ATTRIBUTE: "reserved attributes",
    Fate.ATTRIBUTE: "custom attributes",
    Fate.MAPPED: "event members",
    Fate.IGNORED: "ignored",
    Fate.UNMAPPED: "in no mapping",
}


def _outlook(subject: Subject, report: Report, style: Style) -> Iterator[str]:
    """What becomes of a pipeline's columns, a line for each fate, what its windows hold, and when it runs next."""
    if subject.kind is not SubjectKind.PIPELINE:
        return
    fates = report.fates.get(subject.id, ())
    for fate, words in _GROUPS.items():
        named = [_fate(f) for f in fates if f.fate is fate]
        more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
        if named:
            yield style.clean(f"  {words}: {', '.join(named[:_LISTED])}{more}")
    if windows := report.windows.get(subject.id):
        from preflight.report.histogram import histogram

        yield from (f"  {line}" for line in histogram(windows, style))
    if runs := report.next_runs.get(subject.id):
        yield f"  next runs: {', '.join(iso(instant) for instant in runs)}"


def _fate(fate: ColumnFate) -> str:
    renamed = fate.target and fate.target != fate.column
    return f"{fate.column} → {fate.target}" if renamed else fate.column


def _unproven(verdicts: list[Verdict]) -> Iterator[tuple[str, str]]:
    """Each reason with the rules that are unproven for it; those that gate ``apply`` come first."""
    reasons: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.state is State.UNPROVEN and verdict.waiver is None:
            reasons[verdict.reason].append(verdict)
    for reason, alike in reasons.items():
        names = [verdict.name for verdict in sorted(alike, key=lambda verdict: not verdict.gating)]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield reason, ", ".join(names[:_NAMED]) + more


def _remarks(report: Report, style: Style) -> Iterator[str]:
    for waiver in report.waivers:
        scope = f" for {waiver.pipeline}" if waiver.pipeline else ""
        yield f"waived: {style.clean(f'{waiver.rule}{scope}')} {_waiver(waiver, style)}"
    if report.left_out:
        names = ", ".join(report.left_out[:_NAMED])
        more = f" and {len(report.left_out) - _NAMED} more" if len(report.left_out) > _NAMED else ""
        yield f"note: rules that guard the workspace did not run: {style.clean(names)}{more}"
    judged = [s for s in report.subjects if s.kind not in (SubjectKind.PROJECT, SubjectKind.CONNECTION)]
    if not judged and not report.notes:
        yield "note: nothing to check: there is no pipeline and no data model here"
    yield from (f"note: {style.clean(note)}" for note in report.notes)
