"""Which windows a pipeline's runs read, and how many counted rows lie in each. Pure: no clock, no warehouse.

The windows follow the schedule's own anchor, its ``start_time``: a daily pipeline that starts at 03:05 reads from 03:05
to 03:05 (https://docs.mparticle.com/developers/warehouse-sync-api/reference/, as the 2023 docs source states it).
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from datetime import date
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
    day, second = divmod(anchor, _DAY)
    year, month, day_of_month = _civil(day)
    year, month = divmod(year * 12 + month - 1 + number, 12)
    last = monthrange(year, month + 1)[1]
    return _day(year, month + 1, min(day_of_month, last)) * _DAY + second


def number_at(frequency: str, anchor: int, instant: int) -> int:
    """The number of the last run boundary at or before ``instant``."""
    if frequency != "monthly":
        return (instant - anchor) // _SECONDS[frequency]
    first_year, first_month, _ = _civil(anchor // _DAY)
    year, month, _ = _civil(instant // _DAY)
    number = (year - first_year) * 12 + month - first_month
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


_DAY = 24 * HOUR
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_EPOCH_YEAR, _EPOCH_ORDINAL = 1970, date(1970, 1, 1).toordinal()


def _civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of ``day`` days since 1970-01-01, in any year: the calendar repeats every 400 years."""
    cycle, rest = divmod(day, _CYCLE_DAYS)
    at = date.fromordinal(_EPOCH_ORDINAL + rest)
    return at.year + cycle * _CYCLE_YEARS, at.month, at.day


def _day(year: int, month: int, day_of_month: int) -> int:
    """The days since 1970-01-01: the inverse of ``_civil``."""
    cycle, rest = divmod(year - _EPOCH_YEAR, _CYCLE_YEARS)
    return date(_EPOCH_YEAR + rest, month, day_of_month).toordinal() - _EPOCH_ORDINAL + cycle * _CYCLE_DAYS


def iso(instant: int) -> str:
    """An instant in ISO 8601, UTC, to the second; years outside 0 to 9999 carry a sign and at least six digits."""
    day, second = divmod(instant, _DAY)
    year, month, day_of_month = _civil(day)
    shown = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{shown}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z"
