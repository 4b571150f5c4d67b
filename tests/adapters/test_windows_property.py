"""The windows that a histogram gives are those that the platform's own BETWEEN would read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.config import Connection, Introspect
from preflight.model import HistogramAsk, IteratorKind, Provider, Window
from preflight.schedule import FREQUENCIES, Tally, boundary, number_at, window
from preflight_adapters import local
from preflight_adapters.local import LocalAdapter
from tests.adapters.stand_ins import build

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe")
MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAdapter]:
    folder: Path = tmp_path_factory.mktemp("stand-in")
    build(folder / "empty.duckdb", "CREATE TABLE nothing (a INTEGER)")
    connection = Connection("w", "W", Provider.SNOWFLAKE, {}, introspect=Introspect(local="empty.duckdb"))
    opened = local.connect(connection, root=folder, environ={}, record=lambda _: None)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def oracle() -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


class Case(msgspec.Struct, frozen=True):
    ask: HistogramAsk
    frequency: str
    values: tuple[int | None, ...]
    """What the column holds: microseconds on its own clock, or the epoch's own unit; None is NULL."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind = draw(st.sampled_from(IteratorKind))
    zone = draw(st.sampled_from(ZONES))
    frequency = draw(st.sampled_from(FREQUENCIES))
    anchor = draw(st.integers(1_500_000_000, 1_900_000_000))
    near = st.integers(-3, 3).map(lambda number: boundary(frequency, anchor, number))
    hours = st.integers(-200, 200).map(lambda number: anchor + number * 3600)
    some = st.one_of(near, hours, st.integers(anchor - 10**6, anchor + 10**6))
    now = draw(st.one_of(st.just(anchor + 10**9), some))
    lower, upper = draw(st.sampled_from([(False, False), (True, False), (False, True), (True, True)]))
    bounds = sorted((draw(some), draw(some)))
    clip = (bounds[0] if lower else None, bounds[1] if upper else None)
    edges = [near, near, hours, st.just(now), *(st.just(bound) for bound in clip if bound is not None)]
    moved = st.tuples(
        st.one_of(*edges).map(lambda second: second * MICRO), st.sampled_from([0, 0, 1, -1, 1000, -1000, 999_999])
    ).map(sum)
    free = st.integers((anchor - 10**7) * MICRO, (anchor + 10**7) * MICRO)
    instants = draw(st.lists(st.one_of(moved, moved, moved, free, st.none()), min_size=4, max_size=10))
    values = tuple(None if value is None else held(value, kind, zone) for value in instants)
    ask = HistogramAsk("", "v", kind, anchor, now, zone, *clip)
    return Case(ask, frequency, values)


def held(instant: int, kind: IteratorKind, zone: str) -> int:
    """What a column of this kind holds for an instant, in microseconds since 1970."""
    if kind is IteratorKind.EPOCH_S:
        return instant // MICRO
    if kind is IteratorKind.EPOCH_MS:
        return instant // 1000
    if kind is IteratorKind.INSTANT:
        return instant
    from zoneinfo import ZoneInfo

    there = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
    clock = (there.replace(tzinfo=None) - _EPOCH) // timedelta(microseconds=1)
    return clock // (86400 * MICRO) * 86400 * MICRO if kind is IteratorKind.DATE else clock


TYPES = {
    IteratorKind.INSTANT: "TIMESTAMP_LTZ",
    IteratorKind.ZONELESS: "TIMESTAMP_NTZ",
    IteratorKind.DATE: "DATE",
    IteratorKind.EPOCH_S: "BIGINT",
    IteratorKind.EPOCH_MS: "BIGINT",
}


def model(case: Case) -> str:
    """A data model, in Snowflake's SQL, that puts out the values."""
    kind = case.ask.kind
    assert kind is not None

    def text(value: int | None) -> str:
        if value is None:
            return "NULL"
        if kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
            return str(value)
        moment = (_EPOCH + timedelta(microseconds=value)).isoformat(" ")
        return f"'{moment[:10] if kind is IteratorKind.DATE else moment}'"

    parts = [f"SELECT CAST({text(value)} AS {TYPES[kind]}) AS v" for value in (*case.values, None)]
    return " UNION ALL ".join(parts)


