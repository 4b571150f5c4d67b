"""The page's findings: each beside the lines that it is about, folded or not, with a filter that needs no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from preflight.finding import Finding, Report
from preflight.report.html_excerpt import AROUND, Excerpts
from preflight.report.html_text import TONES, sentence, text
from preflight.report.words import accepted_word, accepted_words, measure_words, worst_first

_OPEN = 60
"""Findings that are unfolded when the page opens; of the worst severity first."""
_AROUND_FIRST = 1_000
"""Findings that are shown with the lines around theirs: with all of ten thousand a browser opens no page any more."""


def findings_section(report: Report, anchors: Mapping[int, str]) -> Iterator[str]:
    """All findings, the worst first; ``anchors`` are by the finding's ``id()``."""
    yield '<h2 id="findings" tabindex="-1">Findings</h2>\n'
    if not report.findings:
        yield '<p class="soft">None.</p>\n'
        return
    yield _filter(report)
    excerpts = Excerpts()
    for at, finding in enumerate(worst_first(report.findings)):
        around = AROUND if at < _AROUND_FIRST else 0
        yield from _finding(finding, anchors[id(finding)], report, excerpts, around, unfolded=at < _OPEN)


def _filter(report: Report) -> str:
    count = Counter(finding.severity.value if finding.open else "accepted" for finding in report.findings)
    choices = [("all", f"all {len(report.findings):,}", " checked")]
    choices += [
        (kind, f"{kind} {count[kind]:,}", "") for kind in ("error", "warning", "info", "accepted") if count[kind]
    ]
    boxes = "".join(
        f'<input type="radio" name="only" id="only-{kind}"{checked}><label for="only-{kind}">{words}</label>'
        for kind, words, checked in choices
    )
    return f'<fieldset class="filter"><legend class="hidden">Show only</legend>{boxes}</fieldset>\n'


def _finding(
    finding: Finding, anchor: str, report: Report, excerpts: Excerpts, around: int, *, unfolded: bool
) -> Iterator[str]:
    kind = finding.severity.value if finding.open else "accepted"
    tone = TONES[finding.severity]
    yield (
        f'<details class="finding {kind}" id="{anchor}"{" open" if unfolded else ""}><summary>'
        f'<span class="rule"><span class="badge {tone}">{finding.severity.value}</span><span class="mono">'
        f"{text(finding.code)} {text(finding.name)}</span><span>{accepted_word(finding)}</span></span>"
        f'<span class="message">{text(finding.message)}</span></summary><div class="beside"><div class="facts">'
    )
    yield from _facts(finding)
    yield "</div>"
    span = finding.span
    if span is not None:
        place = f"{span.path}:{span.line}:{span.column}"
        source = report.sources.get(span.path)
        code = f"<pre><code>{excerpts.excerpt(span, source, around)}</code></pre>" if source else ""
        yield f'<div class="code"><span class="file mono">{text(place)}</span>{code}</div>'
    yield "</div></details>\n"


def _facts(finding: Finding) -> Iterator[str]:
    if finding.remedy:
        yield f'<p class="help">{text(finding.remedy)}</p>'
    yield from (f"<p>{text(measure_words(measure))}</p>" for measure in finding.measures)
    subjects = ", ".join(str(subject) for subject in (finding.subject, *finding.also))
    yield f'<p class="soft">In {text(subjects)}</p>'
    for source in dict.fromkeys(m.source for m in finding.measures if m.source):
        yield f'<p class="soft">Source: {text(source)}</p>'
    yield from (f"<p>{sentence(words)}</p>" for words in accepted_words(finding))
