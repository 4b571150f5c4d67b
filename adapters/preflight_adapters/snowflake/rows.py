"""The driver's rows and column descriptions as preflight's values. Pure: it knows no connection and no driver."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from preflight.model import Bucket, Column, Histogram, Kind, Schema, TableInfo, TableRef, Type

Row = Mapping[str, Any]
"""A row of SHOW or DESCRIBE by its columns' names."""

_KINDS = {
    Kind.TEXT: "TEXT VARCHAR STRING CHAR CHARACTER",
    Kind.INTEGER: "INT INTEGER BIGINT SMALLINT TINYINT BYTEINT",
    Kind.DECIMAL: "FIXED NUMBER DECIMAL NUMERIC DECFLOAT",
    Kind.FLOAT: "REAL FLOAT FLOAT4 FLOAT8 DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP_NTZ DATETIME",
    Kind.INSTANT: "TIMESTAMP_LTZ TIMESTAMP_TZ",
    Kind.INTERVAL: "INTERVAL_YEAR_MONTH INTERVAL_DAY_TIME INTERVAL",
    Kind.BINARY: "BINARY VARBINARY",
    Kind.ARRAY: "ARRAY",
    Kind.STRUCT: "OBJECT",
    Kind.MAP: "MAP",
    Kind.JSON: "VARIANT",
    Kind.GEO: "GEOGRAPHY GEOMETRY",
    Kind.OTHER: "VECTOR FILE UUID",
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_PLAIN = {"FIXED": "NUMBER", "TEXT": "VARCHAR", "REAL": "FLOAT"}
"""The driver's names of types to those that Snowflake's SQL has."""
_WITH_FRACTION = ("TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ")


def described(name: str, precision: int | None, scale: int | None, length: int | None) -> Type:
    """The type of an output column, from the driver's word for it."""
    word = _PLAIN.get(name, name)
    if word == "NUMBER":
        return _number(f"NUMBER({precision},{scale})" if precision is not None else "NUMBER", precision, scale)
    raw = word
    if word in _WITH_FRACTION and scale is not None:
        raw = f"{word}({scale})"
    elif word in ("VARCHAR", "BINARY") and length is not None:
        raw = f"{word}({length})"
    return Type(_BY_NAME.get(name, Kind.OTHER), raw)


def type_of(raw: str) -> Type:
    """The type that Snowflake writes as ``raw``, such as ``NUMBER(38,0)`` or ``ARRAY(VARCHAR)``."""
    name, _, rest = raw.partition("(")
    name, arguments = name.strip().upper(), rest.rstrip().removesuffix(")")
    kind = _BY_NAME.get(name, Kind.OTHER)
    if kind is Kind.ARRAY and arguments:
        return Type(kind, raw, element=type_of(re.sub(r"(?i)\s+NOT\s+NULL$", "", arguments.strip())))
    numbers = [int(part) for part in re.findall(r"\d+", arguments)]
    if kind is Kind.DECIMAL and name != "DECFLOAT":
        return _number(raw, *(numbers or [38, 0])[:2])
    return Type(kind, raw)


def _number(raw: str, precision: int | None = None, scale: int | None = 0) -> Type:
    return Type(Kind.INTEGER if scale == 0 else Kind.DECIMAL, raw, precision, scale)


def output(columns: Iterable[Sequence[Any]], names: Mapping[int, str]) -> Schema:
    """The output columns of a query, from the driver's description; ``names`` has the driver's types by their code."""
    return Schema(
        tuple(
            Column(str(name), described(names.get(code, "?"), precision, scale, length), nullable)
            for name, code, _, length, precision, scale, nullable in columns
        )
    )


def table(ref: TableRef, found: Row, columns: Iterable[Row]) -> TableInfo:
    """A table or view, from its rows of SHOW OBJECTS and DESCRIBE TABLE; a view's rows are not known."""
    kind = str(found.get("kind") or "TABLE").lower()
    listed = tuple(
        Column(str(row.get("name")), type_of(str(row.get("type"))), str(row.get("null?", "Y")).upper() == "Y")
        for row in columns
        if str(row.get("kind") or "COLUMN").upper() == "COLUMN"
    )
    counted = "view" not in kind
    return TableInfo(
        ref,
        "table" if kind in ("table", "transient", "temporary") else kind,
        listed,
        rows=_integer(found.get("rows")) if counted else None,
        bytes=_integer(found.get("bytes")) if counted else None,
        keys=cluster_keys(str(found.get("cluster_by") or "")),
    )


def cluster_keys(text: str) -> tuple[str, ...]:
    """The columns of ``LINEAR(A, "b")``, in order; what is no plain column is kept as it is written."""
    inner = re.sub(r"(?is)^\s*LINEAR\s*", "", text).strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    parts, depth = [""], 0
    for character in inner:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    keys = [part.strip() for part in parts]
    return tuple(key[1:-1].replace('""', '"') if key.startswith('"') else key for key in keys if key)


def _integer(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def histogram(counted: Iterable[Sequence[Any]], anchor: int) -> Histogram:
    """The rows of ``queries.histogram``."""
    buckets, outside = [], {"null": 0, "future": 0}
    for state, number, rows, at_start in counted:
        if state == "bucket":
            buckets.append(Bucket(int(number), int(rows), int(at_start)))
        else:
            outside[state] = int(rows)
    return Histogram(anchor, tuple(sorted(buckets)), null_rows=outside["null"], future_rows=outside["future"])
