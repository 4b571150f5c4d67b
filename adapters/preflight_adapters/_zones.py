"""What the clocks of a time zone show, as instants that any engine can compute. It knows no SQL and no driver.

A time that clocks show twice is read as the later of the two instants (standard time), one that they skip with the
offset that held before the jump: the same reading as the stand-in's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = -2_208_988_800
"""1900-01-01T00:00:00Z: before it a zone keeps the offset that it had then."""
LAST = 4_102_444_800
"""2100-01-01T00:00:00Z: after it a zone keeps the offset that it has then."""


@lru_cache(maxsize=32)
def steps(zone: str, lower: int | None, upper: int) -> tuple[tuple[int | None, int], ...]:
    """The offsets of ``zone`` east of UTC in seconds, latest first, each with the local second it holds from.

    The last has None: it holds before all others. Only what matters to instants from ``lower`` to ``upper`` is given.
    Raises zoneinfo.ZoneInfoNotFoundError for a zone that is none.
    """
    info = ZoneInfo(zone)
    at = max(FIRST, min(LAST, (lower if lower is not None else FIRST) - 2 * _DAY))
    end = max(at, min(LAST, upper + 2 * _DAY))
    offset = _offset(info, at)
    found: list[tuple[int | None, int]] = [(None, offset)]
    while at < end:
        if (new := _offset(info, at + _DAY)) != offset:
            found.append((_change(info, at, at + _DAY) + new, new))
            offset = new
        at += _DAY
    return tuple(reversed(found))


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """The first instant in ``(before, after]`` with the offset of ``after``."""
    new = _offset(info, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(info, middle) == new else (middle, after)
    return after


def _offset(info: ZoneInfo, instant: int) -> int:
    moment = (_EPOCH + timedelta(seconds=instant)).astimezone(info)
    offset = moment.utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
