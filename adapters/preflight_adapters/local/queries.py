"""What the stand-in file is asked, as DuckDB SQL. Pure: it knows no driver and no connection.

A model's text comes here already transpiled; it is only ever nested, never edited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, HistogramAsk, IteratorKind, TableRef

_FAR = 4_000_000_000_000_000_000
"""Seconds, or units of an epoch, that stand for infinity and for what lies beyond; int64 holds their differences."""
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


def histogram(sql: str, ask: HistogramAsk, *, width: int, index: int, raw: str) -> str:
    """The rows by what they are (``bucket``, ``null``, ``future``) and, in a bucket, by its index.

    ``sql`` puts out ``width`` columns; the iterator is the one at ``index`` (from 0) and of DuckDB type ``raw``.
    Columns are named by position, so that equal names do no harm. The statement scans the query once. It works on whole
    seconds rounded down and on whether that lost nothing, so that no fraction of a second moves a row over a bound.
    """
    clock, whole = reading(ask, raw)
    zone = "UTC" if ask.kind is IteratorKind.INSTANT or raw not in {*_ZONELESS, "DATE"} else ask.time_zone
    names = ", ".join(f"c{number}" for number in range(width))
    late = f"(second > {ask.now} OR (second = {ask.now} AND NOT whole))"
    clip = ["TRUE"]
    if ask.lower is not None:
        clip.append(f"second >= {ask.lower}")
    if ask.upper is not None:
        clip.append(f"(second < {ask.upper} OR (second = {ask.upper} AND whole))")
    offset = _modulo(f"(second - ({ask.anchor}))", HOUR)
    return f"""SELECT state, CASE WHEN state = 'bucket' THEN (since - past) // {HOUR} END AS number,
  count(*), count(*) FILTER (WHERE whole AND past = 0)
FROM (
  SELECT whole, second - ({ask.anchor}) AS since, {offset} AS past,
    CASE WHEN second IS NULL THEN 'null' WHEN {late} THEN 'future' ELSE 'bucket' END AS state
  FROM (
    SELECT {_in_zone("clock", zone)} AS second, whole
    FROM (
      SELECT {clock} AS clock, {whole} AS whole
      FROM (SELECT c{index} AS x FROM (
{sql}
      ) AS m({names})) AS i
    ) AS c
  ) AS r
  WHERE second IS NULL OR ({" AND ".join(clip)})
) AS s
GROUP BY 1, 2"""


def reading(ask: HistogramAsk, raw: str) -> tuple[str, str]:
    """How an iterator ``x`` of DuckDB type ``raw`` becomes whole seconds since 1970, and whether that is exact.

    The seconds of a zone-less value are those of its own clock; ``_in_zone`` makes instants of them. Infinity and what
    no timestamp can hold become the far ends of time. Raises WarehouseError (UNSUPPORTED) where kind and type differ.
    """
    kind = ask.kind
    if kind is IteratorKind.INSTANT and raw == _INSTANT:
        return _finite("epoch_us(x)", 1_000_000, f"{_INSTANT} 'epoch'")
    if kind is IteratorKind.ZONELESS and raw in _ZONELESS:
        unit = (
            ("epoch_ns(x)", 1_000_000_000)
            if raw == "TIMESTAMP_NS"
            else ("epoch_us(TRY_CAST(x AS TIMESTAMP))", 1_000_000)
        )
        return _finite(*unit, "TIMESTAMP 'epoch'")
    if kind in (IteratorKind.DATE, IteratorKind.ZONELESS) and raw == "DATE":
        days = "(x - DATE '1970-01-01')"
        far = f"CASE WHEN {days} > 0 THEN {_FAR} ELSE -{_FAR} END"
        return f"CASE WHEN isfinite(x) THEN {days} * 86400 WHEN x IS NOT NULL THEN {far} END", "isfinite(x)"
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


def _finite(number: str, per_second: int, epoch: str) -> tuple[str, str]:
    rest = _modulo(number, per_second)
    second = (
        f"CASE WHEN {number} IS NOT NULL THEN ({number} - {rest}) // {per_second}"
        f" WHEN x > {epoch} THEN {_FAR} WHEN x IS NOT NULL THEN -{_FAR} END"
    )
    return second, f"coalesce({number} % {per_second} = 0, FALSE)"


def _in_zone(clock: str, zone: str) -> str:
    """The instant at which clocks in ``zone`` show ``clock``.

    A time that they show twice is read as the later of the two instants (standard time), one that they skip with the
    offset that held before the jump, as ICU reads both by default.
    """
    if zone == "UTC":
        return clock
    instant = f"epoch_us(timezone({literal(zone)}, make_timestamp({clock} * 1000000))) // 1000000"
    return f"CASE WHEN {clock} BETWEEN -{_ZONE_RANGE} AND {_ZONE_RANGE} THEN {instant} ELSE {clock} END"


def _epoch(per_second: int, *, fractions: bool) -> tuple[str, str]:
    floor = "floor(x)" if fractions else "x"
    unit = f"CASE WHEN x > {_FAR} THEN {_FAR} WHEN x < -{_FAR} THEN -{_FAR} ELSE CAST({floor} AS BIGINT) END"
    rest = _modulo(f"({unit})", per_second)
    whole = f"({unit}) % {per_second} = 0" + (" AND floor(x) = x" if fractions else "")
    return f"(({unit}) - {rest}) // {per_second}", f"coalesce({whole}, FALSE)"


def literal(text: str) -> str:
    """``text`` as a DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """``name`` as a quoted DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'
