"""The SQL that is sent to Databricks: asks in, text out. It runs nothing.

A data model's text stands in it verbatim, between line breaks, but for a final semicolon where it is wrapped. The
session is in UTC, which the casts between the timestamp types lean on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, HistogramAsk, IteratorKind, Kind, RehearsalAsk, TableRef, Type
from preflight_adapters import _nested

DAY = 86_400
_FAR = 4_000_000_000_000_000_000
"""Units of an epoch that stand for what lies beyond; a bigint holds their differences."""
_FIRST, _LAST = -62_135_510_400, 253_402_214_400
"""Seconds since 1970 of 0001-01-02 and 9999-12-31: within them every engine of Databricks knows a zone's offset."""

SESSION = (
    "SELECT current_user() AS principal, current_catalog() AS catalog, current_schema() AS schema,"
    " current_timezone() AS zone"
)
"""Who asks, where a bare table name is looked up, and in which zone the session reads clocks."""
TIMEOUT = "SET STATEMENT_TIMEOUT"
"""Without a value it only shows the one that holds: the first of the session's, the warehouse's, the workspace's."""


def lower_timeout(seconds: int) -> str:
    """Sets the session's statement timeout, which wins over the warehouse's in either direction."""
    return f"{TIMEOUT} = {seconds}"


def describe(sql: str) -> str:
    """Names and types of the output columns; analyses the query, reads no row."""
    return f"DESCRIBE QUERY\n{sql}"


def table_json(ref: TableRef) -> str:
    """One row with a table's metadata as JSON; Spark 4 and Databricks Runtime 16.2 know it, and later ones."""
    return f"DESCRIBE TABLE EXTENDED {path(*ref.parts)} AS JSON"


def table_rows(ref: TableRef) -> str:
    """A table's metadata as rows of text, where the JSON form is unknown."""
    return f"DESCRIBE TABLE EXTENDED {path(*ref.parts)}"


def table_detail(ref: TableRef) -> str:
    """Bytes, last change and keys of a Delta table, from its log."""
    return f"DESCRIBE DETAIL {path(*ref.parts)}"


def rows(sql: str) -> str:
    """The number of rows of a query."""
    return f"SELECT count(*) AS n FROM (\n{bare(sql)}\n) AS m"


def sample(sql: str, limit: int) -> str:
    """Some rows of a query."""
    return f"SELECT * FROM (\n{bare(sql)}\n) AS m LIMIT {limit}"


def histogram(ask: HistogramAsk, *, width: int, index: int, type_: Type) -> str:
    """The rows by what they are (``bucket``, ``null``, ``future``) and, in a bucket, by its index.

    The query puts out ``width`` columns; the iterator is the one at ``index`` (from 0). Columns are named by position,
    so that equal names do no harm. Whole seconds rounded down, and whether that lost nothing, decide, so that no
    fraction of a second moves a row over a bound; the bare column is bounded beside them, for pruning.
    """
    clock, whole = _reading(ask, type_)
    late = f"(second > {ask.now} OR (second = {ask.now} AND NOT whole))"
    clip = ["TRUE"]
    if ask.lower is not None:
        clip.append(f"second >= {ask.lower}")
    if ask.upper is not None:
        clip.append(f"(second < {ask.upper} OR (second = {ask.upper} AND whole))")
    zoned = _in_zone(
        f"SELECT {clock} AS clock, {whole} AS whole FROM (SELECT c{index} AS x FROM (\n{bare(ask.sql)}\n) AS"
        f" m({_positions(width)})) AS i{_prune(ask)}",
        _zone(ask),
    )
    return f"""SELECT state, CASE WHEN state = 'bucket' THEN (since - past) DIV {HOUR} END AS number,
  count(*) AS n, count_if(whole AND past = 0) AS at_start
FROM (
  SELECT whole, second - ({ask.anchor}) AS since, pmod(second - ({ask.anchor}), {HOUR}) AS past,
    CASE WHEN second IS NULL THEN 'null' WHEN {late} THEN 'future' ELSE 'bucket' END AS state
  FROM ({zoned}) AS r
  WHERE second IS NULL OR ({" AND ".join(clip)})
) AS s
GROUP BY 1, 2"""


def rehearsals(ask: RehearsalAsk) -> tuple[tuple[str, str], ...]:
    """The platform's statements, each with its purpose: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/.

    The model's text is in them as it is, a final semicolon included. How the platform extracts from Databricks is not
    documented: ``SELECT *`` stands for it.
    """
    window = ""
    if ask.iterator is not None and ask.window is not None:
        start, end = (f"{_moment(at):%Y-%m-%d %H:%M:%S}+0000" for at in (ask.window.start, ask.window.end))
        window = f" WHERE {ask.iterator} BETWEEN '{start}' AND '{end}'"
    return (
        ("discover columns", f"SELECT * FROM (\n{ask.sql}\n) LIMIT 0"),
        ("count", f"SELECT COUNT(*) FROM (\n{ask.sql}\n){window}"),
        ("extract", f"SELECT * FROM (\n{ask.sql}\n){window}"),
    )


def readable(ref: TableRef) -> str:
    """Reads no row, and is answered only where the session's principal may read the table."""
    return f"SELECT * FROM {path(*ref.parts)} LIMIT 0"


def grants(kind: str, parts: tuple[str, ...]) -> str:
    """The privileges on an object and, of these, those that it inherits; ``kind`` is CATALOG, SCHEMA or TABLE."""
    return f"SHOW GRANTS ON {kind} {path(*parts)}"