def instants(case: Case) -> str:
    """The same values as instants, in DuckDB's SQL and straight from the numbers."""
    reading = {
        IteratorKind.INSTANT: "to_timestamp(0) + to_microseconds(n)",
        IteratorKind.ZONELESS: f"make_timestamp(n) AT TIME ZONE '{case.ask.time_zone}'",
        IteratorKind.DATE: f"make_timestamp(n) AT TIME ZONE '{case.ask.time_zone}'",
        IteratorKind.EPOCH_S: "to_timestamp(0) + to_seconds(n)",
        IteratorKind.EPOCH_MS: "to_timestamp(0) + to_milliseconds(n)",
    }[case.ask.kind or IteratorKind.INSTANT]
    rows = ", ".join(f"({'NULL' if value is None else value}::BIGINT)" for value in (*case.values, None))
    return f"SELECT {reading} AS i FROM (VALUES {rows}) AS t(n)"


def moment(instant: int) -> str:
    return f"TIMESTAMPTZ '{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M:%S}+00'"


def read(oracle: Any, case: Case, predicate: str) -> int:
    """The rows that a platform's predicate reads, of those that are in the clip and not in the future."""
    ask = case.ask
    clip = [f"i <= {moment(ask.now)}"]
    clip += [f"i >= {moment(ask.lower)}"] if ask.lower is not None else []
    clip += [f"i <= {moment(ask.upper)}"] if ask.upper is not None else []
    sql = f"SELECT count(*) FROM ({instants(case)}) WHERE {predicate} AND {' AND '.join(clip)}"
    return int(oracle.execute(sql).fetchone()[0])


def between(span: Window) -> str:
    return f"i BETWEEN {moment(span.start)} AND {moment(span.end)}"


def half_open(span: Window) -> str:
    return f"i >= {moment(span.start)} AND i < {moment(span.end)}"


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(cases())
def test_each_window_counts_what_between_reads(adapter: LocalAdapter, oracle: Any, case: Case) -> None:
    ask = msgspec.structs.replace(case.ask, sql=model(case))
    tally = Tally(adapter.histogram(ask))
    found = {count.window: count for count in tally.counts(case.frequency)}
    seconds = [row[0] for row in oracle.execute(f"SELECT floor(epoch(i))::BIGINT FROM ({instants(case)})").fetchall()]
    numbers = {
        number_at(case.frequency, ask.anchor, second) + step for second in seconds if second for step in (-1, 0, 1)
    }
    spans = {window(case.frequency, ask.anchor, number) for number in numbers} | set(found)
    for span in sorted(spans):
        rows = (found[span].rows, found[span].rows_half_open) if span in found else (0, 0)
        assert rows == (read(oracle, case, between(span)), read(oracle, case, half_open(span))), span


@quick
@given(cases())
def test_history_and_what_follows_the_start_are_counted(adapter: LocalAdapter, oracle: Any, case: Case) -> None:
    ask = msgspec.structs.replace(case.ask, sql=model(case))
    tally = Tally(adapter.histogram(ask))
    start = moment(ask.anchor)
    assert tally.until(ask.anchor).rows == read(oracle, case, f"i <= {start}")
    assert tally.until(ask.anchor).rows_half_open == read(oracle, case, f"i < {start}")
    assert tally.since(ask.anchor) == read(oracle, case, f"i >= {start}")


@quick
@given(cases())
def test_nothing_is_lost(adapter: LocalAdapter, oracle: Any, case: Case) -> None:
    ask = msgspec.structs.replace(case.ask, sql=model(case))
    histogram = adapter.histogram(ask)
    assert histogram.null_rows == 1 + case.values.count(None)
    clip = [f"i > {moment(ask.now)}"]
    clip += [f"i >= {moment(ask.lower)}"] if ask.lower is not None else []
    clip += [f"i <= {moment(ask.upper)}"] if ask.upper is not None else []
    future = oracle.execute(f"SELECT count(*) FROM ({instants(case)}) WHERE {' AND '.join(clip)}").fetchone()[0]
    assert histogram.future_rows == future
    assert sum(bucket.rows for bucket in histogram.buckets) == read(oracle, case, "TRUE")
    assert list(histogram.buckets) == sorted(histogram.buckets)
    assert all(bucket.rows > 0 for bucket in histogram.buckets)
