"""The statements that the local adapter sends: pure, from an ask to DuckDB's SQL."""

from __future__ import annotations

from preflight.model import HOUR, HistogramAsk, IteratorKind, TableRef

_FIRST = -62135596800
"""The first instant of the year 1: what is earlier is counted there."""
_LAST = 253402300800
"""The first instant after the year 9999: what is later is counted there."""

TABLES = """
SELECT database_name, schema_name, table_name, 'table' AS kind, estimated_size FROM duckdb_tables() WHERE NOT internal
UNION ALL
SELECT database_name, schema_name, view_name, 'view', NULL FROM duckdb_views() WHERE NOT internal
"""
"""Every table and view of the attached files."""


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A quoted name."""
    return '"' + value.replace('"', '""') + '"'


def columns(database: str, ref: TableRef) -> str:
    """The columns of one table, in order."""
    return (
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        f" WHERE database_name = {text(database)} AND schema_name = {text(ref.schema)}"
        f" AND table_name = {text(ref.name)}"
        " ORDER BY column_index"
    )


def describe(sql: str) -> str:
    """The output columns of a query."""
    return f"DESCRIBE (\n{sql}\n)"


def histogram(ask: HistogramAsk, sql: str, column_type: str) -> str:
    """Rows by part (0 counted, 1 without a value, 2 in the future) and hourly bucket; ``sql`` is DuckDB's rendering.

    A value's offset from the anchor is taken in the finest unit that its type holds, so that a row lies exactly on a
    bucket's first instant only where it really does.
    """
    if ask.iterator is None or ask.kind is None:
        return f"SELECT 0 AS part, 0 AS bucket, count(*) AS n, 0 AS at_start FROM (\n{sql}\n) AS model"
    unit, offset = _offset(ask, f"model.{name(ask.iterator)}", column_type)
    width = HOUR * unit
    clip = [
        f"{bound} {(instant - ask.anchor) * unit}"
        for bound, instant in (("offset_ >=", ask.lower), ("offset_ <=", ask.upper))
        if instant is not None
    ]
    where = f" WHERE offset_ IS NULL OR ({' AND '.join(clip)})" if clip else ""
    future = f"offset_ > {(ask.now - ask.anchor) * unit}"
    part = f"CASE WHEN offset_ IS NULL THEN 1 WHEN {future} THEN 2 ELSE 0 END"
    rest = f"((offset_ % {width} + {width}) % {width})"
    return (
        f"SELECT {part} AS part, CASE WHEN {part} = 0 THEN (offset_ - {rest}) // {width} END AS bucket,"
        f" count(*) AS n, count(*) FILTER (WHERE {rest} = 0) AS at_start"
        f" FROM (SELECT {offset} AS offset_ FROM (\n{sql}\n) AS model){where} GROUP BY ALL ORDER BY ALL"
    )


def _offset(ask: HistogramAsk, column: str, column_type: str) -> tuple[int, str]:
    """Units a second, and the expression of a value's offset from the anchor in that unit, kept within its range.

    A local time that a change of the clock skips or repeats is read as ICU reads it: skipped, as if the clock had not
    moved yet; repeated, as the later of the two.
    """
    if ask.kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
        unit = 1 if ask.kind is IteratorKind.EPOCH_S else 1000
        value = f"floor({column})" if "DECIMAL" in column_type else column
        return unit, f"CAST({_within(value, unit)} AS BIGINT) - {ask.anchor * unit}"
    instant = column
    if ask.kind is IteratorKind.DATE:
        instant = f"CAST({column} AS TIMESTAMP)"
    nanoseconds = column_type == "TIMESTAMP_NS" and ask.time_zone == "UTC"
    if ask.kind is not IteratorKind.INSTANT and not nanoseconds:
        instant = f"(CAST({instant} AS TIMESTAMP) AT TIME ZONE {text(ask.time_zone)})"
    unit, function = (1_000_000_000, "epoch_ns") if nanoseconds else (1_000_000, "epoch_us")
    finite = f"{function}({instant}) - {ask.anchor * unit}"
    if nanoseconds:
        return unit, finite
    early, late = (_FIRST - ask.anchor) * unit, (_LAST - ask.anchor) * unit
    kept = (
        f"CASE WHEN {instant} >= TIMESTAMPTZ '10000-01-01 00:00:00+00' THEN {late}"
        f" WHEN {instant} < TIMESTAMPTZ '0001-01-01 00:00:00+00' THEN {early} ELSE {finite} END"
    )
    return unit, kept


def _within(value: str, unit: int) -> str:
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE greatest({_FIRST * unit}, least({value}, {_LAST * unit})) END"
