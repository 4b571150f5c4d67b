"""Which windows a pipeline's runs read, and how many counted rows lie in each. Pure: no clock, no warehouse.

The windows follow the schedule's own anchor, its ``start_time``: a daily pipeline that starts at 03:05 reads from 03:05
to 03:05 (https://docs.mparticle.com/developers/warehouse-sync-api/reference/, as the 2023 docs source states it).
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate

import msgspec

from preflight.model import HOUR, Histogram, Window

FREQUENCIES = ("hourly", "daily", "weekly", "monthly")
_SECONDS = {"hourly": HOUR, "daily": 24 * HOUR, "weekly": 168 * HOUR}


def boundary(frequency: str, anchor: int, number: int) -> int:
    """The instant of run ``number``, counted from the run at ``anchor`` (number 0; negative ones lie before).

    Months are calendar months in UTC from the anchor's day and time; in a shorter month the last day stands in for a
    day that it lacks (no source says so: it is the reading that loses no row).
    """
    if frequency != "monthly":
        return anchor + number * _SECONDS[frequency]
    start = _datetime(anchor)
    month = start.year * 12 + start.month - 1 + number
    year, month = divmod(month, 12)
    day = min(start.day, _days(year, month + 1))
    if not 1 <= year <= 9999:
        raise OverflowError(f"run {number} of a monthly schedule lies outside the years 1 to 9999")
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def _days(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def number_at(frequency: str, anchor: int, instant: int) -> int:
    """The number of the last run boundary at or before ``instant``."""
    if frequency != "monthly":
        return (instant - anchor) // _SECONDS[frequency]
    first, at = _datetime(anchor), _datetime(instant)
    number = (at.year - first.year) * 12 + at.month - first.month
    return number if boundary(frequency, anchor, number) <= instant else number - 1


def window(frequency: str, anchor: int, number: int) -> Window:
    """The window between the runs ``number`` and ``number + 1``."""
    return Window(boundary(frequency, anchor, number), boundary(frequency, anchor, number + 1))


def windows_between(frequency: str, anchor: int, first: int, last: int) -> int:
    """How many windows hold any instant of ``[first, last]``, their starts included and their ends left out."""
    return number_at(frequency, anchor, last) - number_at(frequency, anchor, first) + 1


def upcoming(frequency: str, anchor: int, now: int, end: int | None = None) -> Iterator[int]:
    """The instants of the runs after ``now``, none before ``anchor``, none after ``end``; endless without ``end``."""
    number = max(0, number_at(frequency, anchor, now) + 1)
    while end is None or boundary(frequency, anchor, number) <= end:
        yield boundary(frequency, anchor, number)
        number += 1


class Count(msgspec.Struct, frozen=True):
    """Rows of one window: with its end instant, as the platform's BETWEEN reads it, and without it."""

    window: Window
    rows: int
    """Both ends included."""
    rows_half_open: int
    """The end instant left out."""


class Tally:
    """A histogram that answers any number of spans without reading the buckets again.

    Spans must start and end on the histogram's bucket bounds, as the windows of a schedule with its anchor do.
    """

    def __init__(self, histogram: Histogram) -> None:
        self.histogram = histogram
        self._indexes = [bucket.index for bucket in histogram.buckets]
        self._sums = [0, *accumulate(bucket.rows for bucket in histogram.buckets)]

    @property
    def span(self) -> tuple[int, int] | None:
        """The first instant of the first bucket and the last whole second of the last; None where there is no row."""
        if not self._indexes:
            return None
        anchor = self.histogram.anchor
        return anchor + self._indexes[0] * HOUR, anchor + (self._indexes[-1] + 1) * HOUR - 1

    def _position(self, instant: int) -> int:
        index, rest = divmod(instant - self.histogram.anchor, HOUR)
        if rest:
            raise ValueError(f"{instant} is not a bound of a bucket from {self.histogram.anchor}")
        return index

    def count(self, window: Window) -> Count:
        """The rows of one window."""
        first, last = self._position(window.start), self._position(window.end)
        low, high = bisect_left(self._indexes, first), bisect_left(self._indexes, last)
        rows = self._sums[high] - self._sums[low]
        on_end = 0
        if high < len(self._indexes) and self._indexes[high] == last:
            on_end = self.histogram.buckets[high].at_start
        return Count(window, rows + on_end, rows)

    def until(self, instant: int) -> Count:
        """The rows up to ``instant``: the historical span before a schedule's start."""
        high = self._position(instant)
        start = self.histogram.anchor + min(high, self._indexes[0] if self._indexes else high) * HOUR
        return self.count(Window(start, instant))

    def since(self, instant: int) -> int:
        """The rows from ``instant`` on, future ones left out."""
        return self._sums[-1] - self._sums[bisect_left(self._indexes, self._position(instant))]

    def counts(self, frequency: str) -> tuple[Count, ...]:
        """The windows of the schedule, extended backward and forward, that hold any row, in order."""
        anchor = self.histogram.anchor
        numbers: set[int] = set()
        for bucket in self.histogram.buckets:
            start = anchor + bucket.index * HOUR
            number = number_at(frequency, anchor, start)
            numbers.add(number)
            if bucket.at_start and boundary(frequency, anchor, number) == start:
                numbers.add(number - 1)
        return tuple(self.count(window(frequency, anchor, number)) for number in sorted(numbers))


_FIRST, _LAST = -62135596800, 253402300799  # the years 1 and 9999, which datetime holds


def _datetime(instant: int) -> datetime:
    return datetime.fromtimestamp(max(_FIRST, min(instant, _LAST)), UTC)


def iso(instant: int) -> str:
    """An instant in ISO 8601, UTC, to the second."""
    return _datetime(instant).isoformat().replace("+00:00", "Z")
