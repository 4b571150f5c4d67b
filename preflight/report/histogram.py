"""A pipeline's windows as one line of blocks, with a mark below the worst; ASCII where the stream lacks the blocks."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Windows
from preflight.report.bars import bars
from preflight.report.style import Style
from preflight.report.words import number
from preflight.schedule import iso

_BLOCKS, _ASCII = "▁▂▃▄▅▆▇█", ".:-=+*#@"
_MOST, _LEAST, _USUAL_WIDTH, _INDENT = 60, 8, 80, 2
_MATTERS = 0.5
"""The share of its limit from which on the worst window is worth a picture."""


def histogram(windows: Windows, style: Style) -> Iterator[str]:
    """The bars and, below, the mark of the worst; nothing where no window comes near the limit."""
    limit, worst = windows.limit.limit, windows.worst
    if limit is None or worst.rows < _MATTERS * limit:
        return
    head = f"{windows.frequency} windows "
    slots, found = bars(windows, max(_LEAST, min(_MOST, (style.width or _USUAL_WIDTH) - len(head) - _INDENT)))
    levels = _BLOCKS if style.takes(_BLOCKS) else _ASCII
    top = max(limit, worst.rows)
    drawn = dict.fromkeys(range(slots), " ")
    for bar in found:
        rows = bar.window.rows
        block = levels[min(len(levels) - 1, int(rows * len(levels) / top))] if rows else " "
        drawn[bar.slot] = style.paint(block, "red") if rows > limit else block
    at = next(bar.slot for bar in found if bar.window == worst)
    words = f"{iso(worst.start)}: {number(worst.rows)} of {number(limit)}"
    yield f"{head}{''.join(drawn.values())}".rstrip()
    yield from _mark(len(head) + at, words, style.width - _INDENT if style.width else 0)


def _mark(at: int, words: str, width: int) -> Iterator[str]:
    """A mark in column ``at`` and its words: behind it, else before it, else below."""
    if not width or at + 2 + len(words) <= width:
        yield f"{' ' * at}^ {words}"
    elif len(words) < at:
        yield f"{words} ^".rjust(at + 1)
    else:
        yield f"{' ' * at}^"
        yield words
