"""BigQuery's answers as preflight's values. Pure: it knows no driver.

A field is what the REST API calls one: a mapping of ``name``, ``type`` (legacy or standard name), ``mode``, ``fields``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.model import Bucket, Column, Histogram, Kind, TableInfo, TableRef, Type
from preflight_adapters.bigquery.queries import MAXIMUM_BUCKETS

Field = Mapping[str, Any]

_STANDARD = {
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "RECORD": "STRUCT",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
}
_KINDS = {
    "STRING": Kind.TEXT,
    "INT64": Kind.INTEGER,
    "NUMERIC": Kind.DECIMAL,
    "BIGNUMERIC": Kind.DECIMAL,
    "FLOAT64": Kind.FLOAT,
    "BOOL": Kind.BOOLEAN,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "DATETIME": Kind.TIMESTAMP,
    "TIMESTAMP": Kind.INSTANT,
    "INTERVAL": Kind.INTERVAL,
    "BYTES": Kind.BINARY,
    "STRUCT": Kind.STRUCT,
    "JSON": Kind.JSON,
    "GEOGRAPHY": Kind.GEO,
}
_DIGITS = {"NUMERIC": (38, 9), "BIGNUMERIC": (76, 38)}
"""Precision and scale of a decimal that declares none; BIGNUMERIC holds a part of a 77th digit."""
_TABLE_KINDS = {
    "TABLE": "table",
    "VIEW": "view",
    "MATERIALIZED_VIEW": "materialized view",
    "EXTERNAL": "external table",
    "SNAPSHOT": "snapshot",
}


def type_of(field: Field) -> Type:
    """The type of a field; a repeated one is an array of what its type says."""
    said = str(field.get("type") or "")
    name = _STANDARD.get(said, said)
    kind = _KINDS.get(name, Kind.OTHER)
    precision, scale = _digits(field, name) if kind is Kind.DECIMAL else (None, None)
    one = Type(kind, _written(field, name), precision, scale)
    return Type(Kind.ARRAY, f"ARRAY<{one.raw}>", element=one) if field.get("mode") == "REPEATED" else one


def _digits(field: Field, name: str) -> tuple[int, int]:
    if (declared := field.get("precision")) is None:
        return _DIGITS[name]
    return int(declared), int(field.get("scale") or 0)


def _written(field: Field, name: str) -> str:
    if name == "STRUCT":
        inner = ", ".join(f"{each.get('name', '')} {type_of(each).raw}" for each in field.get("fields") or ())
        return f"STRUCT<{inner}>"
    if name == "RANGE":
        return f"RANGE<{(field.get('rangeElementType') or {}).get('type', '')}>"
    if name == "FOREIGN":
        return str(field.get("foreignTypeDefinition") or name)
    if (precision := field.get("precision")) is not None:
        return f"{name}({precision}, {field['scale']})" if field.get("scale") is not None else f"{name}({precision})"
    return f"{name}({field['maxLength']})" if field.get("maxLength") is not None else name


def columns(fields: Iterable[Field]) -> tuple[Column, ...]:
    """The columns; a query's say nothing about NULL, whatever mode they carry, so only REQUIRED counts."""
    return tuple(
        Column(field["name"], type_of(field), False if field.get("mode") == "REQUIRED" else None) for field in fields
    )


def table(ref: TableRef, resource: Mapping[str, Any]) -> TableInfo:
    """A table from its REST resource. Rows in the streaming buffer are the service's estimate and are added."""
    word = resource.get("type") or "TABLE"
    stored = word in ("TABLE", "SNAPSHOT", "MATERIALIZED_VIEW")
    streaming = resource.get("streamingBuffer") or {}
    rows, size = (_number(resource.get(name)) if stored else None for name in ("numRows", "numBytes"))
    changed = _number(resource.get("lastModifiedTime"))
    found = (
        Column(column.name, column.type, column.nullable is not False)
        for column in columns((resource.get("schema") or {}).get("fields") or ())
    )
    return TableInfo(
        ref,
        _TABLE_KINDS.get(word, str(word).replace("_", " ").lower()),
        tuple(found),
        rows=None if rows is None else rows + (_number(streaming.get("estimatedRows")) or 0),
        bytes=None if size is None else size + (_number(streaming.get("estimatedBytes")) or 0),
        changed=None if changed is None else changed // 1000,
        keys=_keys(resource),
    )


def _keys(resource: Mapping[str, Any]) -> tuple[str, ...]:
    keys: list[str] = []
    if (time := resource.get("timePartitioning")) is not None:
        keys.append(time.get("field") or "_PARTITIONTIME")
    if (span := resource.get("rangePartitioning")) is not None:
        keys.append(span.get("field", ""))
    keys += (resource.get("clustering") or {}).get("fields") or []
    return tuple(dict.fromkeys(key for key in keys if key))


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def histogram(counted: Iterable[Sequence[Any]], anchor: int) -> Histogram:
    """The rows of ``queries.histogram``; raises WarehouseError (UNSUPPORTED) where there were too many."""
    buckets, outside = [], {"null": 0, "future": 0}
    for state, number, rows, at_start in counted:
        if state == "bucket":
            buckets.append(Bucket(int(number), int(rows), int(at_start)))
        else:
            outside[state] = int(rows)
    if len(buckets) > MAXIMUM_BUCKETS:
        raise WarehouseError(
            Cause.UNSUPPORTED,
            f"the iterator's values lie in more than {MAXIMUM_BUCKETS} hours, which is more than preflight counts",
            remedy="set `from` in sync_mode, or check that the iterator is a time",
        )
    return Histogram(anchor, tuple(sorted(buckets)), null_rows=outside["null"], future_rows=outside["future"])
