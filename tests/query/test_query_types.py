from __future__ import annotations

import pytest

from preflight.model import UNKNOWN, Kind
from tests.query.sql_support import read

# The rows of the table of types: each warehouse's own spelling of each kind.
SPELLINGS = {
    "snowflake": {
        Kind.TEXT: "VARCHAR TEXT STRING CHAR VARCHAR(10)",
        Kind.INTEGER: "NUMBER NUMBER(38,0) NUMBER(10) INT BIGINT",
        Kind.DECIMAL: "NUMBER(10,2) DECFLOAT",
        Kind.FLOAT: "FLOAT REAL DOUBLE",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.DATE: "DATE",
        Kind.TIME: "TIME",
        Kind.TIMESTAMP: "TIMESTAMP_NTZ DATETIME",
        Kind.INSTANT: "TIMESTAMP_LTZ TIMESTAMP_TZ",
        Kind.BINARY: "BINARY",
        Kind.JSON: "VARIANT",
        Kind.ARRAY: "ARRAY ARRAY(INT)",
        Kind.STRUCT: "OBJECT OBJECT(a_INT)",
        Kind.MAP: "MAP(VARCHAR,INT)",
        Kind.GEO: "GEOGRAPHY GEOMETRY",
        Kind.INTERVAL: "INTERVAL_YEAR",
        Kind.OTHER: "VECTOR(FLOAT,3) FILE UUID",
        Kind.UNKNOWN: "TIMESTAMP",
    },
    "bigquery": {
        Kind.TEXT: "STRING",
        Kind.INTEGER: "INT64 INTEGER",
        Kind.DECIMAL: "NUMERIC NUMERIC(10,2) BIGNUMERIC",
        Kind.FLOAT: "FLOAT64",
        Kind.BOOLEAN: "BOOL",
        Kind.DATE: "DATE",
        Kind.TIME: "TIME",
        Kind.TIMESTAMP: "DATETIME",
        Kind.INSTANT: "TIMESTAMP",
        Kind.BINARY: "BYTES",
        Kind.JSON: "JSON",
        Kind.ARRAY: "ARRAY<INT64>",
        Kind.STRUCT: "STRUCT<a_INT64>",
        Kind.GEO: "GEOGRAPHY",
        Kind.INTERVAL: "INTERVAL",
        Kind.OTHER: "RANGE<DATE>",
    },
    "redshift": {
        Kind.TEXT: "varchar varchar(10) char bpchar text",
        Kind.INTEGER: "smallint integer bigint",
        Kind.DECIMAL: "numeric numeric(10,2) numeric(10,0)",
        Kind.FLOAT: "real double_precision float",
        Kind.BOOLEAN: "boolean",
        Kind.DATE: "date",
        Kind.TIME: "time timetz",
        Kind.TIMESTAMP: "timestamp",
        Kind.INSTANT: "timestamptz timestamp_with_time_zone",
        Kind.BINARY: "varbyte",
        Kind.JSON: "super",
        Kind.GEO: "geography geometry",
        Kind.INTERVAL: "interval_year_to_month interval_day_to_second",
        Kind.OTHER: "hllsketch oid",
    },
    "databricks": {
        Kind.TEXT: "string varchar(10) char(3)",
        Kind.INTEGER: "tinyint smallint int bigint",
        Kind.DECIMAL: "decimal(10,2)",
        Kind.FLOAT: "float double",
        Kind.BOOLEAN: "boolean",
        Kind.DATE: "date",
        Kind.TIMESTAMP: "timestamp_ntz",
        Kind.INSTANT: "timestamp timestamp_ltz",
        Kind.BINARY: "binary",
        Kind.JSON: "variant",
        Kind.ARRAY: "array<int>",
        Kind.STRUCT: "struct<a:int> object",
        Kind.MAP: "map<string,int>",
        Kind.GEO: "geography geometry",
        Kind.INTERVAL: "interval_year",
        Kind.NULL: "void",
    },
}
NAMES_WITH_UNDERSCORE = ("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "timestamp_ntz", "timestamp_ltz")
CASES = [
    (dialect, spelling if spelling in NAMES_WITH_UNDERSCORE else spelling.replace("_", " "), kind)
    for dialect, kinds in SPELLINGS.items()
    for kind, spellings in kinds.items()
    for spelling in spellings.split()
]


@pytest.mark.parametrize(("dialect", "spelling", "kind"), CASES)
def test_each_spelling_has_its_kind(dialect: str, spelling: str, kind: Kind) -> None:
    (type_,) = read(f"SELECT CAST(a AS {spelling}) AS x FROM p.d.t", dialect).types
    assert type_.kind is kind
    assert type_.raw or kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("dialect", "spelling", "raw", "precision", "scale"),
    [
        ("snowflake", "NUMBER(10,2)", "NUMBER(10, 2)", 10, 2),
        ("snowflake", "NUMBER", "NUMBER(38, 0)", 38, 0),
        ("snowflake", "TIMESTAMP_NTZ(9)", "TIMESTAMP_NTZ(9)", None, None),
        ("redshift", "numeric(12,4)", "DECIMAL(12, 4)", 12, 4),
        ("bigquery", "NUMERIC", "NUMERIC", None, None),
        ("databricks", "decimal(5)", "DECIMAL(5)", 5, 0),
    ],
)
def test_numbers_are_kept(dialect: str, spelling: str, raw: str, precision: int | None, scale: int | None) -> None:
    (type_,) = read(f"SELECT CAST(a AS {spelling}) AS x FROM p.d.t", dialect).types
    assert (type_.raw, type_.precision, type_.scale) == (raw, precision, scale)


