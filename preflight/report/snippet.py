"""The line of a file that a finding is about, with its span underlined."""

from __future__ import annotations

from preflight.location import SourceFile, Span
from preflight.report.style import Style

WIDTH = 110
"""Columns of a source line that are shown at most; a longer line is cut around the start of the span."""
_LEAST = 30
"""Columns of it that are shown however narrow the terminal is."""
_TAB = "    "
_CUT = "..."


def snippet(span: Span, source: SourceFile, style: Style, color: str) -> list[str]:
    """The source line and the underline, each with its gutter; of a span over several lines the first one.

    An empty span gets one mark, so that there is always something to look at.
    """
    line = source.line(span.line)
    number = str(span.line)
    begin = min(span.column - 1, len(line))
    end = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line)
    room = _room(len(number), style)
    if len(line) <= room and line.isascii() and line.isprintable():
        shown, indent, length, cut = line, begin, end - begin, False
    else:
        shown, indent, length, cut = _fitted(line, begin, end, room, style)
    goes_on = f" {_CUT}" if cut or span.end_line > span.line else ""
    marks = style.paint("^" * max(1, length) + goes_on, color)
    blank, bar = " " * len(number), style.paint("|", "blue")
    return [
        f"{blank} {bar}",
        f"{style.paint(number, 'blue')} {bar} {shown}".rstrip(),
        f"{blank} {bar} {' ' * indent}{marks}",
    ]


def _fitted(line: str, begin: int, end: int, room: int, style: Style) -> tuple[str, int, int, bool]:
    """What is shown of a line, the columns before the span and of it, and whether the span is cut."""
    start, stop = _window(line, begin, room, style)
    head, tail = _CUT if start else "", _CUT if stop < len(line) else ""
    before = head + _shown(line[start:begin], style)
    marked = _shown(line[begin : min(end, stop)], style)
    after = _shown(line[max(begin, min(end, stop)) : stop], style) + tail
    return before + marked + after, _columns(before), _columns(marked), end > stop


def _room(gutter: int, style: Style) -> int:
    """The columns that the terminal leaves beside the gutter and the marks of a cut."""
    if not style.width:
        return WIDTH
    return max(_LEAST, min(WIDTH, style.width - gutter - len(" | ") - 2 * len(_CUT) - 1))


def _window(line: str, begin: int, room: int, style: Style) -> tuple[int, int]:
    """The stretch of the line that is shown, as offsets.

    All of it where it fits, else a third of the room before ``begin`` and the rest after it, or more before it where
    the line ends early.
    """
    if len(line) <= room and _columns(_shown(line, style)) <= room:
        return 0, len(line)
    start, _ = _walk(line, begin, -1, room // 3, style)
    stop, rest = _walk(line, start, 1, room, style)
    start, _ = _walk(line, start, -1, rest, style)
    return start, stop


def _walk(line: str, at: int, step: int, room: int, style: Style) -> tuple[int, int]:
    """How far one can go from ``at`` within ``room`` columns, and the room that is left; marks cost a column too."""
    while 0 <= (index := at if step > 0 else at - 1) < len(line):
        cost = max(1, _columns(_shown(line[index], style)))
        if cost > room:
            break
        at, room = at + step, room - cost
    return at, room


def _shown(text: str, style: Style) -> str:
    return style.clean(text.replace("\t", _TAB))


def _columns(text: str) -> int:
    """How many columns ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(char: str) -> int:
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
