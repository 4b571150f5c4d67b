"""The histogram's arithmetic where clocks jump, where values are extreme, and against Python's own."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.model import Bucket, Histogram, HistogramAsk, IteratorKind
from servers.bigquery import BigQueryServer
from tests.warehouses.opened import Opened

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
JUMPS = {
    "Europe/Berlin": ("2026-03-29 02:00", "2026-10-25 02:00"),
    "America/New_York": ("2026-03-08 02:00", "2026-11-01 01:00"),
    "Australia/Lord_Howe": ("2026-10-04 02:00", "2026-04-05 01:30"),
}
MICRO = 1_000_000
FAR = 4_000_000_000


def instant(clock: datetime, zone: str) -> int:
    """Microseconds since 1970: the later of two instants, and the offset before the jump for a time that is skipped."""
    told = ZoneInfo(zone)
    early, late = (clock.replace(tzinfo=told, fold=fold) for fold in (0, 1))
    exists = early.astimezone(UTC).astimezone(told).replace(tzinfo=None) == clock
    return _micro((late if exists else early).astimezone(UTC))


def _micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def counted(micros: list[int | None], ask: HistogramAsk) -> Histogram:
    """What Python counts."""
    rows: Counter[int] = Counter()
    starts: Counter[int] = Counter()
    nulls = future = 0
    for micro in micros:
        if micro is None:
            nulls += 1
        elif (ask.lower is not None and micro < ask.lower * MICRO) or (
            ask.upper is not None and micro > ask.upper * MICRO
        ):
            continue
        elif micro > ask.now * MICRO:
            future += 1
        else:
            index, rest = divmod(micro - ask.anchor * MICRO, 3600 * MICRO)
            rows[index] += 1
            starts[index] += rest == 0
    buckets = tuple(Bucket(index, rows[index], starts[index]) for index in sorted(rows))
    return Histogram(ask.anchor, buckets, nulls, future)


def model(values: list[str], kind: str) -> str:
    """A data model that puts out the values; nested, because bqemulator calls no UNION a SELECT."""
    united = " UNION ALL ".join(f"SELECT CAST({value} AS {kind}) AS v" for value in values)
    return f"SELECT u.v FROM ({united}) AS u"


@pytest.mark.parametrize("zone", sorted(JUMPS))
def test_times_that_clocks_repeat_or_skip(reading: Opened, zone: str) -> None:
    clocks = [
        datetime.fromisoformat(jump) + timedelta(minutes=15 * step) for jump in JUMPS[zone] for step in range(-24, 25)
    ]
    sql = model([f"'{clock}'" for clock in clocks], "DATETIME")
    ask = HistogramAsk(sql, "v", IteratorKind.ZONELESS, 1_767_225_900, FAR, zone)
    assert reading.adapter.histogram(ask) == counted([instant(clock, zone) for clock in clocks], ask)


def test_the_ends_of_time(reading: Opened) -> None:
    ends = [datetime(1, 1, 1), datetime(1, 1, 2, 3), datetime(9999, 12, 31, 23, 59, 59)]
    sql = model([f"'{end.isoformat(' ')}'" for end in ends], "DATETIME")
    ask = HistogramAsk(sql, "v", IteratorKind.ZONELESS, 0, FAR, "Asia/Kolkata")
    found = reading.adapter.histogram(ask)
    assert (found.rows, found.future_rows) == (3, 1)


@pytest.mark.parametrize("kind", [IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS])
def test_numbers_that_are_no_time(reading: Opened, kind: IteratorKind) -> None:
    sql = model(["-9223372036854775808", "9223372036854775807", "0", "-1", "NULL"], "INT64")
    found = reading.adapter.histogram(HistogramAsk(sql, "v", kind, 0, 10, lower=None))
    assert (found.null_rows, found.future_rows) == (1, 1)
    assert sum(bucket.rows for bucket in found.buckets) == 3


def test_fractions_of_a_second_in_a_decimal(reading: Opened) -> None:
    sql = model(["0.5", "0", "3600", "3599.999", "-0.001"], "NUMERIC")
    found = reading.adapter.histogram(HistogramAsk(sql, "v", IteratorKind.EPOCH_S, 0, FAR))
    assert found.buckets == (Bucket(-1, 1, 0), Bucket(0, 3, 1), Bucket(1, 1, 1))


KINDS = {
    IteratorKind.INSTANT: "TIMESTAMP",
    IteratorKind.ZONELESS: "DATETIME",
    IteratorKind.DATE: "DATE",
    IteratorKind.EPOCH_S: "INT64",
    IteratorKind.EPOCH_MS: "INT64",
}


@st.composite
def cases(draw: st.DrawFn) -> tuple[HistogramAsk, list[int | None]]:
    """An ask, and the instants of its rows in microseconds."""
    kind, zone = draw(st.sampled_from(IteratorKind)), draw(st.sampled_from(ZONES))
    anchor = draw(st.integers(1_500_000_000, 1_900_000_000))
    some = st.integers(-30, 30).map(lambda hours: anchor + hours * 3600)
    now = draw(st.one_of(some, st.just(FAR)))
    lower, upper = sorted((draw(some), draw(some)))
    clip = draw(st.sampled_from([(None, None), (lower, None), (None, upper), (lower, upper)]))
    edges = st.sampled_from([anchor, now if now != FAR else anchor, lower, upper])
    whole = st.one_of(edges, some, st.integers(anchor - 10**6, anchor + 10**6)).map(lambda second: second * MICRO)
    moved = st.tuples(whole, st.sampled_from([0, 0, 1, -1, 1000, -1000, 999_999])).map(sum)
    seen = draw(st.lists(st.one_of(moved, st.none()), min_size=1, max_size=8))
    held, texts = [], []
    for micro in seen:
        text, exact = written(micro, kind, zone)
        texts.append(text)
        held.append(exact)
    sql = model(texts, KINDS[kind])
    return HistogramAsk(sql, "v", kind, anchor, now, zone, *clip), held


def written(micro: int | None, kind: IteratorKind, zone: str) -> tuple[str, int | None]:
    """A value that a column of this kind holds for an instant, and the instant that it stands for."""
    if micro is None:
        return "NULL", None
    if kind is IteratorKind.EPOCH_S:
        return str(micro // MICRO), micro // MICRO * MICRO
    if kind is IteratorKind.EPOCH_MS:
        return str(micro // 1000), micro // 1000 * 1000
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micro)
    if kind is IteratorKind.INSTANT:
        return f"'{at:%Y-%m-%d %H:%M:%S.%f}+00'", micro
    clock = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if kind is IteratorKind.DATE:
        day = clock.replace(hour=0, minute=0, second=0, microsecond=0)
        return f"'{day:%Y-%m-%d}'", instant(day, zone)
    return f"'{clock:%Y-%m-%d %H:%M:%S.%f}'", instant(clock, zone)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(cases())
def test_rows_are_counted_as_python_counts_them(
    bigquery: BigQueryServer, reading: Opened, case: tuple[HistogramAsk, list[int | None]]
) -> None:
    ask, micros = case
    assert reading.adapter.histogram(ask) == counted(micros, ask)
