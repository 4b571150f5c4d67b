"""DuckDB's rows as preflight's values. Pure: it knows no connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from preflight.model import Bucket, Column, Histogram, Kind, TableInfo, TableRef, Type

Row = Sequence[Any]

_KINDS = {
    Kind.TEXT: "VARCHAR ENUM UUID",
    Kind.INTEGER: "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT BIGNUM",
    Kind.FLOAT: "FLOAT DOUBLE",
    Kind.DECIMAL: "DECIMAL",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME TIME_NS",
    Kind.TIMESTAMP: "TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS",
    Kind.INTERVAL: "INTERVAL",
    Kind.BINARY: "BLOB BIT",
    Kind.STRUCT: "STRUCT",
    Kind.MAP: "MAP",
    Kind.JSON: "JSON VARIANT",
    Kind.GEO: "GEOMETRY",
    Kind.NULL: '"NULL" NULL',
    Kind.OTHER: "UNION",
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}


def type_of(raw: str) -> Type:
    """The type that DuckDB writes as ``raw``."""
    if raw.endswith("]"):
        return Type(Kind.ARRAY, raw, element=type_of(raw[: raw.rindex("[")]))
    if raw.endswith("WITH TIME ZONE"):
        return Type(Kind.TIME if raw.startswith("TIME ") else Kind.INSTANT, raw)
    name, _, arguments = raw.partition("(")
    kind = _BY_NAME.get(name.strip(), Kind.OTHER)
    if kind is not Kind.DECIMAL:
        return Type(kind, raw)
    precision, _, scale = arguments.rstrip(")").partition(",")
    return Type(kind, raw, int(precision), int(scale or 0))


def output(described: Iterable[Row]) -> tuple[Column, ...]:
    """The output columns of a query with DuckDB's own names; whether NULL may stand in one is not known."""
    return tuple(Column(name, type_of(raw)) for name, raw, *_ in described)


def table(found: Row, described: Iterable[Row], *, catalog: str) -> TableInfo:
    """A table or view with its columns, named as the file names them."""
    schema, name, kind, count = found
    columns = tuple(Column(column, type_of(raw), nullable) for column, raw, nullable in described)
    return TableInfo(TableRef(name, schema, catalog), kind, columns, rows=count)


def histogram(counted: Iterable[Row], anchor: int) -> Histogram:
    """The rows of ``queries.histogram``."""
    buckets, outside = [], {"null": 0, "future": 0}
    for state, number, rows, at_start in counted:
        if state == "bucket":
            buckets.append(Bucket(int(number), rows, at_start))
        else:
            outside[state] = rows
    return Histogram(anchor, tuple(sorted(buckets)), null_rows=outside["null"], future_rows=outside["future"])