def test_an_array_knows_its_element() -> None:
    (type_,) = read("SELECT CAST(a AS ARRAY<FLOAT64>) AS x FROM p.d.t", "bigquery").types
    assert type_.element is not None
    assert type_.element.kind is Kind.FLOAT


@pytest.mark.parametrize(
    ("dialect", "expression"),
    [
        ("snowflake", "a"),
        ("snowflake", "TO_TIMESTAMP(a)"),
        ("snowflake", "v:x"),
        ("snowflake", "my_function(a)"),
        ("snowflake", "1.5"),
        ("snowflake", "CASE WHEN a THEN 1 ELSE 'x' END"),
        ("snowflake", "COALESCE(1, 'x')"),
        ("snowflake", "1 / 2"),
        ("redshift", "DATE_TRUNC('day', a)"),
        ("redshift", "1.5"),
        ("databricks", "timestamp_seconds(a)"),
        ("databricks", "v:x"),
        ("bigquery", "my.function(a)"),
    ],
)
def test_what_is_not_certain_is_unknown(dialect: str, expression: str) -> None:
    assert read(f"SELECT {expression} AS x FROM p.d.t", dialect).types[0] == UNKNOWN


@pytest.mark.parametrize(
    ("dialect", "expression", "kind"),
    [
        ("snowflake", "1", Kind.INTEGER),
        ("snowflake", "'a'", Kind.TEXT),
        ("snowflake", "TRUE", Kind.BOOLEAN),
        ("snowflake", "COUNT(*)", Kind.INTEGER),
        ("snowflake", "CASE WHEN a THEN 1 WHEN b THEN NULL ELSE 2 END", Kind.INTEGER),
        ("bigquery", "1.5", Kind.FLOAT),
        ("redshift", "CURRENT_DATE", Kind.DATE),
        ("databricks", "CURRENT_TIMESTAMP", Kind.INSTANT),
    ],
)
def test_what_is_certain_is_known(dialect: str, expression: str, kind: Kind) -> None:
    assert read(f"SELECT {expression} AS x FROM p.d.t", dialect).types[0].kind is kind


def test_a_sum_keeps_no_precision_that_it_does_not_have() -> None:
    (type_,) = read("SELECT SUM(CAST(a AS NUMERIC(10,2))) AS x FROM p.d.t", "redshift").types
    assert (type_.kind, type_.precision) == (Kind.DECIMAL, None)


def test_branches_of_a_set_operation_must_agree() -> None:
    agree = read("SELECT 1 AS x UNION ALL SELECT 2").types[0]
    differ = read("SELECT 1 AS x UNION ALL SELECT 'a'").types[0]
    uneven = read("SELECT 1 AS x UNION ALL SELECT 2, 3").types[0]
    assert agree.kind is Kind.INTEGER
    assert differ == uneven == UNKNOWN
