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
    Depth,
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
    Suppression,
    Verdict,
    Waiver,
)
from preflight.location import SourceFile
from preflight.report.snippet import snippet
from preflight.report.style import Style
from preflight.report.subjects import by_subject
from preflight.schedule import iso

_DEPTHS = {
    Depth.STATIC: "static: only the project and its SQL were read, no warehouse was asked",
    Depth.LOCKED: "locked: the schema lock was read in place of the warehouse",
    Depth.LOCAL: "local: a stand-in was read in place of the warehouse",
    Depth.LIVE: "live: the warehouse was asked",
}
_PROVEN = {Depth.LOCKED: "proven against the lock", Depth.LOCAL: "proven on a stand-in"}
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_NAMED = 4
"""How many rules are named for one reason; the JSON report names all."""
_LISTED = 12
"""How many columns are named for one fate; the JSON report names all."""


def render(report: Report, style: Style) -> str:
    """The whole report, ending in a line break."""
    blocks = ["\n".join(_head(report, style))]
    blocks += ["\n".join(_finding(finding, report.sources, style)) for finding in report.findings]
    blocks += ["\n".join(_failure(failure, style)) for failure in report.failures]
    blocks += ["\n".join(_bugs(report, style))]
    blocks += ["\n".join(_subjects(report, style))]
    blocks += _unproven(report, style)
    blocks += ["\n".join(_remarks(report, style)), _summary(report, style)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(report: Report, style: Style) -> Iterator[str]:
    yield f"{style.bold('preflight')} {_DEPTHS[report.depth]}"
    yield f"project {style.clean(report.project)}, limits {style.clean(report.profile)}"


# -- findings and failures ---------------------------------------------------------------------------------------------


def finding_block(finding: Finding, sources: Mapping[str, SourceFile]) -> str:
    """One finding by itself, without colour."""
    return "\n".join(_finding(finding, sources, Style()))


def _finding(finding: Finding, sources: Mapping[str, SourceFile], style: Style) -> Iterator[str]:
    color = _COLORS[finding.severity]
    label = style.paint(f"{finding.severity.value}[{style.clean(finding.code)}]", color)
    yield f"{label} {style.clean(finding.name)}: {style.bold(style.clean(finding.message))}"
    span, gutter = finding.span, "  "
    if span is not None:
        gutter = " " * (len(str(span.line)) + 1)
        yield f"{gutter[1:]}{style.paint('-->', 'blue')} {style.clean(span.path)}:{span.line}:{span.column}"
        if (source := sources.get(span.path)) is not None:
            yield from snippet(span, source, style, color)
    for note in _notes(finding, style):
        yield f"{gutter}{style.paint('=', 'blue')} {note}"


def _notes(finding: Finding, style: Style) -> Iterator[str]:
    yield from (_measure(measure, style) for measure in finding.measures)
    if finding.remedy:
        yield f"{style.bold('help')}: {style.clean(finding.remedy)}"
    if finding.subject.kind is not SubjectKind.PROJECT:
        yield f"in: {', '.join(style.clean(str(subject)) for subject in (finding.subject, *finding.also))}"
    for source in dict.fromkeys(m.source for m in finding.measures if m.source):
        yield f"source: {style.clean(source)}"
    if finding.waiver is not None:
        yield f"waived {_waiver(finding.waiver, style)}"
    if finding.suppression is not None:
        yield f"suppressed {_suppression(finding.suppression, style)}"
    if finding.baselined:
        yield "in the baseline"


def _measure(measure: Measure, style: Style) -> str:
    value = measure.value if isinstance(measure.value, str) else f"{measure.value:,}"
    unit = f" {_counted(measure)}" if measure.unit not in ("", measure.name) else ""
    limit = f", limit {measure.limit:,}" if measure.limit is not None else ""
    return style.clean(f"{measure.name}: {value}{unit}{limit} ({measure.basis})")


def _counted(measure: Measure) -> str:
    """The unit as it stands behind its number: of one in the singular."""
    noun, _, rest = measure.unit.partition(" ")
    one = noun.removesuffix("es" if noun.endswith("ches") else "s") if measure.value == 1 else noun
    return f"{one} {rest}".rstrip()


def _waiver(waiver: Waiver, style: Style) -> str:
    return style.clean(f"until {waiver.expires} by {waiver.owner}: {waiver.reason}")


def _suppression(suppression: Suppression, style: Style) -> str:
    until = f"until {suppression.expires} " if suppression.expires else ""
    place = f"{suppression.place.path}:{suppression.place.line}"
    return style.clean(f"{until}at {place}: {suppression.reason}")


def _failure(failure: Failure, style: Style) -> Iterator[str]:
    yield f"{style.paint('could not ask', 'red')} {style.clean(f'{failure.subject}, {failure.step}: {failure.cause}')}"
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
            standing, color = _standing(verdicts[subject], findings[subject], report)
            yield from _subject(subject, verdicts[subject], style.paint(standing, color), style)
            yield from _outlook(subject, report, style)


def _subject(subject: Subject, verdicts: list[Verdict], standing: str, style: Style) -> Iterator[str]:
    count = {state: sum(verdict.state is state for verdict in verdicts) for state in State}
    words = [f"{count[State.PASS]} passed"]
    words += [f"{count[State.FINDINGS]} with findings"] if count[State.FINDINGS] else []
    words += [f"{count[State.UNPROVEN]} unproven"] if count[State.UNPROVEN] else []
    yield f"{style.bold(style.clean(str(subject)))}: {standing} ({', '.join(words)})"
    for passed in verdicts:
        if passed.state is State.PASS:
            weighed = [m for m in passed.measures if m.limit is not None and m.basis.grade is not Grade.STATIC]
            yield from (f"  {_measure(measure, style)}" for measure in weighed)


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
    """What becomes of a pipeline's columns, a line for each fate, and when it runs next."""
    if subject.kind is not SubjectKind.PIPELINE:
        return
    fates = report.fates.get(subject.id, ())
    for fate, words in _GROUPS.items():
        named = [_fate(f) for f in fates if f.fate is fate]
        more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
        if named:
            yield style.clean(f"  {words}: {', '.join(named[:_LISTED])}{more}")
    if runs := report.next_runs.get(subject.id):
        yield f"  next runs: {', '.join(iso(instant) for instant in runs)}"


def _fate(fate: ColumnFate) -> str:
    renamed = fate.target and fate.target != fate.column
    return f"{fate.column} → {fate.target}" if renamed else fate.column


def _standing(verdicts: list[Verdict], findings: list[Finding], report: Report) -> tuple[str, str]:
    here = [finding for finding in findings if finding.waiver is None]
    errors = [finding for finding in here if finding.severity is Severity.ERROR]
    if any(finding.open for finding in errors):
        return "errors", "red"
    unproven = any(v.gating and v.state is State.UNPROVEN and v.waiver is None for v in verdicts)
    if errors or report.left_out or unproven:
        return "not proven", "yellow"
    proven = _PROVEN.get(report.depth, "proven")
    return (f"{proven}, with remarks", "yellow") if here else (proven, "green")


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
    if all(subject.kind in (SubjectKind.PROJECT, SubjectKind.CONNECTION) for subject in report.subjects):
        yield "note: nothing to check: there is no pipeline and no data model here"
    yield from (f"note: {style.clean(note)}" for note in report.notes)
    worst = min(report.findings, key=lambda finding: finding.severity.rank, default=None)
    if worst is not None:
        yield f"note: `preflight explain {style.clean(worst.code)}` says more about a rule"


def _summary(report: Report, style: Style) -> str:
    open_findings = [finding for finding in report.findings if finding.open]
    count = {severity: sum(f.severity is severity for f in open_findings) for severity in Severity}
    words = [f"{number} {severity.value}{'' if number == 1 else 's'}" for severity, number in count.items()]
    waived = sum(finding.waiver is not None for finding in report.findings)
    suppressed = sum(finding.waiver is None and finding.suppression is not None for finding in report.findings)
    words += [f"{waived} waived"] if waived else []
    words += [f"{suppressed} suppressed"] if suppressed else []
    baselined = sum(finding.baselined for finding in report.findings)
    words += [f"{baselined} in the baseline"] if baselined else []
    words += [f"{len(report.failures)} not reached"] if report.failures else []
    states = [verdict.state for verdict in report.verdicts]
    rules = f"{states.count(State.PASS)} passed, {states.count(State.UNPROVEN)} unproven, "
    rules += f"{states.count(State.INAPPLICABLE)} inapplicable"
    color = "red" if count[Severity.ERROR] or report.failures or report.bugs else "yellow"
    if report.passed and not report.unproven and not report.left_out:
        color = "green"
    return f"{style.paint(', '.join(words), color)}; rules: {rules}"
