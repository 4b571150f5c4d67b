"""The driver's descriptions and the rows of SHOW become our values."""

from __future__ import annotations

import pytest

from preflight.model import Bucket, Column, Histogram, Kind, TableRef, Type
from preflight_adapters.snowflake import rows

NAMES = {0: "FIXED", 1: "REAL", 2: "TEXT", 5: "VARIANT", 6: "TIMESTAMP_LTZ", 8: "TIMESTAMP_NTZ", 10: "ARRAY"}


def test_output_columns() -> None:
    schema = rows.output(
        [
            ("ID", 0, None, None, 38, 0, False),
            ("SPENT", 0, None, None, 12, 2, True),
            ("E", 2, 100, 100, None, None, True),
            ("AT", 6, None, None, 0, 9, True),
            ("LIST", 10, None, None, None, None, True),
            ("NEW", 99, None, None, None, None, None),
        ],
        NAMES,
    )
    assert schema.columns == (
        Column("ID", Type(Kind.INTEGER, "NUMBER(38,0)", 38, 0), nullable=False),
        Column("SPENT", Type(Kind.DECIMAL, "NUMBER(12,2)", 12, 2), nullable=True),
        Column("E", Type(Kind.TEXT, "VARCHAR(100)"), nullable=True),
        Column("AT", Type(Kind.INSTANT, "TIMESTAMP_LTZ(9)"), nullable=True),
        Column("LIST", Type(Kind.ARRAY, "ARRAY"), nullable=True),
        Column("NEW", Type(Kind.OTHER, "?")),
    )


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("NUMBER(38,0)", Kind.INTEGER),
        ("NUMBER(10,2)", Kind.DECIMAL),
        ("NUMBER", Kind.INTEGER),
        ("DECFLOAT(38)", Kind.DECIMAL),
        ("VARCHAR(16777216)", Kind.TEXT),
        ("FLOAT", Kind.FLOAT),
        ("TIMESTAMP_NTZ(9)", Kind.TIMESTAMP),
        ("TIMESTAMP_LTZ(3)", Kind.INSTANT),
        ("TIMESTAMP_TZ(9)", Kind.INSTANT),
        ("DATE", Kind.DATE),
        ("VARIANT", Kind.JSON),
        ("OBJECT(a VARCHAR, b NUMBER(1,0))", Kind.STRUCT),
        ("MAP(VARCHAR, NUMBER(38,0))", Kind.MAP),
        ("VECTOR(FLOAT, 256)", Kind.OTHER),
        ("GEOGRAPHY", Kind.GEO),
        ("SOMETHING NEW", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_types(raw: str, kind: Kind) -> None:
    assert rows.type_of(raw).kind is kind


def test_a_lists_element() -> None:
    assert rows.type_of("ARRAY(VARCHAR(20) NOT NULL)").element == Type(Kind.TEXT, "VARCHAR(20)")
    assert rows.type_of("ARRAY").element is None


def test_a_table() -> None:
    ref = TableRef("CONTACTS", "PUBLIC", "CRM")
    columns = [
        {"name": "ID", "type": "NUMBER(38,0)", "kind": "COLUMN", "null?": "N"},
        {"name": "odd", "type": "VARCHAR(10)", "kind": "COLUMN", "null?": "Y"},
        {"name": "V", "type": "VARCHAR(10)", "kind": "VIRTUAL COLUMN", "null?": "Y"},
    ]
    found = {
        "name": "CONTACTS",
        "kind": "TABLE",
        "rows": 12,
        "bytes": 2048,
        "cluster_by": 'LINEAR(ID, "odd", TO_DATE(A, B))',
    }
    info = rows.table(ref, found, columns)
    assert [(column.name, column.nullable) for column in info.columns] == [("ID", False), ("odd", True)]
    assert (info.kind, info.rows, info.bytes, info.keys) == ("table", 12, 2048, ("ID", "odd", "TO_DATE(A, B)"))


def test_a_views_rows_are_not_known() -> None:
    info = rows.table(TableRef("V"), {"name": "V", "kind": "VIEW", "rows": 0, "bytes": 0}, [])
    assert (info.kind, info.rows, info.bytes) == ("view", None, None)


def test_a_histograms_rows() -> None:
    counted = [("bucket", 3, 5, 1), ("null", None, 2, 0), ("bucket", -1, 1, 0), ("future", None, 4, 0)]
    assert rows.histogram(counted, 7) == Histogram(7, (Bucket(-1, 1, 0), Bucket(3, 5, 1)), 2, 4)
