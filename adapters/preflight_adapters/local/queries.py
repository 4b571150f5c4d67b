"""What the stand-in file is asked, as DuckDB SQL. Pure: it knows no driver and no connection.

A model's text comes here already transpiled; it is only ever nested, never edited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, HistogramAsk, IteratorKind, TableRef

_FAR = 4_000_000_000_000_000_000
"""Seconds, or units of an epoch, that stand for infinity and for what lies beyond; int64 holds their differences."""
_FIRST, _LAST = -9_223_372_029_000_000_000, 9_223_372_036_854_775_807
"""Microseconds that stand for infinity: no finite timestamp has them, and two hours can be taken from them."""
_ZONE_RANGE = 9_000_000_000_000
"""Seconds either side of 1970 that DuckDB's timestamps hold, a little less: beyond them no zone's offset is applied."""

_INTEGERS = frozenset(
    [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
        "BIGNUM",
    ]
)
_ZONELESS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_INSTANT = "TIMESTAMP WITH TIME ZONE"


def describe(sql: str) -> str:
    """Names and types of the output columns; binds the query, reads no row."""
    return f"DESCRIBE {sql}"


def rows(sql: str) -> str:
    """The number of rows of a query."""
    return f"SELECT count(*) FROM (\n{sql}\n) AS m"


def sample(sql: str, raws: Sequence[str], limit: int) -> str:
    """Some rows, for columns of these DuckDB types; columns are named by position, so that equal names do no harm.

    What the driver would turn into objects of its own is cast to text.
    """
    names = [f"c{number}" for number in range(len(raws))]
    shown = (
        name if _PLAIN.fullmatch(raw) else f"CAST({name} AS VARCHAR)" for name, raw in zip(names, raws, strict=True)
    )
    return f"SELECT {', '.join(shown)} FROM (\n{sql}\n) AS m ({', '.join(names)}) LIMIT {limit}"


_PLAIN = re.compile(rf"({'|'.join(_INTEGERS)}|FLOAT|DOUBLE|BOOLEAN|VARCHAR|DECIMAL\(\d+,\d+\))(\[\])*")


def table(database: str, ref: TableRef) -> str:
    """One row for each table or view of that name, found without case: schema, name, kind."""
    where = f"database_name = {literal(database)} AND lower(schema_name) = lower({literal(ref.schema or 'main')})"
    parts = (("table", "duckdb_tables"), ("view", "duckdb_views"))
    return " UNION ALL ".join(
        f"SELECT schema_name, {kind}_name, '{kind}' FROM {source}()"
        f" WHERE {where} AND lower({kind}_name) = lower({literal(ref.name)})"
        for kind, source in parts
    )


def tables(database: str) -> str:
    """One row for each table and view: schema, name; in their order."""
    where = f"database_name = {literal(database)} AND NOT internal"
    parts = (("table", "duckdb_tables"), ("view", "duckdb_views"))
    listed = " UNION ALL ".join(
        f"SELECT schema_name, {kind}_name AS name FROM {source}() WHERE {where}" for kind, source in parts
    )
    return f"SELECT schema_name, name FROM ({listed}) AS t ORDER BY schema_name, name"


def table_rows(database: str, schema: str, name: str) -> str:
    """A table's rows; DuckDB counts them from its segments' metadata, deleted ones left out, and reads no column."""
    return f"SELECT count(*) FROM {identifier(database)}.{identifier(schema)}.{identifier(name)}"


def columns(database: str, schema: str, name: str) -> str:
    """A table's columns in order: name, type, whether NULL may stand in it; the parts as DuckDB stores them."""
    return (
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        f" WHERE database_name = {literal(database)} AND schema_name = {literal(schema)}"
        f" AND table_name = {literal(name)} ORDER BY column_index"
    )


class Reading(NamedTuple):
    """How an iterator ``x`` becomes a BIGINT: NULL is NULL, and infinity lies at the far ends."""

    units: str
    """Units since 1970, rounded down; what a clock in ``zone`` shows is counted as if it were UTC."""
    per_second: int
    whole: str | None = None
    """Whether rounding lost nothing; None: it never does."""
    zone: str = "UTC"


def histogram(sql: str, ask: HistogramAsk, *, width: int, index: int, raw: str) -> str:
    """The rows by hour, hours being counted from 1970 and starting where the ask's anchor lies in its hour.

    A row of the answer is the hour's number (NULL: no value), its rows, and those of them on its first instant. What is
    later than ``now`` is counted an hour too late, so that no hour holds both. ``sql`` puts out ``width`` columns; the
    iterator is the one at ``index`` (from 0) and of DuckDB type ``raw``. Columns are named by position, so that equal
    names do no harm.

    The statement scans the query once. Where a table's statistics rule out NULL, infinity, instants before 1970 or
    after ``now``, DuckDB drops a CASE's branch; it does so in a projection and not in an aggregate's filter.
    """
    reading = read(ask, raw)
    hour, phase = HOUR * reading.per_second, ask.anchor % HOUR * reading.per_second
    days = raw == "DATE"
    count = "sum(n)" if days else "count(*)"
    more = (", whole" if reading.whole else "") + (", n" if days else "")
    return f"""SELECT CASE WHEN past < 0 THEN (past - {hour - 1}) // {hour} + CASE WHEN late THEN 1 ELSE 0 END
    WHEN late THEN past // {hour} + 1 ELSE past // {hour} END AS number,
  {count}, {count} FILTER (WHERE past % {hour} = 0{" AND whole" if reading.whole else ""})
FROM (
  SELECT u - {phase} AS past, {_after("u", ask.now, reading)} AS late{more}
  FROM (
    SELECT {_in_zone("clock", reading.zone)} AS u{more}
    FROM (
      SELECT {reading.units} AS clock{f", {reading.whole} AS whole" if reading.whole else ""}{", n" if days else ""}
      FROM (SELECT c{index} AS x{", count(*) AS n" if days else ""} FROM (
{sql}
      ) AS m({", ".join(f"c{number}" for number in range(width))}){" GROUP BY 1" if days else ""}) AS i
    ) AS c
  ) AS r
  WHERE {_clip(ask, reading)}
) AS s
GROUP BY 1"""


