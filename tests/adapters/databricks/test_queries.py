"""What is sent to Databricks: one reading statement, the model's text in it as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from preflight.errors import Cause, WarehouseError
from preflight.model import HistogramAsk, IteratorKind, Kind, ProfileAsk, ProfileColumn, RehearsalAsk, TableRef, Window
from preflight_adapters import _guard
from preflight_adapters.databricks import profile, queries
from preflight_adapters.databricks.rows import type_of

MODEL = "SELECT c.ts, c.id FROM main.crm.contacts AS c -- the end"
TYPES = {
    IteratorKind.INSTANT: "timestamp",
    IteratorKind.ZONELESS: "timestamp_ntz",
    IteratorKind.DATE: "date",
    IteratorKind.EPOCH_S: "bigint",
    IteratorKind.EPOCH_MS: "decimal(20,3)",
}


def histogram(kind: IteratorKind, zone: str = "UTC", lower: int | None = None, upper: int | None = None) -> str:
    ask = HistogramAsk(MODEL, "ts", kind, 1_793_502_300, 1_800_000_000, zone, lower, upper)
    return queries.histogram(ask, width=2, index=0, type_=type_of(TYPES[kind]))


@pytest.mark.parametrize("kind", IteratorKind)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_histogram_is_one_reading_statement_around_the_models_text(kind: IteratorKind, zone: str) -> None:
    sql = histogram(kind, zone, 1_793_000_000, 1_794_000_000)
    _guard.allow(sql, "databricks")
    assert f"(\n{MODEL}\n)" in sql
    assert len(list(parse_one(sql, dialect="databricks").find_all(exp.Table))) == 1


@pytest.mark.parametrize(
    ("kind", "bounds"),
    [
        (IteratorKind.INSTANT, "x >= TIMESTAMP '2026-10-26T10:13:20Z' AND x <= TIMESTAMP '2026-11-07T00:00:00Z'"),
        (
            IteratorKind.ZONELESS,
            "x >= TIMESTAMP_NTZ '2026-10-25 10:13:20' AND x <=",
        ),
        (IteratorKind.DATE, "x >= DATE '2026-10-25' AND x <= DATE '2026-11-08'"),
        (IteratorKind.EPOCH_S, "x >= 1793009600 AND x <= 1794009600"),
        (IteratorKind.EPOCH_MS, "x >= 1793009600000 AND x <= 1794009600000"),
    ],
)
def test_the_bare_iterator_is_bounded_so_that_files_can_be_pruned(kind: IteratorKind, bounds: str) -> None:
    assert f"WHERE x IS NULL OR ({bounds}" in histogram(kind, "Europe/Berlin", 1_793_009_600, 1_794_009_600)


def test_an_open_clip_bounds_nothing() -> None:
    assert "x IS NULL OR" not in histogram(IteratorKind.INSTANT)


@pytest.mark.parametrize("instant", [-62_135_596_800, 253_402_300_799])
def test_the_first_and_last_years_have_literals(instant: int) -> None:
    for kind in (IteratorKind.ZONELESS, IteratorKind.DATE):
        _guard.allow(histogram(kind, "UTC", instant, instant), "databricks")


def test_an_iterator_of_another_type_than_the_kind_is_not_guessed() -> None:
    ask = HistogramAsk(MODEL, "ts", IteratorKind.INSTANT, 0, 0)
    with pytest.raises(WarehouseError) as caught:
        queries.histogram(ask, width=1, index=0, type_=type_of("string"))
    assert caught.value.cause is Cause.UNSUPPORTED


def test_a_profile_is_one_reading_statement_that_names_every_measure() -> None:
    raws = ["string", "bigint", "double", "array<string>", "decimal(10,2)", "map<string,int>", "boolean", "void"]
    columns = tuple(ProfileColumn(f"c`{i}", type_of(raw)) for i, raw in enumerate(raws))
    columns = (*columns, ProfileColumn("email", type_of("string"), "email"))
    sql = profile.statement(ProfileAsk(MODEL, columns, 100))
    _guard.allow(sql, "databricks")
    tree = parse_one(sql, dialect="databricks")
    assert len({item.alias for item in tree.selects}) == len(tree.selects)
    assert f"(\n{MODEL}\n) AS model" in sql
    assert "LIMIT 100) AS read_rows" in sql


def test_a_profiles_row_is_read_in_the_order_it_was_asked_in() -> None:
    ask = ProfileAsk(MODEL, (ProfileColumn("n", type_of("bigint")), ProfileColumn("m", type_of("string"), "email")), 3)
    found = profile.values(ask, (3, 1, 0, 2, "-7", "9", 1, 0, None, 1, 0, 1, 1))
    assert (found.rows, found.sampled, found.rows_without_identity) == (3, True, 1)
    number, email = found.columns
    assert (number.beyond_2_53, number.minimum, number.maximum) == (2, "-7", "9")
    assert email.identity is not None
    assert (email.nulls, email.longest_text, email.identity.placeholders, email.identity.untidy) == (1, 0, 1, 1)


def test_the_platforms_statements_hold_the_text_and_the_window() -> None:
    texts = dict(queries.rehearsals(RehearsalAsk(MODEL, "ts", Window(1_793_509_200, 1_793_512_800))))
    between = "ts BETWEEN '2026-11-01 05:00:00+0000' AND '2026-11-01 06:00:00+0000'"
    assert texts["discover columns"] == f"SELECT * FROM (\n{MODEL}\n) LIMIT 0"
    assert texts["count"] == f"SELECT COUNT(*) FROM (\n{MODEL}\n) WHERE {between}"
    assert texts["extract"] == f"SELECT * FROM (\n{MODEL}\n) WHERE {between}"


def test_a_full_sync_is_rehearsed_without_a_window() -> None:
    assert not [text for _, text in queries.rehearsals(RehearsalAsk(MODEL, None)) if "BETWEEN" in text]


@pytest.mark.parametrize("tail", ["", ";", " ; -- done", ";\n/* done */ ;"])
def test_a_final_semicolon_is_cut_where_the_text_is_wrapped(tail: str) -> None:
    assert queries.bare(f"SELECT ';' AS a{tail}").rstrip() == "SELECT ';' AS a"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20))
def test_any_name_is_one_quoted_name(name: str) -> None:
    table = parse_one(queries.readable(TableRef(name, "s", "c")), dialect="databricks").find(exp.Table)
    assert table is not None
    assert (table.name, table.db, table.catalog) == (name, "s", "c")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20))
def test_any_text_is_one_literal(text: str) -> None:
    [item] = parse_one(f"SELECT {queries.literal(text)} AS a", dialect="databricks").selects
    assert item.this.is_string
    assert item.this.this == text


def test_kinds_that_lists_are_made_of_have_their_entries_measured() -> None:
    scalar = profile.statement(ProfileAsk(MODEL, (ProfileColumn("a", type_of("array<int>")),)))
    nested = profile.statement(ProfileAsk(MODEL, (ProfileColumn("a", type_of("array<struct<x:int>>")),)))
    assert type_of("array<int>").kind is Kind.ARRAY
    assert "array_max" in scalar
    assert "array_max" not in nested
