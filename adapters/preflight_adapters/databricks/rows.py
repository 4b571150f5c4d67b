"""Databricks' rows as preflight's values. Pure: it knows no connection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight.model import Bucket, Column, Histogram, Kind, TableInfo, TableRef, Type

Row = Sequence[Any]

_KINDS = {
    Kind.TEXT: "string varchar char",
    Kind.INTEGER: "tinyint smallint int integer bigint byte short long",
    Kind.DECIMAL: "decimal",
    Kind.FLOAT: "float double real",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMESTAMP: "timestamp_ntz",
    Kind.INSTANT: "timestamp timestamp_ltz",
    Kind.INTERVAL: "interval",
    Kind.BINARY: "binary",
    Kind.ARRAY: "array",
    Kind.STRUCT: "struct",
    Kind.MAP: "map",
    Kind.JSON: "variant",
    Kind.GEO: "geography geometry",
    Kind.NULL: "void",
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_TABLE_KINDS = {"MANAGED": "table", "EXTERNAL": "external table", "FOREIGN": "external table"}


def type_of(raw: str) -> Type:
    """The type that Databricks writes as ``raw``."""
    text = raw.strip()
    name = text.partition("<")[0].partition("(")[0].partition(" ")[0].casefold()
    kind = _BY_NAME.get(name, Kind.OTHER)
    if kind is Kind.ARRAY and text.endswith(">"):
        return Type(kind, text, element=type_of(text[text.index("<") + 1 : -1]))
    if kind is Kind.DECIMAL:
        precision, _, scale = text.partition("(")[2].rstrip(")").partition(",")
        digits = precision.strip(), (scale.strip() or "0")
        if all(part.isdecimal() for part in digits):
            return Type(kind, text, int(digits[0]), int(digits[1]))
    return Type(kind, text)


def output(described: Iterable[Row]) -> tuple[Column, ...]:
    """The rows of DESCRIBE QUERY as columns; it does not say whether NULL may stand in one."""
    return tuple(Column(str(name), type_of(str(raw))) for name, raw, *_ in described)


def only(iterator: str, columns: tuple[Column, ...]) -> int:
    """The index of the one column with this name, compared as Databricks compares names: without case."""
    found = [index for index, column in enumerate(columns) if column.name.casefold() == iterator.casefold()]
    if not found:
        raise WarehouseError(Cause.BAD_COLUMN, f"the query puts out no column {iterator}", name=iterator)
    if len(found) > 1:
        raise WarehouseError(
            Cause.UNSUPPORTED,
            f"{len(found)} output columns are named {iterator}, so it is not known which one is the iterator",
            remedy="give each output column a name of its own",
            name=iterator,
        )
    return found[0]


def histogram(counted: Iterable[Row], anchor: int) -> Histogram:
    """The rows of ``queries.histogram``."""
    buckets, outside = [], {"null": 0, "future": 0}
    for state, number, rows, at_start in counted:
        if state == "bucket":
            buckets.append(Bucket(int(number), int(rows), int(at_start)))
        else:
            outside[state] = int(rows)
    return Histogram(anchor, tuple(sorted(buckets)), null_rows=outside["null"], future_rows=outside["future"])


def table_from_json(ref: TableRef, text: str) -> TableInfo:
    """DESCRIBE TABLE EXTENDED … AS JSON; the row count is of the last ANALYZE, and absent where there was none."""
    try:
        said = json.loads(text)
        columns = tuple(
            Column(str(column["name"]), type_of(_written(column["type"])), column.get("nullable"))
            for column in said["columns"]
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WarehouseError(Cause.OTHER, f"Databricks described {ref} in a form that is not known") from None
    statistics = said.get("statistics") or {}
    keys = [*_names(said.get("partition_columns")), *_names(said.get("clustering_columns"))]
    return TableInfo(
        ref,
        _table_kind(str(said.get("type") or "MANAGED")),
        columns,
        rows=_integer(statistics.get("num_rows")),
        bytes=_integer(statistics.get("size_in_bytes")),
        keys=tuple(dict.fromkeys(keys)),
    )


def table_from_rows(ref: TableRef, described: Iterable[Row]) -> TableInfo:
    """DESCRIBE TABLE EXTENDED: columns, then sections that each start with a line of ``#``."""
    columns: list[Column] = []
    keys: list[str] = []
    said: dict[str, str] = {}
    section = ""
    for name, raw, *_ in described:
        name, raw = str(name or ""), str(raw or "")
        if name.startswith("#") and (not raw or name == "# col_name"):
            section = name if name != "# col_name" else section
        elif not name:
            section = section or "# end of columns"
        elif not section:
            columns.append(Column(name, type_of(raw)))
        elif "Partition" in section or "Clustering" in section:
            keys.append(name)
        else:
            said.setdefault(name, raw)
    size, _, count = said.get("Statistics", "").partition(" bytes")
    return TableInfo(
        ref,
        _table_kind(said.get("Type", "MANAGED")),
        tuple(columns),
        rows=_integer(count.strip(", ").removesuffix("rows").strip()),
        bytes=_integer(size.strip()),
        keys=tuple(dict.fromkeys(keys)),
    )


def with_detail(info: TableInfo, names: Sequence[str], row: Row) -> TableInfo:
    """``info`` with what DESCRIBE DETAIL of a Delta table says of it."""
    said = dict(zip((name.casefold() for name in names), row, strict=False))
    keys = [*_names(said.get("partitioncolumns")), *_names(said.get("clusteringcolumns"))]
    size, changed = _integer(said.get("sizeinbytes")), _instant(said.get("lastmodified"))
    return msgspec.structs.replace(
        info,
        bytes=info.bytes if size is None else size,
        changed=info.changed if changed is None else changed,
        keys=tuple(keys) or info.keys,
    )


def _table_kind(raw: str) -> str:
    return _TABLE_KINDS.get(raw.upper(), raw.lower().replace("_", " "))


def _written(said: Mapping[str, Any]) -> str:
    """A type as DESCRIBE QUERY writes it, from its JSON."""
    name = str(said["name"]).casefold()
    if name == "decimal":
        return f"decimal({said.get('precision', 10)},{said.get('scale', 0)})"
    if name in ("varchar", "char"):
        return f"{name}({said.get('length', '')})"
    if name == "array":
        return f"array<{_written(said['element_type'])}>"
    if name == "map":
        return f"map<{_written(said['key_type'])},{_written(said['value_type'])}>"
    if name == "struct":
        fields = ",".join(f"{field['name']}:{_written(field['type'])}" for field in said["fields"])
        return f"struct<{fields}>"
    return "timestamp" if name == "timestamp_ltz" else name


def _names(said: Any) -> list[str]:
    """A list of column names, which the driver may hand over as JSON text; a clustering column may be a path."""
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            return []
    if said is None or not hasattr(said, "__iter__"):
        return []
    return [".".join(map(str, name)) if isinstance(name, list | tuple) else str(name) for name in said]


def _integer(said: Any) -> int | None:
    try:
        return int(said)
    except (TypeError, ValueError, OverflowError):
        return None


def _instant(said: Any) -> int | None:
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said)
        except ValueError:
            return None
    if not isinstance(said, datetime):
        return None
    return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp())
