"""DuckDB's rows as preflight's values. Pure: it knows no connection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, Bucket, Column, Histogram, HistogramAsk, Kind, TableInfo, TableRef, Type
from preflight.query import Query, fold

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


def folded(columns: tuple[Column, ...], query: Query) -> tuple[Column, ...]:
    """The columns with the names that the warehouse gives them.

    An item of the select list names its own column. A star's columns are folded as if unquoted, but for the names that
    the query itself gives in quotes further inside.
    """
    stars = [item.index for item in query.projections if item.is_star]
    before = stars[0] if stars else len(query.projections)
    after = len(query.projections) - stars[-1] - 1 if stars else 0
    quoted = {alias.name for node in query.nodes("Alias") if (alias := node.args["alias"]).args.get("quoted")}

    def name(index: int, column: Column) -> str:
        from_end = len(columns) - index
        item = (
            query.projections[index] if index < before else query.projections[-from_end] if from_end <= after else None
        )
        if item is not None and item.name is not None:
            return item.name
        return fold(column.name, query.dialect, quoted=column.name in quoted)

    return tuple(msgspec.structs.replace(column, name=name(index, column)) for index, column in enumerate(columns))


def point(error: WarehouseError, query: Query) -> None:
    """Let ``error`` name its table in full, and point into the query where its name stands there exactly once."""
    if not error.name:
        return
    name = error.name.rpartition(".")[2].casefold()
    if error.cause is Cause.NOT_FOUND:
        uses = [use for use in query.tables if use.ref.name.casefold() == name]
        error.name = str(uses[0].ref) if uses else error.name
    places = [
        match.start() for match in re.finditer(rf"(?<![\w$]){re.escape(name)}(?![\w$])", query.sql.text.casefold())
    ]
    if len(places) == 1 and len(query.sql.text.casefold()) == len(query.sql.text):
        error.offset = places[0]


def table(ref: TableRef, kind: str, count: int | None, described: Iterable[Row], dialect: str) -> TableInfo:
    """A table or view as it was asked for; its columns' names are folded as if unquoted."""
    columns = tuple(Column(fold(name, dialect), type_of(raw), nullable) for name, raw, nullable in described)
    return TableInfo(ref, kind, columns, rows=count)


def histogram(counted: Iterable[Row], ask: HistogramAsk) -> Histogram:
    """The rows of ``queries.histogram``."""
    first, last = ask.anchor // HOUR, (ask.now - ask.anchor) // HOUR
    buckets, null_rows, future_rows = [], 0, 0
    for number, rows, at_start in counted:
        if number is None:
            null_rows += int(rows)
        elif (index := number - first) > last:
            future_rows += int(rows)
        else:
            buckets.append(Bucket(index, int(rows), int(at_start or 0)))
    return Histogram(ask.anchor, tuple(sorted(buckets)), null_rows=null_rows, future_rows=future_rows)
