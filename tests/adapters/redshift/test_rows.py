"""The driver's rows as preflight's values."""

from __future__ import annotations

import pytest

from preflight.model import Bucket, Column, Histogram, Kind, TableRef, Type
from preflight_adapters.redshift import rows


@pytest.mark.parametrize(
    ("oid", "modifier", "expected"),
    [
        (20, -1, Type(Kind.INTEGER, "bigint")),
        (1043, 260, Type(Kind.TEXT, "varchar(256)")),
        (1043, -1, Type(Kind.TEXT, "varchar")),
        (1042, 5, Type(Kind.TEXT, "char(1)")),
        (1700, (12 << 16 | 2) + 4, Type(Kind.DECIMAL, "numeric(12,2)", 12, 2)),
        (1700, -1, Type(Kind.DECIMAL, "numeric")),
        (1114, -1, Type(Kind.TIMESTAMP, "timestamp")),
        (1184, -1, Type(Kind.INSTANT, "timestamptz")),
        (4000, -1, Type(Kind.JSON, "super")),
        (6551, 1028, Type(Kind.BINARY, "varbyte(1024)")),
        (2935, -1, Type(Kind.OTHER, "hllsketch")),
        (999_999, -1, Type(Kind.OTHER, "type 999999")),
    ],
)
def test_types_by_their_object_ids(oid: int, modifier: int, expected: Type) -> None:
    assert rows.type_of(oid, modifier) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("character varying", 256, None, None), Type(Kind.TEXT, "varchar(256)")),
        (("character varying(65535)", None, None, None), Type(Kind.TEXT, "varchar(65535)")),
        (("numeric", None, 18, 4), Type(Kind.DECIMAL, "numeric(18,4)", 18, 4)),
        (("decimal(10,2)", None, None, None), Type(Kind.DECIMAL, "numeric(10,2)", 10, 2)),
        (("timestamp with time zone", None, None, None), Type(Kind.INSTANT, "timestamptz")),
        (("double precision", None, 53, None), Type(Kind.FLOAT, "double precision")),
        (("array<struct<a:int>>", None, None, None), Type(Kind.ARRAY, "array<struct<a:int>>")),
        (("struct<a:int>", None, None, None), Type(Kind.STRUCT, "struct<a:int>")),
        (("SUPER", None, None, None), Type(Kind.JSON, "super")),
        (("something new", None, None, None), Type(Kind.OTHER, "something new")),
        (("", None, None, None), Type(Kind.UNKNOWN, "")),
    ],
)
def test_types_by_their_names(words: tuple[str, int | None, int | None, int | None], expected: Type) -> None:
    assert rows.type_named(*words) == expected


def test_output_columns_keep_their_names_and_order() -> None:
    described = [
        {"label": b"id", "type_oid": 23, "type_modifier": -1, "table_oid": 7, "nullable": 1},
        {"label": "Größe".encode(), "type_oid": 701, "type_modifier": -1, "table_oid": 0, "nullable": 1},
    ]
    assert rows.output(described) == (
        Column("id", Type(Kind.INTEGER, "integer"), True),
        Column("Größe", Type(Kind.FLOAT, "double precision"), None),
    )


def test_a_histogram_is_sorted_and_whole() -> None:
    counted = [("bucket", 3, 2, 1), ("null", None, 5, 0), ("bucket", -1, 1, 0), ("future", None, 4, 0)]
    assert rows.histogram(counted, 9) == Histogram(9, (Bucket(-1, 1, 0), Bucket(3, 2, 1)), null_rows=5, future_rows=4)


def test_an_empty_table_has_no_rows_and_one_that_may_not_be_asked_has_unknown_ones() -> None:
    ref = TableRef("t")
    assert rows.table(ref, "table", (), (0, 0), ()).rows == 0
    asked_not = rows.table(ref, "table", (), None, [("a",), (b"b",)])
    assert (asked_not.rows, asked_not.bytes, asked_not.keys) == (None, None, ("a", "b"))


@pytest.mark.parametrize(
    ("shown", "path"),
    [
        ('"$user", public', ("svc", "public")),
        ("$user, public", ("svc", "public")),
        ("crm,crm , Public", ("crm", "Public")),
        ("", ()),
    ],
)
def test_the_search_path(shown: str, path: tuple[str, ...]) -> None:
    assert rows.search_path(shown, "svc") == path
