"""The stand-in's histogram against one that is counted in Python, value by value, over tables with statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.config import Connection, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, Bucket, Histogram, HistogramAsk, IteratorKind, Provider
from preflight_adapters import local
from preflight_adapters.local import LocalAdapter, queries, rows
from preflight_adapters.local.connect import FIRST_MEMORY, MEMORY_LIMIT, array_suits
from tests.adapters.stand_ins import build

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe")
_EPOCH = datetime(1970, 1, 1)
_FINITE = 9_223_372_022_400_000_000
"""The microseconds from DuckDB's first timestamp to 1970."""
_NANO = 9_223_286_400_000_000_000
_FAR = 10**30


class Type(msgspec.Struct, frozen=True):
    """A column's type: what one of its units is in seconds, the finite values that it holds, and whether more."""

    raw: str
    kind: IteratorKind
    unit: Fraction
    least: int
    most: int
    infinite: bool = False

    def literal(self, value: int | str | None) -> str:
        if value is None or isinstance(value, str):
            return f"CAST({'NULL' if value is None else repr(value)} AS {self.raw})"
        if self.kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
            return f"CAST({value} AS {self.raw})"
        if self.raw == "DATE":
            return f"CAST(DATE '1970-01-01' + CAST({value} AS INTEGER) AS DATE)"
        made = f"make_timestamp_ns({value})" if self.raw == "TIMESTAMP_NS" else f"make_timestamp({value * self._micro})"
        return f"CAST({made} AS {self.raw})"

    @property
    def _micro(self) -> int:
        return int(self.unit * 10**6)


_MICRO, _MILLI, _SECOND, _DAY = Fraction(1, 10**6), Fraction(1, 1000), Fraction(1), Fraction(86400)
TYPES = (
    Type("TIMESTAMP", IteratorKind.ZONELESS, _MICRO, -_FINITE, 2**63 - 2, infinite=True),
    Type("TIMESTAMP WITH TIME ZONE", IteratorKind.INSTANT, _MICRO, -_FINITE, 2**63 - 2, infinite=True),
    Type("TIMESTAMP_S", IteratorKind.ZONELESS, _SECOND, -(10**12), 10**12, infinite=True),
    Type("TIMESTAMP_MS", IteratorKind.ZONELESS, _MILLI, -(10**15), 10**15, infinite=True),
    Type("TIMESTAMP_NS", IteratorKind.ZONELESS, Fraction(1, 10**9), -_NANO, 2**63 - 2, infinite=True),
    Type("DATE", IteratorKind.DATE, _DAY, -(10**8), 10**8, infinite=True),
    Type("DATE", IteratorKind.ZONELESS, _DAY, -(10**8), 10**8, infinite=True),
    Type("INTEGER", IteratorKind.EPOCH_S, _SECOND, -(2**31), 2**31 - 1),
    Type("UINTEGER", IteratorKind.EPOCH_S, _SECOND, 0, 2**32 - 1),
    Type("BIGINT", IteratorKind.EPOCH_S, _SECOND, -(2**63), 2**63 - 1),
    Type("BIGINT", IteratorKind.EPOCH_MS, _MILLI, -(2**63), 2**63 - 1),
    Type("UBIGINT", IteratorKind.EPOCH_MS, _MILLI, 0, 2**64 - 1),
    Type("HUGEINT", IteratorKind.EPOCH_MS, _MILLI, -(2**126), 2**126),
    Type("DOUBLE", IteratorKind.EPOCH_S, _SECOND, -(2**53), 2**53, infinite=True),
    Type("DOUBLE", IteratorKind.EPOCH_MS, _MILLI, -(2**53), 2**53, infinite=True),
)


