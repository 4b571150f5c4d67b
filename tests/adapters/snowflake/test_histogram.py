"""The histogram's own SQL, rendered for DuckDB and run there, counts what the stand-in counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import msgspec
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from preflight.errors import Cause, WarehouseError
from preflight.model import Histogram, HistogramAsk, IteratorKind, Kind, Type
from preflight_adapters._guard import allow
from preflight_adapters.local import queries as local_queries
from preflight_adapters.local import rows as local_rows
from preflight_adapters.snowflake import queries, rows

MICRO = 1_000_000
ANCHOR = round(datetime(2026, 10, 24, 3, 5, tzinfo=UTC).timestamp())
TYPES = {
    IteratorKind.INSTANT: (Type(Kind.INSTANT, "TIMESTAMP_TZ(9)"), "TIMESTAMP WITH TIME ZONE"),
    IteratorKind.ZONELESS: (Type(Kind.TIMESTAMP, "TIMESTAMP_NTZ(9)"), "TIMESTAMP"),
    IteratorKind.DATE: (Type(Kind.DATE, "DATE"), "DATE"),
    IteratorKind.EPOCH_S: (Type(Kind.INTEGER, "NUMBER(38,0)", 38, 0), "BIGINT"),
    IteratorKind.EPOCH_MS: (Type(Kind.INTEGER, "NUMBER(38,0)", 38, 0), "BIGINT"),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def model(kind: IteratorKind, values: tuple[int | None, ...]) -> str:
    """A query of one column, written in what both engines read; values are microseconds, or the epoch's unit."""
    return " UNION ALL ".join(f'SELECT {cell(kind, value)} AS "V"' for value in values)


def cell(kind: IteratorKind, value: int | None) -> str:
    if kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
        return f"CAST({'NULL' if value is None else value} AS BIGINT)"
    name = {IteratorKind.INSTANT: "TIMESTAMPTZ", IteratorKind.ZONELESS: "TIMESTAMP", IteratorKind.DATE: "DATE"}[kind]
    if value is None:
        return f"CAST(NULL AS {name})"
    second, micro = divmod(value, MICRO)
    text = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}.{micro:06}"
    return f"CAST('{text[:10] if kind is IteratorKind.DATE else text}' AS {name})"


def rendered(statement: str) -> str:
    """Snowflake's text as DuckDB's; the emptied alias of the model's type names is left to sqlglot."""
    [tree] = sqlglot.parse(statement, dialect="snowflake")
    assert tree is not None
    for cast in tree.find_all(exp.Cast):
        if cast.to.this is exp.DType.TIMESTAMP:
            cast.to.set("this", exp.DType.TIMESTAMPNTZ)
    return tree.sql("duckdb")


def counted(engine: Any, ask: HistogramAsk, type_: Type) -> Histogram:
    statement = queries.histogram(ask, type_)
    allow(statement, "snowflake")
    return rows.histogram(engine.execute(rendered(statement)).fetchall(), ask.anchor)


def by_the_stand_in(engine: Any, ask: HistogramAsk, raw: str) -> Histogram:
    statement = local_queries.histogram(ask.sql, ask, width=1, index=0, raw=raw)
    return local_rows.histogram(engine.execute(statement).fetchall(), ask)


@st.composite
def asks(draw: st.DrawFn) -> HistogramAsk:
    kind = draw(st.sampled_from(IteratorKind))
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]))
    near = st.one_of(
        st.integers(-40, 40).map(lambda hours: ANCHOR + hours * 3600), st.integers(ANCHOR - 10**7, ANCHOR + 10**7)
    )
    now = draw(st.one_of(st.just(ANCHOR + 10**8), near))
    bounds = sorted((draw(near), draw(near)))
    lower = bounds[0] if draw(st.booleans()) else None
    upper = bounds[1] if draw(st.booleans()) else None
    fractions = st.sampled_from([0, 0, 0, 1, -1, 999_999])
    instants = draw(st.lists(st.one_of(st.tuples(near, fractions), st.none()), min_size=1, max_size=8))
    values = tuple(None if pair is None else held(kind, *pair) for pair in instants)
    return HistogramAsk(model(kind, values), "V", kind, ANCHOR, now, zone, lower, upper)


