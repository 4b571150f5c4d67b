from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.model import HOUR, Bucket, Histogram, Window
from preflight.schedule import (
    FREQUENCIES,
    Tally,
    boundary,
    iso,
    number_at,
    upcoming,
    window,
    windows_between,
)

frequencies = st.sampled_from(FREQUENCIES)
instants = st.integers(-(10**11), 3 * 10**11)
far_instants = st.integers(-(10**15), 10**15)
numbers = st.integers(-3000, 3000)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("frequency", "number", "expected"),
    [
        ("hourly", 1, "2026-12-01 04:05:00"),
        ("daily", 1, "2026-12-02 03:05:00"),
        ("daily", -1, "2026-11-30 03:05:00"),
        ("weekly", 1, "2026-12-08 03:05:00"),
        ("monthly", 1, "2027-01-01 03:05:00"),
        ("monthly", -1, "2026-11-01 03:05:00"),
        ("monthly", -12, "2025-12-01 03:05:00"),
        ("monthly", 14, "2028-02-01 03:05:00"),
    ],
)
def test_windows_follow_the_anchors_own_time_of_day(frequency: str, number: int, expected: str) -> None:
    assert boundary(frequency, at("2026-12-01 03:05:00"), number) == at(expected)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "2028-02-29"),
        (2, "2028-03-31"),
        (3, "2028-04-30"),
        (13, "2029-02-28"),
        (-1, "2027-12-31"),
        (-2, "2027-11-30"),
    ],
)
def test_the_last_day_stands_in_where_a_month_lacks_the_anchors_day(number: int, expected: str) -> None:
    assert boundary("monthly", at("2028-01-31"), number) == at(expected)


def test_a_clamped_boundary_opens_its_own_month() -> None:
    anchor = at("2027-01-31")
    assert number_at("monthly", anchor, at("2027-02-28")) == 1
    assert number_at("monthly", anchor, at("2027-02-28") - 1) == 0
    assert number_at("monthly", anchor, at("2027-03-30 23:59:59")) == 1


@given(frequencies, far_instants, st.integers(-(10**6), 10**6))
def test_number_at_inverts_boundary(frequency: str, anchor: int, number: int) -> None:
    start = boundary(frequency, anchor, number)
    assert number_at(frequency, anchor, start) == number
    assert number_at(frequency, anchor, start - 1) == number - 1


@given(frequencies, far_instants, far_instants)
def test_every_instant_lies_in_exactly_one_window(frequency: str, anchor: int, instant: int) -> None:
    number = number_at(frequency, anchor, instant)
    found = window(frequency, anchor, number)
    assert found.start <= instant < found.end
    assert found.end == window(frequency, anchor, number + 1).start


@given(st.integers(0, 4 * 10**9), numbers)
def test_months_agree_with_the_standard_library(anchor: int, number: int) -> None:
    start = datetime.fromtimestamp(anchor, UTC)
    found = datetime.fromtimestamp(boundary("monthly", anchor, number), UTC)
    assert (found.year - start.year) * 12 + found.month - start.month == number
    assert found.time() == start.time()
    assert found.day <= start.day
    if found.day < start.day:
        assert datetime.fromtimestamp(found.timestamp() + 86400, UTC).day == 1


@given(frequencies, instants, instants, st.integers(0, 10**8))
def test_windows_between_counts_each_window_once(frequency: str, anchor: int, first: int, length: int) -> None:
    last = first + length % (500 * HOUR)
    held = {number_at(frequency, anchor, instant) for instant in (*range(first, last, HOUR), last)}
    assert windows_between(frequency, anchor, first, last) == len(held)


def test_upcoming_runs_start_at_the_anchor_and_end_with_the_schedule() -> None:
    anchor = at("2026-12-01")
    assert list(upcoming("daily", anchor, anchor - 10**7, at("2026-12-03"))) == [
        anchor + day * 86400 for day in range(3)
    ]
    assert next(upcoming("daily", anchor, anchor)) == anchor + 86400
    assert next(upcoming("daily", anchor, anchor + 86399)) == anchor + 86400
    assert list(upcoming("daily", anchor, anchor, anchor)) == []


