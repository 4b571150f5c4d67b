"""Redshift's statements, on PostgreSQL, count what the stand-in's count: same rows, same windows, same profile.

PostgreSQL reads a clock that shows an hour twice as the stand-in does; that Redshift does is not shown here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from preflight.config import Connection, Introspect
from preflight.model import Histogram, HistogramAsk, IteratorKind, Kind, Profile, ProfileAsk, ProfileColumn, Provider
from preflight_adapters import local
from preflight_adapters.local import LocalAdapter
from preflight_adapters.redshift import RedshiftAdapter
from servers.redshift import RedshiftServer
from tests.adapters.test_windows_property import Case, cases, model

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
JUMPS = (
    datetime(2026, 3, 29, 2),
    datetime(2026, 10, 25, 2),
    datetime(2026, 3, 8, 2),
    datetime(2026, 11, 1, 1),
    datetime(2026, 4, 5, 2),
    datetime(2026, 10, 4, 2),
)
STEPS = (-7200, -3600, -1800, -0.000001, 0, 0.000001, 899, 1800, 3599.999999, 3600, 5400, 7200)
CLOCKS = [jump + timedelta(seconds=step) for jump in JUMPS for step in STEPS]
FAR = [datetime(1900, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 500_000), datetime(2199, 12, 31, 23, 59, 59, 999_999)]
ANCHOR, NOW = 1_767_236_700, 1_798_761_600


def counted_by_the_stand_in(folder: Path, ddl: str, ask: HistogramAsk | ProfileAsk) -> Histogram | Profile:
    file = folder / "warehouse.duckdb"
    if not file.exists():
        with duckdb.connect(str(file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(ddl)
    connection = Connection("w", "W", Provider.REDSHIFT, {}, introspect=Introspect(local=file.name))
    adapter = local.connect(connection, root=folder, environ={}, record=lambda _: None)
    try:
        return adapter.histogram(ask) if isinstance(ask, HistogramAsk) else adapter.profile(ask)
    finally:
        adapter.close()


def ddl_of(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]) -> str:
    types = {"float": "DOUBLE", "text": "VARCHAR", "decimal": "DECIMAL(12,2)", "big": "BIGINT"}
    described = ", ".join(f"{name} {types.get(kind, kind.upper())}" for name, kind in columns)

    def value(one: object) -> str:
        return "NULL" if one is None else "'" + str(one).replace("'", "''") + "'"

    lines = ", ".join("(" + ", ".join(map(value, row)) + ")" for row in rows)
    return f"CREATE SCHEMA crm; CREATE TABLE crm.compared ({described}); INSERT INTO crm.compared VALUES {lines}"


@pytest.mark.parametrize("clip", [(None, None), (1_774_746_000, 1_792_890_000)], ids=["all", "clipped"])
@pytest.mark.parametrize("zone", ZONES)
def test_hours_that_clocks_skip_or_show_twice(
    cluster: RedshiftServer, adapter: RedshiftAdapter, tmp_path: Path, zone: str, clip: tuple[int | None, int | None]
) -> None:
    columns = (("at_local", "timestamp"),)
    rows = [(str(clock),) for clock in (*CLOCKS, *FAR)]
    cluster.load("compared", columns, rows)
    sql = "SELECT c.at_local FROM dw.crm.compared AS c"
    ask = HistogramAsk(sql, "at_local", IteratorKind.ZONELESS, ANCHOR, NOW, zone, *clip)
    assert adapter.histogram(ask) == counted_by_the_stand_in(tmp_path, ddl_of(columns, rows), ask)


def test_days_and_epochs_of_every_sign(cluster: RedshiftServer, adapter: RedshiftAdapter, tmp_path: Path) -> None:
    columns = (("at_day", "date"), ("seconds", "big"), ("spent", "decimal"), ("score", "float"))
    numbers = (0, 1, -1, 3599, 3600, -3600, ANCHOR, ANCHOR - 1, NOW, NOW + 1, 2**53 + 1, -(2**62))
    rows = [
        (day and str(day), number, f"{number % 10**9}.50", number + 0.25)
        for day, number in zip((*(c.date() for c in CLOCKS[:11]), None), numbers, strict=True)
    ]
    cluster.load("compared", columns, rows)
    ddl = ddl_of(columns, rows)
    for column, kind in (
        ("at_day", IteratorKind.DATE),
        ("seconds", IteratorKind.EPOCH_S),
        ("seconds", IteratorKind.EPOCH_MS),
        ("spent", IteratorKind.EPOCH_S),
        ("score", IteratorKind.EPOCH_MS),
    ):
        ask = HistogramAsk(f"SELECT c.{column} FROM dw.crm.compared AS c", column, kind, ANCHOR, NOW, "Europe/Berlin")
        assert adapter.histogram(ask) == counted_by_the_stand_in(tmp_path, ddl, ask), (column, kind)


TEXTS = (
    None,
    "",
    "  \t\n",
    "0",
    " Unknown ",
    "ann@example.com",
    "ann@example.com",
    "Ann@Example.com ",
    "a b@example.com",
    "@",
    "grüße@example.com",
    "+4915112345678",
    "4915112345678",
    "123e4567-e89b-12d3-a456-426614174000",
    "x'y\\z",
    "漢字",
)


def test_a_profile_is_the_stand_ins(cluster: RedshiftServer, adapter: RedshiftAdapter, tmp_path: Path) -> None:
    columns = (
        ("t", "text"),
        ("n", "big"),
        ("d", "decimal"),
        ("f", "float"),
        ("b", "boolean"),
        ("on_day", "date"),
        ("at_local", "timestamp"),
    )
    floats = (math.nan, math.inf, -math.inf, 0.5, -2.25, None)
    numbers = (2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 0, 0, None)
    rows = [
        (
            text,
            numbers[index % 7],
            None if index % 5 == 0 else f"{index - 7}.25",
            floats[index % 6],
            None if index % 4 == 0 else index % 2 == 0,
            None if index % 3 == 0 else "2026-01-02",
            f"2026-01-02 03:04:{index:02}",
        )
        for index, text in enumerate(TEXTS)
    ]
    cluster.load("compared", columns, rows)
    sql = "SELECT c.t AS t1, c.t AS t2, c.t AS t3, c.t AS t4, c.n, c.n AS n2, c.d, c.f, c.b, c.on_day, c.at_local"
    sql += " FROM dw.crm.compared AS c"
    identities = {"t2": "email", "t3": "mobile_number", "t4": "mp_deviceid", "n2": "customer_id"}
    described = adapter.describe(sql).columns
    asked = tuple(ProfileColumn(column.name, column.type, identities.get(column.name)) for column in described)
    ask = ProfileAsk(sql, asked)
    found, expected = adapter.profile(ask), counted_by_the_stand_in(tmp_path, ddl_of(columns, rows), ask)
    assert isinstance(expected, Profile)
    assert [_numbers(column) for column in found.columns] == [_numbers(column) for column in expected.columns]
    assert (found.rows, found.sampled, found.rows_without_identity) == (
        expected.rows,
        expected.sampled,
        expected.rows_without_identity,
    )


def _numbers(column: object) -> dict[str, object]:
    """A column's profile; how an engine writes a float's extremes is its own."""
    found = msgspec.to_builtins(column)
    for name in ("minimum", "maximum"):
        found[name] = float(found[name]) if found[name] is not None else None
    return dict(found)


def test_an_identity_of_any_type_is_read_as_text(cluster: RedshiftServer, adapter: RedshiftAdapter) -> None:
    cluster.load(
        "compared",
        (("b", "boolean"), ("at", "instant"), ("s", "texts")),
        [("true", "2026-01-02 03:04:05+00:00", ["a", "b"]), (None, None, None)],
    )
    sql = "SELECT c.b, c.at, c.s FROM dw.crm.compared AS c"
    columns = tuple(ProfileColumn(c.name, c.type, "other") for c in adapter.describe(sql).columns)
    assert columns[2].type.kind is Kind.JSON
    profile = adapter.profile(ProfileAsk(sql, columns))
    assert profile.rows_without_identity == 1
    assert [column.longest_list for column in profile.columns] == [0, 0, 2]


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(case=cases())
def test_any_windows_are_the_stand_ins(adapter: RedshiftAdapter, nowhere: LocalAdapter, case: Case) -> None:
    assert case.ask.kind
    sql = model(case)
    for theirs, ours in (("TIMESTAMP_LTZ", "TIMESTAMPTZ"), ("TIMESTAMP_NTZ", "TIMESTAMP")):
        sql = sql.replace(theirs, ours)
    ask = msgspec.structs.replace(case.ask, sql=sql)
    assert adapter.histogram(ask) == nowhere.histogram(ask)


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAdapter]:
    """A stand-in that holds no table."""
    folder = tmp_path_factory.mktemp("stand-in")
    duckdb.connect(str(folder / "empty.duckdb")).close()
    connection = Connection("w", "W", Provider.REDSHIFT, {}, introspect=Introspect(local="empty.duckdb"))
    opened = local.connect(connection, root=folder, environ={}, record=lambda _: None)
    yield opened
    opened.close()
