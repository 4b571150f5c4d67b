"""The page's cards: how one subject stands, on what that rests, and what its pipeline will do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from preflight.finding import Fate, Finding, Grade, Measure, Report, State, Subject, SubjectKind, Verdict
from preflight.report.html_text import TONES, sentence, text
from preflight.report.html_windows import chart, moment
from preflight.report.subjects import COLORS, Standing
from preflight.report.words import accepted_word, counted, number, standing_words, waiver_words, worst_first
from preflight.schedule import iso

_NAMED = 4
"""Rules that are named unfolded."""


def card(
    subject: Subject,
    place: str,
    stand: Standing,
    verdicts: list[Verdict],
    findings: list[Finding],
    report: Report,
    anchors: Mapping[int, str],
) -> Iterator[str]:
    """A subject's card, with the anchor ``place``."""
    count = Counter(verdict.state for verdict in verdicts)
    words = [f"{counted(count[State.PASS], 'rule')} passed"]
    words += [f"{count[State.UNPROVEN]:,} unproven"] if count[State.UNPROVEN] else []
    words += [f"{count[State.INAPPLICABLE]:,} inapplicable"] if count[State.INAPPLICABLE] else []
    yield (
        f'<section class="card" id="{place}"><header><h3>{text(subject.id or subject.kind.value)}</h3>'
        f'<span class="badge {COLORS[stand]}">{standing_words(stand, report.depth)}</span></header>'
        f'<p class="soft">{", ".join(words)}</p>'
    )
    yield f'<div class="flow">{"".join((*_links(findings, anchors), *_numbers(verdicts), *_reasons(verdicts)))}'
    yield f"{''.join(_judged(verdicts))}</div>"
    if subject.kind is SubjectKind.PIPELINE:
        yield from (f'<div class="wide">{block}</div>' for block in _pipeline(subject.id, report))
    yield "</section>\n"


def _links(findings: list[Finding], anchors: Mapping[int, str]) -> Iterator[str]:
    if findings:
        items = (
            f'<li><span class="badge {TONES[f.severity]}">{f.severity.value}</span> <a href="#{anchors[id(f)]}">'
            f"{text(f.name)}</a><span class='soft'>{accepted_word(f)}</span></li>"
            for f in worst_first(tuple(findings))
        )
        yield f'<div class="block"><h4>Findings</h4><ul class="links">{"".join(items)}</ul></div>'


def _numbers(verdicts: list[Verdict]) -> Iterator[str]:
    """What passed with a number, how near its limit it is, and what that rests on."""
    passed = (measure for v in verdicts if v.state is State.PASS for measure in v.measures)
    weighed = [m for m in passed if m.limit is not None and m.basis.grade is not Grade.STATIC]
    if weighed:
        lines = "".join(map(_number, weighed))
        yield f'<div class="block"><h4>Proven numbers</h4><ul class="numbers">{lines}</ul></div>'


def _number(measure: Measure) -> str:
    value, limit = measure.value, measure.limit or 0
    share = 100 * min(1.0, value / limit) if not isinstance(value, str) and limit else 0
    return (
        f'<li><div class="line"><span>{text(measure.name.replace("_", " "))}</span>'
        f"<span>{text(number(value))} of {text(number(limit))}</span></div>"
        f'<svg aria-hidden="true"><rect class="fill" width="{share:.2f}%" height="100%"/></svg>'
        f'<span class="soft">{measure.basis}</span></li>'
    )


def _reasons(verdicts: Iterable[Verdict]) -> Iterator[str]:
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.state is State.UNPROVEN:
            waived = f" (waived {waiver_words(verdict.waiver)})" if verdict.waiver else ""
            reasons[verdict.reason].append(verdict.name + waived)
    if reasons:
        items = "".join(f"<li>{sentence(reason)}{_names(names)}</li>" for reason, names in reasons.items())
        yield f'<div class="block"><h4>Unproven, and why</h4><ul class="reasons">{items}</ul></div>'


def _names(names: list[str]) -> str:
    listed = f'<div class="soft">{text(", ".join(names))}</div>'
    return listed if len(names) <= _NAMED else _folded(f"{len(names)} rules", listed)


def _folded(title: str, content: str) -> str:
    return f'<details class="more"><summary>{title}</summary>{content}</details>'


def _judged(verdicts: list[Verdict]) -> Iterator[str]:
    passed: defaultdict[str, list[str]] = defaultdict(list)
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.state is State.PASS:
            bases = sorted({measure.basis for measure in verdict.measures})
            passed[f"on what is {bases[0]}" if bases else "without a number"].append(verdict.name)
        elif verdict.state is State.INAPPLICABLE:
            reasons[verdict.reason].append(verdict.name)
    folds = [
        _folded(f"{sum(map(len, groups.values())):,} {word}", f'<ul class="reasons plain">{_grouped(groups)}</ul>')
        for word, groups in (("passed", passed), ("inapplicable", reasons))
        if groups
    ]
    if folds:
        yield f'<div class="block"><h4>Judged</h4>{"".join(folds)}</div>'


def _grouped(groups: Mapping[str, list[str]]) -> str:
    listed = ((sentence(title), text(", ".join(names))) for title, names in groups.items())
    return "".join(f'<li>{title}<div class="soft">{names}</div></li>' for title, names in listed)


# -- what a pipeline will do -------------------------------------------------------------------------------------------

_FATES = {
    Fate.ITERATOR: "blue",
    Fate.USER_IDENTITY: "green",
    Fate.DEVICE_IDENTITY: "green",
    Fate.RESERVED_ATTRIBUTE: "blue",
    Fate.ATTRIBUTE: "blue",
    Fate.MAPPED: "green",
    Fate.IGNORED: "yellow",
    Fate.UNMAPPED: "yellow",
}


def _pipeline(pipeline: str, report: Report) -> Iterator[str]:
    if windows := report.windows.get(pipeline):
        yield f"<h4>Records a run</h4>{chart(windows)}"
    if fates := report.fates.get(pipeline):
        rows = "".join(
            f'<tr><td class="mono">{text(f.column)}</td><td><span class="badge {_FATES[f.fate]}">{f.fate.value}</span>'
            f'</td><td class="mono">{text(f.target)}</td></tr>'
            for f in fates
        )
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("column", "becomes", "as"))
        yield f"<h4>What each column becomes</h4><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    if runs := report.next_runs.get(pipeline):
        items = "".join(f'<li><time datetime="{iso(run)}">{moment(run)}</time></li>' for run in runs)
        yield f'<h4>Next runs</h4><ol class="runs">{items}</ol>'
