"""DuckDB's rows to our values: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from preflight.model import UNKNOWN, Bucket, Column, Histogram, Kind, TableRef, Type
from preflight.query import Projection, fold

_KINDS = {
    Kind.TEXT: "VARCHAR UUID BIT ENUM",
    Kind.INTEGER: "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT BIGNUM VARINT",
    Kind.FLOAT: "FLOAT DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME TIME_NS",
    Kind.TIMESTAMP: "TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS",
    Kind.INTERVAL: "INTERVAL",
    Kind.BINARY: "BLOB",
    Kind.JSON: "JSON VARIANT",
    Kind.GEO: "GEOMETRY",
    Kind.NULL: "NULL",
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()} | {'"NULL"': Kind.NULL}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def type_of(raw: str) -> Type:
    """Our type for DuckDB's name of one, such as ``DECIMAL(18,3)`` or ``STRUCT(a INTEGER)[]``."""
    if raw.endswith("]"):
        return Type(Kind.ARRAY, raw, element=type_of(raw[: raw.rindex("[")]))
    if match := _DECIMAL.fullmatch(raw):
        precision, scale = int(match[1]), int(match[2])
        return Type(Kind.DECIMAL if scale else Kind.INTEGER, raw, precision, scale)
    if raw.endswith("WITH TIME ZONE"):
        return Type(Kind.TIME if raw.startswith("TIME ") else Kind.INSTANT, raw)
    for prefix, kind in (("STRUCT(", Kind.STRUCT), ("MAP(", Kind.MAP), ("ENUM(", Kind.TEXT), ("UNION(", Kind.OTHER)):
        if raw.startswith(prefix):
            return Type(kind, raw)
    kind = _BY_NAME.get(raw, Kind.UNKNOWN)
    return Type(kind, raw) if kind is not Kind.UNKNOWN else UNKNOWN


def output_columns(
    described: Sequence[tuple[Any, ...]], projections: Sequence[Projection], dialect: str
) -> tuple[Column, ...]:
    """The output columns with the names that the warehouse would return.

    A written name comes from the query's own projections; a star's columns are folded as if they had been created
    without quotes.
    """
    names = _written_names(len(described), projections)
    return tuple(
        Column(written if written is not None else fold(str(row[0]), dialect), type_of(str(row[1])), row[2] != "NO")
        for written, row in zip(names, described, strict=True)
    )


def _written_names(count: int, projections: Sequence[Projection]) -> list[str | None]:
    stars = [projection.index for projection in projections if projection.is_star]
    names: list[str | None] = [projection.name for projection in projections]
    if not stars:
        return names if len(names) == count else [None] * count
    if len(stars) > 1:
        first, last = stars[0], stars[-1]
        tail = len(projections) - last - 1
        middle = count - first - tail
        return (
            [*names[:first], *[None] * middle, *names[count and len(names) - tail :]] if middle >= 0 else [None] * count
        )
    width = count - len(projections) + 1
    return [*names[: stars[0]], *[None] * width, *names[stars[0] + 1 :]] if width >= 0 else [None] * count


def find(rows: Iterable[tuple[Any, ...]], ref: TableRef, databases: Sequence[str]) -> tuple[Any, ...] | None:
    """The row of a table, found without regard to case; without a schema in ``main``."""
    schema = ref.schema.casefold() or "main"
    for row in rows:
        if row[0] in databases and row[1].casefold() == schema and row[2].casefold() == ref.name.casefold():
            return row
    return None


def histogram(rows: Iterable[tuple[Any, ...]], anchor: int) -> Histogram:
    """The histogram of (part, bucket, rows, rows on the bucket's start)."""
    buckets: list[Bucket] = []
    apart = {1: 0, 2: 0}
    for part, bucket, count, at_start in rows:
        if part:
            apart[part] += count
        elif count:
            buckets.append(Bucket(int(bucket), count, at_start))
    return Histogram(anchor, tuple(sorted(buckets)), apart[1], apart[2])
