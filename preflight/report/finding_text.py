"""Findings as blocks of lines for a terminal. Every text that was not written here is cleaned before it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from preflight.finding import Finding, Severity, Subject, SubjectKind
from preflight.location import SourceFile
from preflight.report.snippet import snippet
from preflight.report.style import Style
from preflight.report.words import accepted_words, measure_words

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


class FindingBlocks:
    """Writes the findings of one report for one stream; what recurs from finding to finding is cleaned once."""

    def __init__(self, sources: Mapping[str, SourceFile], style: Style) -> None:
        self._sources = sources
        self._style = style
        self._cleaned = _Cleaned(style)
        self._subjects: dict[Subject, str] = {}
        self._equals = f"{style.paint('=', 'blue')} "
        self._arrow = style.paint("-->", "blue")
        self._help = f"{style.bold('help')}: "

    def block(self, finding: Finding) -> str:
        """The finding's lines, the last one not ended."""
        style, cleaned = self._style, self._cleaned
        color = _COLORS[finding.severity]
        label = style.paint(f"{finding.severity.value}[{cleaned[finding.code]}]", color)
        lines = [f"{label} {cleaned[finding.name]}: {style.bold(style.clean(finding.message))}"]
        span, gutter = finding.span, "  "
        if span is not None:
            gutter = " " * (len(str(span.line)) + 1)
            lines.append(f"{gutter[1:]}{self._arrow} {cleaned[style.folder + span.path]}:{span.line}:{span.column}")
            if (source := self._sources.get(span.path)) is not None:
                lines += snippet(span, source, style, color)
        gutter += self._equals
        measures = finding.measures
        lines += [gutter + style.clean(measure_words(measure)) for measure in measures]
        if finding.remedy:
            lines.append(gutter + self._help + cleaned[finding.remedy])
        if finding.also or finding.subject.kind is not SubjectKind.PROJECT:
            lines.append(f"{gutter}in: {', '.join(map(self._subject, (finding.subject, *finding.also)))}")
        if measures:
            sources = dict.fromkeys(measure.source for measure in measures if measure.source)
            lines += [f"{gutter}source: {cleaned[source]}" for source in sources]
        if not finding.open:
            lines += [gutter + cleaned[words] for words in accepted_words(finding)]
        return "\n".join(lines)

    def _subject(self, subject: Subject) -> str:
        if subject not in self._subjects:
            self._subjects[subject] = self._style.clean(str(subject))
        return self._subjects[subject]


class _Cleaned(dict[str, str]):
    """Texts to what the stream shows of them."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style

    def __missing__(self, text: str) -> str:
        self[text] = shown = self._style.clean(text)
        return shown