def _after(u: str, second: int, reading: Reading) -> str:
    instant = second * reading.per_second
    later = f"{u} > {instant}"
    return later if reading.whole is None else f"({later} OR ({u} = {instant} AND NOT whole))"


def _clip(ask: HistogramAsk, reading: Reading) -> str:
    parts = []
    if ask.lower is not None:
        parts.append(f"u >= {ask.lower * reading.per_second}")
    if ask.upper is not None:
        parts.append(f"NOT {_after('u', ask.upper, reading)}")
    return f"u IS NULL OR ({' AND '.join(parts)})" if parts else "TRUE"


def read(ask: HistogramAsk, raw: str) -> Reading:
    """How an iterator of DuckDB type ``raw`` is read; zone-less values are read in the ask's zone.

    Raises WarehouseError (UNSUPPORTED) where kind and type differ.
    """
    kind, zone = ask.kind, ask.time_zone
    if kind is IteratorKind.INSTANT and raw == _INSTANT:
        return _microseconds("x", _INSTANT)
    if kind is IteratorKind.ZONELESS and raw in _ZONELESS:
        if raw == "TIMESTAMP_NS":
            return _seconds("epoch_ns(x)", 1_000_000_000, zone)
        clock = "x" if raw == "TIMESTAMP" else "TRY_CAST(x AS TIMESTAMP)"
        return _microseconds(clock, "TIMESTAMP") if zone == "UTC" else _seconds(f"epoch_us({clock})", 1_000_000, zone)
    if kind in (IteratorKind.DATE, IteratorKind.ZONELESS) and raw == "DATE":
        days = "(x - DATE '1970-01-01')"
        far = f"CASE WHEN {days} > 0 THEN {_FAR} ELSE -{_FAR} END"
        clock = f"CASE WHEN isfinite(x) THEN {days} * 86400 WHEN x IS NOT NULL THEN {far} END"
        return Reading(clock, 1, "isfinite(x)", zone)
    if kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS) and _is_number(raw):
        return _epoch(1 if kind is IteratorKind.EPOCH_S else 1000, fractions=raw not in _INTEGERS)
    wanted = kind.value if kind else "no iterator"
    raise WarehouseError(
        Cause.UNSUPPORTED,
        f"the iterator is {raw} in the stand-in file, but the pipeline reads it as {wanted}",
        remedy="give the column the type in the stand-in file that it has in the warehouse, or mend iterator_data_type",
    )


def _is_number(raw: str) -> bool:
    return raw in _INTEGERS or raw in ("FLOAT", "DOUBLE") or raw.startswith("DECIMAL(")


def _modulo(number: str, divisor: int) -> str:
    """The remainder that is never negative; DuckDB's own takes the sign of the dividend."""
    return f"((({number} % {divisor}) + {divisor}) % {divisor})"


def _microseconds(clock: str, type_: str) -> Reading:
    far = f"CASE WHEN x > {type_} 'epoch' THEN {_LAST} WHEN x IS NOT NULL THEN {_FIRST} END"
    return Reading(f"coalesce(epoch_us({clock}), {far})", 1_000_000)


def _seconds(number: str, per_second: int, zone: str) -> Reading:
    rest = _modulo(number, per_second)
    second = (
        f"CASE WHEN {number} IS NOT NULL THEN ({number} - {rest}) // {per_second}"
        f" WHEN x > TIMESTAMP 'epoch' THEN {_FAR} WHEN x IS NOT NULL THEN -{_FAR} END"
    )
    return Reading(second, 1, f"coalesce({number} % {per_second} = 0, FALSE)", zone)


def _in_zone(clock: str, zone: str) -> str:
    """The instant at which clocks in ``zone`` show ``clock``.

    A time that they show twice is read as the later of the two instants (standard time), one that they skip with the
    offset that held before the jump, as ICU reads both by default.
    """
    if zone == "UTC":
        return clock
    instant = f"epoch_us(timezone({literal(zone)}, make_timestamp({clock} * 1000000))) // 1000000"
    return f"CASE WHEN {clock} BETWEEN -{_ZONE_RANGE} AND {_ZONE_RANGE} THEN {instant} ELSE {clock} END"


def _epoch(per_second: int, *, fractions: bool) -> Reading:
    floor = "floor(x)" if fractions else "x"
    units = f"CASE WHEN x > {_FAR} THEN {_FAR} WHEN x < -{_FAR} THEN -{_FAR} ELSE CAST({floor} AS BIGINT) END"
    return Reading(units, per_second, "coalesce(floor(x) = x, FALSE)" if fractions else None)


def literal(text: str) -> str:
    """``text`` as a DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """``name`` as a quoted DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'
