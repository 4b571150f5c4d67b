"""Databricks' types and metadata as preflight's. The replies are constructed after its documentation and Spark's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import Cause, WarehouseError
from preflight.model import Bucket, Column, Histogram, Kind, TableRef
from preflight_adapters.databricks import rows

REF = TableRef("contacts", "crm", "main")


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("string", Kind.TEXT),
        ("string collate UTF8_LCASE", Kind.TEXT),
        ("varchar(12)", Kind.TEXT),
        ("tinyint", Kind.INTEGER),
        ("bigint", Kind.INTEGER),
        ("float", Kind.FLOAT),
        ("boolean", Kind.BOOLEAN),
        ("date", Kind.DATE),
        ("timestamp", Kind.INSTANT),
        ("timestamp_ntz", Kind.TIMESTAMP),
        ("interval day to second", Kind.INTERVAL),
        ("binary", Kind.BINARY),
        ("struct<a:int,b:array<string>>", Kind.STRUCT),
        ("struct<a:int,... 30 more fields>", Kind.STRUCT),
        ("map<string,int>", Kind.MAP),
        ("variant", Kind.JSON),
        ("geography(4326)", Kind.GEO),
        ("void", Kind.NULL),
        ("object", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_a_type_has_its_kind(raw: str, kind: Kind) -> None:
    assert rows.type_of(raw).kind is kind


def test_a_decimal_has_its_digits() -> None:
    found = rows.type_of("decimal(10,2)")
    assert (found.kind, found.precision, found.scale, found.raw) == (Kind.DECIMAL, 10, 2, "decimal(10,2)")


def test_an_array_has_its_element() -> None:
    found = rows.type_of("array<array<decimal(3,1)>>")
    assert found.element is not None
    assert found.element.element is not None
    assert (found.element.element.precision, found.element.element.scale) == (3, 1)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_type(raw: str) -> None:
    assert rows.type_of(raw).kind in Kind


JSON = {
    "table_name": "contacts",
    "columns": [
        {"name": "id", "type": {"name": "bigint"}, "nullable": False},
        {"name": "at", "type": {"name": "timestamp_ltz"}, "nullable": True},
        {"name": "tags", "type": {"name": "array", "element_type": {"name": "string", "collation": "UTF8_BINARY"}}},
        {"name": "s", "type": {"name": "struct", "fields": [{"name": "a", "type": {"name": "decimal"}}]}},
    ],
    "type": "MANAGED",
    "partition_columns": ["id"],
    "statistics": {"size_in_bytes": 2048, "num_rows": 12},
}


def test_a_tables_json_is_read() -> None:
    info = rows.table_from_json(REF, json.dumps(JSON))
    assert info.columns[:2] == (
        Column("id", rows.type_of("bigint"), False),
        Column("at", rows.type_of("timestamp"), True),
    )
    assert [column.type.raw for column in info.columns[2:]] == ["array<string>", "struct<a:decimal(10,0)>"]
    assert (info.kind, info.rows, info.bytes, info.keys) == ("table", 12, 2048, ("id",))


@pytest.mark.parametrize(
    ("said", "kind"),
    [("VIEW", "view"), ("MATERIALIZED_VIEW", "materialized view"), ("EXTERNAL", "external table"), (None, "table")],
)
def test_a_tables_kind_is_in_the_common_words(said: str | None, kind: str) -> None:
    assert rows.table_from_json(REF, json.dumps({**JSON, "type": said})).kind == kind


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"columns": 3}', '{"columns": [{"name": "a"}]}', "null"])
def test_json_of_another_form_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        rows.table_from_json(REF, text)
    assert caught.value.cause is Cause.OTHER


EXTENDED = [
    ("id", "bigint", None),
    ("region", "string", "where"),
    ("# Partition Information", "", ""),
    ("# col_name", "data_type", "comment"),
    ("region", "string", "where"),
    ("", "", ""),
    ("# Detailed Table Information", "", ""),
    ("Catalog", "main", ""),
    ("Type", "EXTERNAL", ""),
    ("Statistics", "2048 bytes, 12 rows", ""),
]


def test_a_tables_rows_of_text_are_read() -> None:
    info = rows.table_from_rows(REF, EXTENDED)
    assert [column.name for column in info.columns] == ["id", "region"]
    assert (info.kind, info.rows, info.bytes, info.keys) == ("external table", 12, 2048, ("region",))


def test_statistics_without_rows_count_none() -> None:
    info = rows.table_from_rows(REF, [*EXTENDED[:-1], ("Statistics", "2048 bytes", "")])
    assert (info.rows, info.bytes) == (None, 2048)


def test_a_delta_tables_detail_is_laid_over() -> None:
    names = ("format", "lastModified", "partitionColumns", "clusteringColumns", "sizeInBytes")
    info = rows.with_detail(
        rows.table_from_json(REF, json.dumps(JSON)), names, ("delta", "2026-11-19T12:00:00Z", "[]", '["at"]', 4096)
    )
    assert (info.changed, info.bytes, info.keys, info.rows) == (1_795_089_600, 4096, ("at",), 12)


def test_a_histograms_rows_are_sorted_into_buckets_and_what_lies_outside() -> None:
    counted = [("future", None, 3, 0), ("bucket", 4, 2, 1), ("null", None, 5, 0), ("bucket", -1, 1, 0)]
    assert rows.histogram(counted, 7) == Histogram(7, (Bucket(-1, 1, 0), Bucket(4, 2, 1)), 5, 3)


def test_the_iterator_is_found_without_case_and_only_where_it_is_one() -> None:
    columns = (Column("Id"), Column("TS"), Column("ts"))
    assert rows.only("ID", columns) == 0
    with pytest.raises(WarehouseError) as two:
        rows.only("ts", columns)
    with pytest.raises(WarehouseError) as none:
        rows.only("at", columns)
    assert (two.value.cause, none.value.cause) == (Cause.UNSUPPORTED, Cause.BAD_COLUMN)