def held(kind: IteratorKind, second: int, micro: int) -> int:
    if kind is IteratorKind.EPOCH_S:
        return second
    if kind is IteratorKind.EPOCH_MS:
        return second * 1000 + (micro > 1) - (micro < 0)
    return second * MICRO + micro


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(asks())
def test_it_counts_what_the_stand_in_counts(engine: Any, ask: HistogramAsk) -> None:
    assert ask.kind is not None
    type_, raw = TYPES[ask.kind]
    assert counted(engine, ask, type_) == by_the_stand_in(engine, ask, raw)


@pytest.mark.parametrize("value", [0, -1, 1, -3_600_000, 4 * 10**18])
def test_any_epoch_before_and_after_1970(engine: Any, value: int) -> None:
    ask = HistogramAsk(model(IteratorKind.EPOCH_MS, (value,)), "V", IteratorKind.EPOCH_MS, 0, 10**9)
    type_, raw = TYPES[IteratorKind.EPOCH_MS]
    assert counted(engine, ask, type_) == by_the_stand_in(engine, ask, raw)


def test_fractions_of_an_epoch_are_rounded_down(engine: Any) -> None:
    sql = 'SELECT CAST(3599.5 AS DECIMAL(10,2)) AS "V" UNION ALL SELECT CAST(3600 AS DECIMAL(10,2)) AS "V"'
    ask = HistogramAsk(sql, "V", IteratorKind.EPOCH_S, 0, 10**9)
    found = counted(engine, ask, Type(Kind.DECIMAL, "NUMBER(10,2)", 10, 2))
    assert [(bucket.index, bucket.rows, bucket.at_start) for bucket in found.buckets] == [(0, 1, 0), (1, 1, 1)]


def test_the_column_stands_bare_in_the_clip() -> None:
    ask = HistogramAsk("SELECT 1", 'a"B', IteratorKind.ZONELESS, ANCHOR, ANCHOR, "UTC", ANCHOR, ANCHOR + 60)
    text = queries.histogram(ask, Type(Kind.TIMESTAMP))
    assert 'WHERE m."a""B" IS NULL OR (m."a""B" >= \'2026-10-24T03:05:00\'::TIMESTAMP_NTZ' in text
    zoned = queries.histogram(msgspec.structs.replace(ask, time_zone="Europe/Berlin"), Type(Kind.TIMESTAMP))
    assert ">= '2026-10-23T03:05:00'::TIMESTAMP_NTZ" in zoned
    instant = queries.histogram(msgspec.structs.replace(ask, kind=IteratorKind.INSTANT), Type(Kind.INSTANT))
    assert "<= '2026-10-24T03:06:00+00:00'::TIMESTAMP_TZ" in instant


def test_a_bound_that_no_timestamp_holds_is_left_to_the_exact_clip() -> None:
    ask = HistogramAsk("SELECT 1", "V", IteratorKind.INSTANT, 0, 0, "UTC", -(10**13), 10**13)
    text = queries.histogram(ask, Type(Kind.INSTANT))
    assert "at_second >= -10000000000000" in text
    assert 'm."V" >=' not in text


def test_a_column_of_another_type_is_refused() -> None:
    ask = HistogramAsk("SELECT 1", "V", IteratorKind.INSTANT, 0, 0)
    with pytest.raises(WarehouseError) as caught:
        queries.histogram(ask, Type(Kind.TEXT, "VARCHAR(20)"))
    assert caught.value.cause is Cause.UNSUPPORTED
    assert "VARCHAR(20)" in caught.value.message


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../../etc/passwd", "Europe"])
def test_a_zone_that_is_none(zone: str) -> None:
    ask = HistogramAsk("SELECT 1", "V", IteratorKind.ZONELESS, 0, 0, zone)
    with pytest.raises(WarehouseError):
        queries.histogram(ask, Type(Kind.TIMESTAMP))
