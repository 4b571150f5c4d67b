"""The line of a file that a finding is about, with its span underlined."""

from __future__ import annotations

import unicodedata

from preflight.location import SourceFile, Span
from preflight.report.style import Style

WIDTH = 110
"""Columns of a source line that are shown; a longer line is cut around the span."""
_TAB = 4


def snippet(span: Span, source: SourceFile, style: Style, color: str) -> list[str]:
    """The source line and the underline, each with its gutter; of a span over several lines the first one."""
    line = source.line(span.line)
    begin = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    line, begin, end = _cut(line, begin, max(end, begin + 1))
    before, marked, after = (_shown(part, style) for part in (line[:begin], line[begin:end], line[end:]))
    gutter = " " * len(str(span.line))
    more = " ..." if span.end_line > span.line else ""
    underline = " " * _columns(before) + style.paint("^" * max(1, _columns(marked)), color) + more
    return [
        f"{gutter} |",
        f"{span.line} | {before}{marked}{after}".rstrip(),
        f"{gutter} | {underline}",
    ]


def _cut(line: str, begin: int, end: int) -> tuple[str, int, int]:
    if len(line) <= WIDTH:
        return line, begin, end
    start = max(0, begin - WIDTH // 3)
    stop = min(len(line), start + WIDTH)
    head, tail = ("..." if start else ""), ("..." if stop < len(line) else "")
    shift = len(head) - start
    return head + line[start:stop] + tail, begin + shift, min(end, stop) + shift


def _shown(text: str, style: Style) -> str:
    return style.clean(text.replace("\t", " " * _TAB))


def _columns(text: str) -> int:
    """How many columns ``text`` takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
