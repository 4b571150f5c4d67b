"""A pipeline's windows as a chart against the limit, with the worst one marked.

Places and sizes are percentages, so that the chart takes any width without distorting its words.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from preflight.finding import WindowRows, Windows
from preflight.report.bars import Bar, bars
from preflight.report.words import counted, number
from preflight.schedule import iso

_BARS = 180
"""Most bars of a chart."""
_HEADROOM = 1.2
"""The chart's height, in heights of what is highest in it: its words stand above."""
_FAR = 10
"""How many times the worst window a limit may be and still be drawn: beyond it, the bars would be too low to read."""
_LISTED = 10
"""Windows in the table below the chart."""


def chart(windows: Windows) -> str:
    """The figure: what the worst window holds, the bars, the axis, and a table of the fullest windows."""
    slots, found = bars(windows, _BARS)
    limit = windows.limit.limit
    of = f" of {number(limit)}" if limit is not None else ""
    total = counted(windows.total, f"{windows.frequency} window")
    name = f"{number(windows.worst.rows)}{of} records in the worst of {total}"
    each = "Each bar is a window" if slots == windows.total else "Each bar is the fullest window of its stretch of time"
    return (
        f"<figure><figcaption><strong>{escape(name)}</strong><br>"
        f'<span class="soft">{_span(windows.worst)}, {escape(str(windows.limit.basis))}</span></figcaption>'
        f'<svg class="chart" role="img" aria-label="{escape(name)}">{"".join(_drawn(windows, slots, found))}</svg>'
        f'<div class="axis"><span>{_day(windows.windows[0].start)}</span>'
        f'<span>{_day(windows.windows[-1].end)}</span></div><p class="soft note">{each}.</p>{_table(windows)}</figure>'
    )


def _drawn(windows: Windows, slots: int, found: list[Bar]) -> Iterator[str]:
    limit = windows.limit.limit
    far = limit is not None and limit > _FAR * windows.worst.rows
    top = max(windows.worst.rows, 1 if far else limit or 1) * _HEADROOM
    for bar in found:
        over = " over" if limit is not None and bar.window.rows > limit else ""
        worst = " worst" if bar.window == windows.worst else ""
        high = max(100 * bar.window.rows / top, 0.8 if bar.window.rows else 0)
        yield (
            f'<rect class="bar{over}{worst}" x="{100 * (bar.slot + 0.1) / slots:.3f}%" y="{100 - high:.2f}%" '
            f'width="{80 / slots:.3f}%" height="{high:.2f}%"><title>{_span(bar.window)}: {bar.window.rows:,}</title>'
            "</rect>"
        )
    at = next(100 * (bar.slot + 0.5) / slots for bar in found if bar.window == windows.worst)
    anchor = "start" if at < 15 else "end" if at > 85 else "middle"
    high = 100 * windows.worst.rows / top
    yield _label("label", f"{at:.2f}%", 100 - high, anchor, f"worst {windows.worst.rows:,}")
    side, anchor = ("100%", "end") if at < 50 else ("0%", "start")
    if far:
        yield _label("label limited", side, 10, anchor, f"limit {number(limit or 0)}, far above")
    elif limit is not None:
        y = 100 - 100 * limit / top
        yield f'<line class="limit" x1="0" x2="100%" y1="{y:.2f}%" y2="{y:.2f}%"/>'
        yield _label("label limited", side, y, anchor, f"limit {number(limit)}")


def _label(kinds: str, x: str, y: float, anchor: str, words: str) -> str:
    return f'<text class="{kinds}" x="{x}" y="{y:.2f}%" dy="-6" text-anchor="{anchor}">{words}</text>'


def _table(windows: Windows) -> str:
    fullest = sorted(windows.windows, key=lambda window: -window.rows)[:_LISTED]
    rows = "".join(f'<tr><td>{_span(w)}</td><td class="count">{w.rows:,}</td></tr>' for w in fullest)
    title = "the fullest window" if len(fullest) == 1 else f"the {len(fullest)} fullest windows"
    return (
        f'<details class="more"><summary>{title}</summary><table><thead><tr><th scope="col">window</th>'
        f'<th scope="col" class="count">records</th></tr></thead><tbody>{rows}</tbody></table></details>'
    )


def _span(window: WindowRows) -> str:
    return f"{moment(window.start)} to {moment(window.end)}"


def moment(instant: int) -> str:
    """An instant as people read it."""
    return iso(instant).replace("T", " ").replace("Z", " UTC")


def _day(instant: int) -> str:
    return iso(instant).partition("T")[0]
