"""The driver's rows as preflight's values. Pure: it knows no connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from preflight.model import UNKNOWN, Bucket, Column, Histogram, Kind, TableInfo, TableRef, Type

Row = Sequence[Any]

_TYPES: Mapping[int, tuple[Kind, str]] = {
    16: (Kind.BOOLEAN, "boolean"),
    18: (Kind.TEXT, '"char"'),
    19: (Kind.TEXT, "name"),
    20: (Kind.INTEGER, "bigint"),
    21: (Kind.INTEGER, "smallint"),
    23: (Kind.INTEGER, "integer"),
    25: (Kind.TEXT, "text"),
    26: (Kind.INTEGER, "oid"),
    114: (Kind.JSON, "json"),
    700: (Kind.FLOAT, "real"),
    701: (Kind.FLOAT, "double precision"),
    705: (Kind.TEXT, "unknown"),
    1042: (Kind.TEXT, "char"),
    1043: (Kind.TEXT, "varchar"),
    1082: (Kind.DATE, "date"),
    1083: (Kind.TIME, "time"),
    1114: (Kind.TIMESTAMP, "timestamp"),
    1184: (Kind.INSTANT, "timestamptz"),
    1186: (Kind.INTERVAL, "interval"),
    1188: (Kind.INTERVAL, "interval year to month"),
    1190: (Kind.INTERVAL, "interval day to second"),
    1266: (Kind.TIME, "timetz"),
    1700: (Kind.DECIMAL, "numeric"),
    2935: (Kind.OTHER, "hllsketch"),
    3000: (Kind.GEO, "geometry"),
    3001: (Kind.GEO, "geography"),
    3802: (Kind.JSON, "jsonb"),
    4000: (Kind.JSON, "super"),
    6551: (Kind.BINARY, "varbyte"),
}
"""Types by their object ids, as the driver lists them and as Redshift's users write them."""
_LONG = {
    "character varying": "varchar",
    "character": "char",
    "bpchar": "char",
    "decimal": "numeric",
    "float4": "real",
    "float8": "double precision",
    "double": "double precision",
    "float": "double precision",
    "string": "varchar",
    "int2": "smallint",
    "int4": "integer",
    "int": "integer",
    "tinyint": "smallint",
    "int8": "bigint",
    "bool": "boolean",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "binary varying": "varbyte",
    "varbinary": "varbyte",
}
_BY_NAME = {raw: kind for kind, raw in _TYPES.values()}
_SIZED = ("varchar", "char", "varbyte")
_HEADER = 4
"""Bytes that a type's modifier counts beside the length that was declared."""


def type_of(oid: int, modifier: int) -> Type:
    """The type of a column or of an output; ``modifier`` -1 stands for none."""
    kind, raw = _TYPES.get(oid, (Kind.OTHER, f"type {oid}"))
    size = modifier - _HEADER
    if kind is Kind.DECIMAL and size >= 0:
        precision, scale = size >> 16, size & 0xFFFF
        return Type(kind, f"{raw}({precision},{scale})", precision, scale)
    return Type(kind, f"{raw}({size})" if raw in _SIZED and size >= 0 else raw)


def type_named(name: str, length: int | None, precision: int | None, scale: int | None) -> Type:
    """The type that a catalog view describes in words."""
    bare, _, arguments = name.strip().lower().partition("(")
    raw = _LONG.get(bare.strip(), bare.strip())
    kind = _BY_NAME.get(raw)
    if kind is None:
        shapes = {"array": Kind.ARRAY, "struct": Kind.STRUCT, "map": Kind.MAP}
        return Type(shapes.get(raw.partition("<")[0], Kind.OTHER if raw else UNKNOWN.kind), name)
    if kind is Kind.DECIMAL:
        inner = [int(part) for part in arguments.rstrip(") ").split(",") if part.strip().isdigit()]
        if inner:
            precision, scale = inner[0], inner[1] if len(inner) > 1 else 0
        return Type(kind, raw if precision is None else f"{raw}({precision},{scale or 0})", precision, scale)
    size = arguments.rstrip(") ") or (str(length) if length and length > 0 else "")
    return Type(kind, f"{raw}({size})" if raw in _SIZED and size else raw)


def output(described: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The output columns of a row description. That NULL may stand in one is told of a table's own column alone."""
    return tuple(
        Column(
            text(field["label"]),
            type_of(field["type_oid"], field["type_modifier"]),
            True if field.get("nullable") and field.get("table_oid") else None,
        )
        for field in described
    )


def text(value: Any) -> str:
    """A name as text, whether the driver gives bytes or text."""
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else str(value)


_RELATIONS = {"r": "table", "p": "table", "v": "view", "m": "materialized view"}


def kind_of(word: Any) -> str:
    """What a catalog calls a table or a view, in preflight's words."""
    plain = text(word)
    return _RELATIONS.get(plain, {"base table": "table"}.get(plain.lower(), plain.lower()))


def columns(described: Iterable[Row]) -> tuple[Column, ...]:
    """The rows of ``queries.columns``."""
    return tuple(
        Column(text(name), type_of(int(oid), int(modifier)), not required)
        for name, oid, modifier, required in described
    )


def far_columns(described: Iterable[Row]) -> tuple[Column, ...]:
    """The rows of ``queries.far_columns``."""
    return tuple(
        Column(text(name), type_named(text(raw), length, precision, scale), _nullable(nullable))
        for name, raw, length, precision, scale, nullable in described
    )


def _nullable(word: Any) -> bool | None:
    return {"YES": True, "NO": False}.get(str(word).upper())


_BLOCK = 1024 * 1024


def table(ref: TableRef, kind: str, described: tuple[Column, ...], info: Row | None, keys: Iterable[Row]) -> TableInfo:
    """A table as it was asked for; ``info`` holds its rows and its blocks, where they are known."""
    rows, blocks = (None, None) if info is None else (int(info[0] or 0), int(info[1] or 0))
    return TableInfo(
        ref,
        kind,
        described,
        rows=rows,
        bytes=None if blocks is None else blocks * _BLOCK,
        keys=tuple(text(key) for (key,) in keys),
    )


def histogram(counted: Iterable[Row], anchor: int) -> Histogram:
    """The rows of ``queries.histogram``."""
    buckets, outside = [], {"null": 0, "future": 0}
    for state, number, rows, at_start in counted:
        if state == "bucket":
            buckets.append(Bucket(int(number), int(rows), int(at_start)))
        else:
            outside[text(state)] = int(rows)
    return Histogram(anchor, tuple(sorted(buckets)), null_rows=outside["null"], future_rows=outside["future"])


def search_path(shown: str, user: str) -> tuple[str, ...]:
    """The schemas of a search path in its order, ``$user`` as the user's own."""
    parts = (part.strip().strip('"') for part in shown.split(","))
    return tuple(dict.fromkeys(user if part == "$user" else part for part in parts if part))