def memberships(groups: tuple[str, ...]) -> str:
    """One row: whether the session's principal is in each of these groups of the account."""
    return "SELECT " + ", ".join(
        f"is_account_group_member({literal(group)}) AS g{number}" for number, group in enumerate(groups)
    )


def bare(sql: str) -> str:
    """The model's text without the semicolons at its end and what comes behind them."""
    return _nested.body(sql, "databricks")


def literal(text: str) -> str:
    """``text`` as a string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def path(*parts: str) -> str:
    """A name of several parts, each quoted."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def _positions(width: int) -> str:
    return ", ".join(f"c{number}" for number in range(width))


def _reading(ask: HistogramAsk, type_: Type) -> tuple[str, str]:
    """How an iterator ``x`` becomes whole seconds since 1970, and whether that is exact.

    The seconds of a zone-less value are those of its own clock; ``_in_zone`` makes instants of them. Raises
    WarehouseError (UNSUPPORTED) where kind and type differ.
    """
    kind = ask.kind
    if kind is IteratorKind.INSTANT and type_.kind is Kind.INSTANT:
        return _floor("unix_micros(x)", 1_000_000)
    if kind is IteratorKind.ZONELESS and type_.kind is Kind.TIMESTAMP:
        return _floor("unix_micros(CAST(x AS TIMESTAMP))", 1_000_000)
    if kind in (IteratorKind.DATE, IteratorKind.ZONELESS) and type_.kind is Kind.DATE:
        return f"CAST(unix_date(x) AS BIGINT) * {DAY}", "x IS NOT NULL"
    if kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS) and type_.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT):
        unit = f"CASE WHEN x > {_FAR} THEN {_FAR} WHEN x < -{_FAR} THEN -{_FAR} ELSE CAST(floor(x) AS BIGINT) END"
        second, whole = _floor(unit, 1 if kind is IteratorKind.EPOCH_S else 1000)
        return second, whole if type_.kind is Kind.INTEGER else f"{whole} AND coalesce(floor(x) = x, FALSE)"
    wanted = kind.value if kind else "no iterator"
    raise WarehouseError(
        Cause.UNSUPPORTED,
        f"the iterator is {type_} in Databricks, but the pipeline reads it as {wanted}",
        remedy="mend iterator_data_type, or cast the column in the data model",
    )


def _floor(number: str, per_second: int) -> tuple[str, str]:
    """Whole seconds of a count of fractions, rounded down: DIV rounds towards zero."""
    if per_second == 1:
        return number, "x IS NOT NULL"
    rest = f"({number}) % {per_second}"
    second = f"({number}) DIV {per_second} - CASE WHEN {rest} < 0 THEN 1 ELSE 0 END"
    return second, f"coalesce({rest} = 0, FALSE)"


def _zone(ask: HistogramAsk) -> str:
    return ask.time_zone if ask.kind in (IteratorKind.ZONELESS, IteratorKind.DATE) else "UTC"


def _in_zone(inner: str, zone: str) -> str:
    """``inner``'s ``clock`` as the instant ``second`` at which clocks in ``zone`` show it.

    A time that they skip is read with the offset that held before the jump, as Spark reads it. One that they show twice
    is read as the later instant, where Spark reads the earlier: ``later`` is the clock less the offset of a day on, and
    it counts where clocks show the same at it.
    """
    if zone == "UTC":
        return f"SELECT clock AS second, whole FROM (\n{inner}\n) AS z"
    name = literal(zone)
    known = f"clock BETWEEN {_FIRST} AND {_LAST}"

    def shown(second: str) -> str:
        return f"unix_seconds(from_utc_timestamp(timestamp_seconds({second}), {name}))"

    return f"""SELECT whole,
  CASE WHEN {known} AND later > first AND {shown("later")} = clock THEN later ELSE first END AS second
FROM (
  SELECT clock, whole, first, CASE WHEN {known} THEN clock - {shown(f"first + {DAY}")} + first + {DAY} END AS later
  FROM (
    SELECT clock, whole,
      CASE WHEN {known} THEN unix_seconds(to_utc_timestamp(timestamp_seconds(clock), {name})) ELSE clock END AS first
    FROM (
{inner}
    ) AS z
  ) AS e
) AS l"""


def _prune(ask: HistogramAsk) -> str:
    """Bounds of the bare iterator that hold every row of the clip; a zone may move a clock by up to a day."""
    bounds = list(_bounds(ask))
    return f" WHERE x IS NULL OR ({' AND '.join(bounds)})" if bounds else ""


def _bounds(ask: HistogramAsk) -> Iterator[str]:
    for sign, instant, away in ((">=", ask.lower, -DAY), ("<=", ask.upper, DAY)):
        if instant is None:
            continue
        if ask.kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
            yield f"x {sign} {instant * (1 if ask.kind is IteratorKind.EPOCH_S else 1000)}"
        elif ask.kind is IteratorKind.INSTANT:
            yield f"x {sign} TIMESTAMP '{_moment(instant).isoformat()}Z'"
        elif ask.kind is IteratorKind.ZONELESS:
            yield f"x {sign} TIMESTAMP_NTZ '{_moment(instant + away).isoformat(' ')}'"
        else:
            yield f"x {sign} DATE '{_moment(instant + away).date().isoformat()}'"


def _moment(instant: int) -> datetime:
    """The instant in UTC, without its zone, and within the years that a literal can name."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(seconds=min(max(instant, _FIRST - DAY), _LAST))).replace(tzinfo=None)