class Case(msgspec.Struct, frozen=True):
    type: Type
    ask: HistogramAsk
    values: tuple[int | str | None, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    type_, zone = draw(st.sampled_from(TYPES)), draw(st.sampled_from(ZONES))
    anchor = draw(st.integers(-(10**8), 2 * 10**9))
    some = st.one_of(
        st.integers(-20, 20).map(lambda hour: anchor + hour * HOUR), st.integers(anchor - 9999, anchor + 9999)
    )
    now = draw(st.one_of(some, st.just(anchor + 10**9)))
    lower, upper = sorted((draw(some), draw(some)))
    clip = (draw(st.sampled_from([None, lower])), draw(st.sampled_from([None, upper])))
    edges = st.one_of(some, st.sampled_from([now, lower, upper, *range(-2 * HOUR, 3 * HOUR, HOUR)]))
    step = st.sampled_from([0, 0, 0, 1, -1, 999])
    near = st.tuples(edges, step).map(lambda pair: int(pair[0] / type_.unit) + pair[1])
    ends = st.integers(0, 2).flatmap(lambda off: st.sampled_from([type_.least + off, type_.most - off]))
    known = draw(st.booleans())  # without NULL and infinity, the table's statistics say so
    others = [] if known else [ends, st.none()] + ([st.sampled_from(["infinity", "-infinity"])] * type_.infinite)
    held = st.one_of(near, near, *others).filter(
        lambda value: not isinstance(value, int) or type_.least <= value <= type_.most
    )
    values = tuple(draw(st.lists(held, min_size=1, max_size=12)))
    return Case(type_, HistogramAsk("", "v", type_.kind, anchor, now, zone, *clip), values)


def instant(value: int | str, case: Case) -> Fraction:
    """The instant that a value stands for, in seconds since 1970."""
    if isinstance(value, str):
        return Fraction(-_FAR if value.startswith("-") else _FAR)
    clock = value * case.type.unit
    if case.type.kind not in (IteratorKind.ZONELESS, IteratorKind.DATE) or case.ask.time_zone == "UTC":
        return clock
    shown = _EPOCH + timedelta(seconds=max(-6 * 10**10, min(2 * 10**11, clock // 1)))  # Python's years
    early, late = (shown.replace(tzinfo=ZoneInfo(case.ask.time_zone), fold=fold) for fold in (0, 1))
    skipped = early.astimezone(UTC).astimezone(early.tzinfo).replace(tzinfo=None) != shown
    offset = (early if skipped else late).utcoffset()
    assert offset is not None
    return clock - int(offset.total_seconds())


def expected(case: Case) -> tuple[dict[int, tuple[int, int]], int, int]:
    """The rows and those at the start of each bucket, and the rows without a value and those in the future."""
    ask, null, future = case.ask, 0, 0
    found: Counter[int] = Counter()
    starts: Counter[int] = Counter()
    for value in case.values:
        if value is None:
            null += 1
            continue
        at = instant(value, case)
        if (ask.lower is not None and at < ask.lower) or (ask.upper is not None and at > ask.upper):
            continue
        if at > ask.now:
            future += 1
        else:
            index = int((at - ask.anchor) // HOUR)
            found[index] += 1
            starts[index] += (at - ask.anchor) % HOUR == 0
    return {index: (count, starts[index]) for index, count in found.items()}, null, future


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with duckdb.connect(config={"threads": 1, "perfect_ht_threshold": 16}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def near(found: dict[int, tuple[int, int]]) -> tuple[dict[int, tuple[int, int]], int]:
    """The buckets within 5,000 years, and the rows of those before, where a stand-in has no bucket for each hour."""
    kept = {index: counts for index, counts in found.items() if index > -5 * 10**7}
    return kept, sum(counts[0] for index, counts in found.items() if index not in kept)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_every_row_is_counted_where_python_counts_it(engine: Any, case: Case) -> None:
    engine.execute(f"CREATE OR REPLACE TABLE t (v {case.type.raw})")
    engine.execute(f"INSERT INTO t VALUES {', '.join(f'({case.type.literal(value)})' for value in case.values)}")
    sql = queries.histogram("SELECT v FROM t", case.ask, width=1, index=0, raw=case.type.raw)
    found = rows.histogram(engine.execute(sql).fetchall(), case.ask)
    buckets, null, future = expected(case)
    assert (found.null_rows, found.future_rows) == (null, future)
    assert near({bucket.index: (bucket.rows, bucket.at_start) for bucket in found.buckets}) == near(buckets)
    assert list(found.buckets) == sorted(found.buckets)
    assert all(bucket.rows >= max(1, bucket.at_start) for bucket in found.buckets)


HOURS = 20_000
_START = 1_672_531_200
_ASK = HistogramAsk("", "v", IteratorKind.ZONELESS, _START, _START + HOURS * HOUR)
_DDL = f"""
CREATE TABLE t AS SELECT range AS id, TIMESTAMP '2023-01-01' + to_hours(range // 10 % {HOURS}) AS v FROM range(400000);
"""


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[LocalAdapter]:
    build(tmp_path / "w.duckdb", _DDL)
    connection = Connection("w", "W", Provider.SNOWFLAKE, {}, introspect=Introspect(local="w.duckdb"))
    opened = local.connect(connection, root=tmp_path, environ={}, record=lambda _: None)
    yield opened
    opened.close()


def counted(adapter: LocalAdapter, sql: str) -> Histogram:
    return adapter.histogram(msgspec.structs.replace(_ASK, sql=sql, iterator="V"))


def test_a_model_gets_the_memory_that_it_needs(adapter: LocalAdapter) -> None:
    sql = f"SELECT MAX(v) AS v FROM t GROUP BY '{'text ' * 20}' || id"
    buckets = tuple(Bucket(hour, 20, 20) for hour in range(HOURS))
    assert counted(adapter, "SELECT v FROM t").buckets == buckets
    assert adapter._session._memory == FIRST_MEMORY
    assert counted(adapter, sql).buckets == buckets
    assert adapter._session._memory == MEMORY_LIMIT
    assert counted(adapter, "SELECT v FROM t").buckets == buckets


def test_one_that_needs_more_than_there_is_says_so(adapter: LocalAdapter) -> None:
    sql = f"SELECT MAX(a.v) AS v FROM t AS a CROSS JOIN t AS b GROUP BY '{'text ' * 400}' || a.id || b.id"
    with pytest.raises(WarehouseError) as refused:
        counted(adapter, sql)
    assert refused.value.cause is Cause.COST_CAP
    assert "1GB" in refused.value.message


@pytest.mark.parametrize(
    ("sql", "suits"),
    [
        ("SELECT v FROM t", True),
        ("SELECT v + to_hours(id) AS v FROM t", False),
        ("SELECT max(v) AS v FROM t WHERE id < 50000 GROUP BY id", False),
    ],
)
def test_an_array_holds_hours_and_no_groups_of_the_models_own(adapter: LocalAdapter, sql: str, suits: bool) -> None:
    statement = queries.histogram(sql, _ASK, width=1, index=0, raw="TIMESTAMP")
    [(_, plan)] = adapter._session._with_arrays.execute(f"EXPLAIN (FORMAT json) {statement}").fetchall()
    assert array_suits(plan) is suits
    [(_, plan)] = adapter._session._connection.execute(f"EXPLAIN (FORMAT json) {statement}").fetchall()
    assert not array_suits(plan)
