"""A pipeline's windows as a row of bars: one a window, or where there are too many the fullest of each stretch."""

from __future__ import annotations

import msgspec

from preflight.finding import WindowRows, Windows


class Bar(msgspec.Struct, frozen=True):
    """The fullest window of one slot of the time axis."""

    slot: int
    window: WindowRows


def bars(windows: Windows, most: int) -> tuple[int, list[Bar]]:
    """How many slots the time axis has, at most ``most``, and a bar for each slot that holds rows, in order."""
    first, last = windows.windows[0].start, windows.windows[-1].start
    slots, length = max(1, min(most, windows.total)), max(1, last - first)
    fullest: dict[int, WindowRows] = {}
    for window in windows.windows:
        slot = (2 * (window.start - first) * (slots - 1) + length) // (2 * length)
        if slot not in fullest or window.rows > fullest[slot].rows:
            fullest[slot] = window
    return slots, [Bar(slot, window) for slot, window in sorted(fullest.items())]
