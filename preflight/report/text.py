"""The report for a person at a terminal, in the manner of a compiler: plain strings, no library.

Findings come in file order, so that a reader walks down each file once, and several findings on one line stand
together; a sort by severity would tear them apart, and the last line says how bad it is. Every text that was not
written here is cleaned before it is printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

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
from preflight.report.style import Style
from preflight.report.subjects import COLORS, by_subject, standing
from preflight.report.words import (
    DEPTHS,
    failure_words,
    measure_words,
    rules_words,
    standing_words,
    summary_words,
    waiver_words,
)
from preflight.schedule import iso

_NAMED = 4
"""How many rules are named for one reason; the JSON report names all."""
_LISTED = 12
"""How many columns are named for one fate; the JSON report names all."""


def render(report: Report, style: Style) -> str:
    """The whole report, ending in a line break."""
    blocks = ["\n".join(_head(report, style))]
    blocks += map(FindingBlocks(report.sources, style).block, report.findings)
    blocks += ["\n".join(_failure(failure, style)) for failure in report.failures]
    blocks += ["\n".join(_bugs(report, style))]
    blocks += ["\n".join(_subjects(report, style))]
    blocks += _unproven(report, style)
    blocks += ["\n".join(_remarks(report, style)), _summary(report, style)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(report: Report, style: Style) -> Iterator[str]:
    yield f"{style.bold('preflight')} {DEPTHS[report.depth]}"
    yield f"project {style.clean(report.project)}, limits {style.clean(report.profile)}"


# -- findings and failures ---------------------------------------------------------------------------------------------


def finding_block(finding: Finding, sources: Mapping[str, SourceFile]) -> str:
    """One finding by itself, without colour."""
    return FindingBlocks(sources, Style()).block(finding)


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


def _subjects(report: Report, style: Style) -> Iterator[str]:
    """What became of each subject, with the numbers that passed; only what nothing speaks against is called proven."""
    verdicts, findings = by_subject(report)
    for subject in report.subjects:
        if verdicts[subject]:
            stands = standing(verdicts[subject], findings[subject], report)
            words = style.paint(standing_words(stands, report.depth), COLORS[stands])
            yield from _subject(subject, verdicts[subject], words, style)
            yield from _outlook(subject, report, style)


def _subject(subject: Subject, verdicts: list[Verdict], standing: str, style: Style) -> Iterator[str]:
    count = {state: sum(verdict.state is state for verdict in verdicts) for state in State}
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


def _unproven(report: Report, style: Style) -> Iterator[str]:
    """A block for each reason, since one remedy mends all that share it; the rules that gate ``apply`` come first."""
    reasons: defaultdict[str, defaultdict[Subject, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for verdict in report.unproven:
        reasons[verdict.reason][verdict.subject].append(verdict)
    for reason, subjects in reasons.items():
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for subject, verdicts in subjects.items():
            names = [verdict.name for verdict in sorted(verdicts, key=lambda verdict: not verdict.gating)]
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            alike[", ".join(names[:_NAMED]) + more].append(str(subject))
        lines = ["  " + style.clean(f"{', '.join(who)}: {names}") for names, who in alike.items()]
        yield "\n".join([f"{style.paint('unproven', 'yellow')}: {style.bold(style.clean(reason))}", *lines])


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
    worst = min(report.findings, key=lambda finding: finding.severity.rank, default=None)
    if worst is not None:
        yield f"note: `preflight explain {style.clean(worst.code)}` says more about a rule"


def _summary(report: Report, style: Style) -> str:
    errors = any(f.severity is Severity.ERROR and f.open for f in report.findings)
    color = "red" if errors or report.failures or report.bugs else "yellow"
    if report.passed and not report.unproven and not report.left_out:
        color = "green"
    return f"{style.paint(summary_words(report), color)}; rules: {rules_words(report)}"