@given(frequencies, instants, instants)
def test_upcoming_runs_are_after_now_in_order_and_without_gaps(frequency: str, anchor: int, now: int) -> None:
    found = list(islice(upcoming(frequency, anchor, now), 5))
    assert found[0] >= anchor
    assert found[0] > now
    assert found[0] == anchor or boundary(frequency, anchor, number_at(frequency, anchor, found[0]) - 1) <= now
    assert found == sorted(set(found))


# Each bucket is a list of (rows on its first instant, rows later in it), so that single rows can be counted by hand.
buckets = st.dictionaries(
    st.one_of(st.integers(-60, 60), st.integers(-3000, 3000)),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    max_size=25,
).map(lambda found: {index: rows for index, rows in found.items() if any(rows)})


def tally_of(anchor: int, found: dict[int, tuple[int, int]]) -> tuple[Tally, list[float]]:
    histogram = Histogram(
        anchor, tuple(Bucket(index, start + later, start) for index, (start, later) in sorted(found.items())), 7, 9
    )
    rows = []
    for index, (start, later) in found.items():
        rows += [float(anchor + index * HOUR)] * start
        rows += [anchor + index * HOUR + 0.5] * later
    return Tally(histogram), rows


@given(frequencies, st.integers(0, 4 * 10**9), buckets)
def test_counts_are_those_of_every_window_that_holds_a_row(
    frequency: str, anchor: int, found: dict[int, tuple[int, int]]
) -> None:
    tally, rows = tally_of(anchor, found)
    expected = {}
    if rows:
        first, last = number_at(frequency, anchor, int(min(rows))) - 2, number_at(frequency, anchor, int(max(rows))) + 2
        for number in range(first, last):
            span = window(frequency, anchor, number)
            both = sum(span.start <= row <= span.end for row in rows)
            if both:
                expected[span] = (both, sum(span.start <= row < span.end for row in rows))
    assert {count.window: (count.rows, count.rows_half_open) for count in tally.counts(frequency)} == expected
    assert [count.window for count in tally.counts(frequency)] == sorted(expected)


@given(st.integers(0, 4 * 10**9), buckets, st.integers(-3100, 3100), st.integers(0, 500))
def test_spans_are_counted_with_and_without_their_end(
    anchor: int, found: dict[int, tuple[int, int]], index: int, length: int
) -> None:
    tally, rows = tally_of(anchor, found)
    start, end = anchor + index * HOUR, anchor + (index + length) * HOUR
    count = tally.count(Window(start, end))
    assert count.rows == sum(start <= row <= end for row in rows)
    assert count.rows_half_open == sum(start <= row < end for row in rows)
    assert tally.until(start).rows == sum(row <= start for row in rows)
    assert tally.until(start).rows_half_open == sum(row < start for row in rows)
    assert tally.since(start) == sum(row >= start for row in rows)


def test_an_empty_histogram_has_no_span_and_no_windows() -> None:
    tally = Tally(Histogram(0, ()))
    assert tally.span is None
    assert tally.counts("daily") == ()
    assert tally.until(0).rows == 0
    assert tally.since(0) == 0


def test_the_span_is_that_of_the_buckets() -> None:
    assert Tally(Histogram(100, (Bucket(-2, 1, 0), Bucket(3, 1, 1)))).span == (100 - 2 * HOUR, 100 + 4 * HOUR - 1)


def test_a_span_off_the_buckets_is_refused() -> None:
    with pytest.raises(ValueError, match="not a bound"):
        Tally(Histogram(0, (Bucket(0, 1, 0),))).count(Window(1, HOUR))


@given(st.integers(-62135596800, 253402300799))
def test_iso_agrees_with_the_standard_library(instant: int) -> None:
    assert iso(instant) == datetime.fromtimestamp(instant, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (253402300800, "+010000-01-01T00:00:00Z"),
        (-62167219200, "0000-01-01T00:00:00Z"),
        (-62167219201, "-000001-12-31T23:59:59Z"),
    ],
)
def test_years_that_four_digits_cannot_hold_carry_a_sign(instant: int, expected: str) -> None:
    assert iso(instant) == expected
