"""The lines of a file around a finding, as HTML: numbered, coloured, with the span marked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.location import SourceFile, Span
from preflight.report.html_text import text as as_html

AROUND = 3
"""Lines shown before and after the span."""
MOST = 16
"""Lines shown in all; of a longer span the first."""
_LONGEST = 600
"""Characters of one line that are shown, around the span."""

_SQL = re.compile(
    r"(?P<c>--[^\n]*|/\*.*?(?:\*/|$))|(?P<s>'(?:[^']|'')*'?)|(?P<d>\b\d+(?:\.\d+)?\b)"
    r"|(?P<k>\b(?:SELECT|DISTINCT|FROM|WHERE|GROUP|ORDER|BY|HAVING|QUALIFY|LIMIT|AS|ON|USING|JOIN|LEFT|RIGHT|FULL|INNER"
    r"|OUTER|CROSS|LATERAL|UNION|ALL|EXCEPT|INTERSECT|WITH|CASE|WHEN|THEN|ELSE|END|AND|OR|NOT|IN|IS|NULL|LIKE|BETWEEN"
    r"|EXISTS|CAST|OVER|PARTITION|TRUE|FALSE|ASC|DESC)\b)",
    re.IGNORECASE,
)
_YAML = re.compile(
    r"(?P<c>(?:^|(?<=\s))#.*)|(?P<k>[\w$-]+(?=\s*:(?:\s|$)))|(?P<s>\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?)"
    r"|(?P<d>(?<![\w.-])\d[\d.:TZ-]*(?![\w.]))"
)


class Excerpts:
    """Writes the lines around findings; a line that stands around several is coloured once."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], str] = {}

    def excerpt(self, span: Span, source: SourceFile, around: int = AROUND) -> str:
        """The rows of the span and of the lines around it."""
        first = max(1, span.line - around)
        last = min(source.position(len(source.text))[0], span.end_line + around, first + MOST - 1)
        end = max(span.line, span.end_line if span.end_column > 1 else span.end_line - 1)
        return "".join(
            _hit(number, source.line(number), span) if span.line <= number <= end else self._row(number, source)
            for number in range(first, last + 1)
        )

    def _row(self, number: int, source: SourceFile) -> str:
        key = source.path, number
        if key not in self._rows:
            line = source.line(number)
            shown = "".join(_html(kind, text) for _, kind, text in _painted(line, 0, _LONGEST, source.path))
            more = " …" if len(line) > _LONGEST else ""
            self._rows[key] = f'<span class="row"><span class="n">{number}</span><span>{shown}{more}</span></span>'
        return self._rows[key]


def _hit(number: int, line: str, span: Span) -> str:
    """A row of the span itself, with the mark in it."""
    start = min(span.column - 1, len(line)) if number == span.line else 0
    end = min(span.end_column - 1, len(line)) if number == span.end_line else len(line)
    left = max(0, start - _LONGEST // 3) if len(line) > _LONGEST else 0
    right = min(len(line), left + _LONGEST)
    parts = _marked(list(_painted(line, left, right, span.path)), start, max(start, min(end, right)))
    shown = "".join(_html(kind, text) for _, kind, text in parts)
    before, after = "… " if left else "", " …" if right < len(line) else ""
    return f'<span class="row hit"><span class="n">{number}</span><span>{before}{shown}{after}</span></span>'


_Part = tuple[int, str, str]
"""Where a stretch of a line begins, its class (``mark`` opens and ``/mark`` closes the mark), and its text."""


def _painted(line: str, left: int, right: int, path: str) -> Iterator[_Part]:
    grammar = _SQL if path.lower().endswith(".sql") else _YAML
    at = left
    for found in grammar.finditer(line, left, right):
        if found.start() > at:
            yield at, "", line[at : found.start()]
        if found.end() > found.start():
            yield found.start(), found.lastgroup or "", found[0]
        at = found.end()
    yield at, "", line[at:right]


def _marked(parts: list[_Part], start: int, end: int) -> Iterator[_Part]:
    """The parts, cut at the mark's two ends, with the mark around what lies between."""
    opened = closed = False
    for at, kind, text in parts:
        inner = sorted({at, at + len(text), *(x for x in (start, end) if at < x < at + len(text))})
        for low, high in zip(inner, inner[1:] or inner, strict=False):
            if not opened and low >= start:
                opened = True
                yield low, "mark", ""
            if opened and not closed and low >= end:
                closed = True
                yield low, "/mark", ""
            yield low, kind, text[low - at : high - at]
    if not opened:
        yield start, "mark", ""
    if not closed:
        yield end, "/mark", ""


def _html(kind: str, text: str) -> str:
    if kind in ("mark", "/mark"):
        return f"<{kind}>"
    shown = as_html(text.replace("\t", "    "))
    return f'<span class="{kind}">{shown}</span>' if kind else shown
