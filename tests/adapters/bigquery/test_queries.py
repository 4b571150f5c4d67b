"""BigQuery's statements: each is one query that the gate lets through, and what decides about rows stands in it."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import Cause, WarehouseError
from preflight.model import HistogramAsk, IteratorKind, Kind, ProfileAsk, ProfileColumn, Type, Window
from preflight_adapters._guard import allow
from preflight_adapters.bigquery import profile, queries

KINDS = [
    (IteratorKind.INSTANT, Kind.INSTANT),
    (IteratorKind.ZONELESS, Kind.TIMESTAMP),
    (IteratorKind.ZONELESS, Kind.DATE),
    (IteratorKind.DATE, Kind.DATE),
    (IteratorKind.EPOCH_S, Kind.INTEGER),
    (IteratorKind.EPOCH_MS, Kind.DECIMAL),
]
SQL = "SELECT t.at FROM p.d.t AS t -- all"


def ask(kind: IteratorKind, lower: int | None = None, upper: int | None = None, zone: str = "UTC") -> HistogramAsk:
    return HistogramAsk(SQL, "at", kind, 7200, 1_700_000_000, zone, lower, upper)


@pytest.mark.parametrize(("kind", "column"), KINDS)
@pytest.mark.parametrize("clip", [(None, None), (0, None), (None, 10**9), (0, 10**9), (-(10**12), 10**12)])
def test_a_histogram_is_one_query_with_the_models_text_in_it(
    kind: IteratorKind, column: Kind, clip: tuple[int | None, int | None]
) -> None:
    text = queries.histogram(ask(kind, *clip, zone="Europe/Berlin"), column)
    allow(text, "bigquery")
    assert f"(\n{SQL}\n" in text


@pytest.mark.parametrize(("kind", "column"), KINDS)
def test_the_iterator_stands_bare_in_the_innermost_predicate(kind: IteratorKind, column: Kind) -> None:
    predicate = queries.pruning(ask(kind, 1_600_000_000, 1_600_003_600), column)
    assert predicate.startswith("(m.`at` >= ")
    assert " AND m.`at` <= " in predicate
    assert predicate.endswith(" OR m.`at` IS NULL")


@pytest.mark.parametrize(
    ("kind", "column", "bounds"),
    [
        (IteratorKind.INSTANT, Kind.INSTANT, ("TIMESTAMP '2020-09-13 12:26:40+00:00'", "2020-09-13 13:26:40+00:00'")),
        (IteratorKind.ZONELESS, Kind.TIMESTAMP, ("DATETIME '2020-09-11'", "DATETIME '2020-09-15'")),
        (IteratorKind.DATE, Kind.DATE, ("DATE '2020-09-11'", "DATE '2020-09-15'")),
        (IteratorKind.EPOCH_S, Kind.INTEGER, ("1600000000", "1600003600")),
        (IteratorKind.EPOCH_MS, Kind.INTEGER, ("1600000000000", "1600003600000")),
    ],
)
def test_bounds_are_of_the_iterators_own_type(kind: IteratorKind, column: Kind, bounds: tuple[str, str]) -> None:
    predicate = queries.pruning(ask(kind, 1_600_000_000, 1_600_003_600), column)
    assert all(bound in predicate for bound in bounds)


@pytest.mark.parametrize("kind", [IteratorKind.INSTANT, IteratorKind.ZONELESS, IteratorKind.DATE])
def test_a_time_has_a_lower_bound_always(kind: IteratorKind) -> None:
    column = dict(KINDS[:2] + KINDS[3:])[kind]
    assert "m.`at` >= " in queries.pruning(ask(kind), column)
    assert "0001-01-01" in queries.pruning(ask(kind), column)


def test_a_kind_that_is_not_the_columns_is_refused() -> None:
    with pytest.raises(WarehouseError) as caught:
        queries.histogram(ask(IteratorKind.INSTANT), Kind.TIMESTAMP)
    assert caught.value.cause is Cause.UNSUPPORTED


@given(st.text(max_size=20))
def test_a_quoted_text_reads_as_itself(text: str) -> None:
    if "\x00" in text:
        return
    tree = sqlglot.parse_one(f"SELECT {queries.literal(text)}", dialect="bigquery")
    assert isinstance(tree, sqlglot.exp.Select)
    assert tree.expressions[0].this == text


@pytest.mark.parametrize("name", ["a`b", "a\\", "a b", "x` OR 1=1 --", "ä", "$email"])
def test_a_name_cannot_leave_its_quotes(name: str) -> None:
    wanted = HistogramAsk(SQL, name, IteratorKind.INSTANT, 0, 1)
    allow(queries.histogram(wanted, Kind.INSTANT), "bigquery")
    assert len(sqlglot.tokenize(queries.identifier(name), dialect="bigquery")) == 1


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("SELECT 1 ; -- end", "SELECT 1 "),
        ("SELECT ';'", "SELECT ';'"),
        ("SELECT 1; -- a; b", "SELECT 1"),
        ("SELECT '", "SELECT '"),
        ("", ""),
    ],
)
def test_a_semicolon_at_the_end_is_left_out(sql: str, left: str) -> None:
    assert queries.body(sql) == left


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        (Kind.INSTANT, "'1970-01-02 00:00:00+00:00'"),
        (Kind.TIMESTAMP, "'1970-01-02 00:00:00'"),
        (Kind.DATE, "'1970-01-02'"),
        (Kind.INTEGER, "86400"),
    ],
)
def test_a_rehearsed_bound_is_one_that_the_column_takes(kind: Kind, bound: str) -> None:
    text = queries.count(SQL, "at", Window(86_400, 90_000), kind)
    assert f"WHERE at BETWEEN {bound} AND " in text
    assert SQL in text


def test_a_full_sync_is_rehearsed_without_a_predicate() -> None:
    assert queries.extract("SELECT 1 AS one", None, None, Kind.UNKNOWN) == "SELECT * FROM (\nSELECT 1 AS one\n)"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("identity", [None, "email", "mp_deviceid", "customer_id"])
def test_a_profile_is_one_query_for_every_kind(kind: Kind, identity: str | None) -> None:
    element = Type(Kind.TEXT) if kind is Kind.ARRAY else None
    column = ProfileColumn("the `column`", Type(kind, element=element), identity)
    wanted = ProfileAsk(SQL, (column, ProfileColumn("other", Type(Kind.FLOAT))), sample_rows=7)
    text = profile.statement(wanted, "m.`at` >= '0001-01-01'")
    allow(text, "bigquery")
    assert text.count("LIMIT 7") == 1
    width = len(sqlglot.parse_one(text, dialect="bigquery").expressions)
    found = profile.values(wanted, [9] + [1] * (width - 1))
    assert (found.rows, found.sampled) == (9, True)
    assert [one.name for one in found.columns] == ["the `column`", "other"]


def test_a_profile_without_columns_counts_rows() -> None:
    wanted = ProfileAsk(SQL, ())
    allow(profile.statement(wanted), "bigquery")
    assert profile.values(wanted, [3]).rows == 3
