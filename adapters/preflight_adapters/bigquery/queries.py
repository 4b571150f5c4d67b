"""What BigQuery is asked, as GoogleSQL. Pure: it knows no driver and no connection.

A model's text is only ever nested, never edited: between line breaks, because it may end in a comment. Only a
semicolon at its end, and what comes behind, is left out by ``body``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, HistogramAsk, IteratorKind, Kind, Window
from preflight_adapters import _nested

MAXIMUM_BUCKETS = 1_000_000
"""Hours that one histogram may return: 114 years without a gap."""

_FAR = 4_000_000_000_000_000_000
"""Seconds, or units of an epoch, that stand for what lies beyond; INT64 holds their differences."""
_FIRST, _LAST = date(1, 1, 1).toordinal(), date(9999, 12, 31).toordinal()
_EPOCH = date(1970, 1, 1).toordinal()
_MARGIN = 2
"""Days by which a zone-less bound is widened: no zone is further from UTC, and the exact bound follows outside."""

PROBE = "SELECT 1 AS one"
"""The least that a warehouse can compile."""


def body(sql: str) -> str:
    """The model's text without the semicolons at its end and what comes behind them."""
    return _nested.body(sql, "bigquery")


def rows(sql: str, condition: str = "") -> str:
    """The number of rows of a query."""
    return f"SELECT COUNT(*) AS n FROM (\n{sql}\n) AS m{f' WHERE {condition}' if condition else ''}"


def sample(sql: str, limit: int, condition: str = "") -> str:
    """Some rows of a query; it reads no fewer bytes for being cut short."""
    return f"SELECT * FROM (\n{sql}\n) AS m{f' WHERE {condition}' if condition else ''} LIMIT {limit}"


def filtered(sql: str, columns: tuple[str, ...]) -> str:
    """The query with the partition columns that its tables want a filter on bounded by the start of time."""
    return f"SELECT * FROM (\n{sql}\n) AS m WHERE {eliminates(columns)}"


def eliminates(columns: tuple[str, ...]) -> str:
    """A condition of ``m`` that a table which requires a partition filter takes for one, and that drops no row.

    The text takes on the type of a DATE, DATETIME or TIMESTAMP column.
    """
    tests = (f"(m.{identifier(name)} >= '0001-01-01' OR m.{identifier(name)} IS NULL)" for name in columns)
    return " AND ".join(tests)


def histogram(ask: HistogramAsk, kind: Kind, condition: str = "") -> str:
    """The rows by what they are (``bucket``, ``null``, ``future``) and, in a bucket, by its index.

    ``kind`` is the iterator's column's, ``condition`` the partition filter that a table requires, if it does. The
    statement scans the query once. The column stands bare in the innermost predicate, so that partitions and blocks are
    pruned; the exact bounds follow outside, on whole seconds rounded down and on whether that lost nothing. Rows are
    limited to one more than ``MAXIMUM_BUCKETS`` and the two other states.
    """
    clock, whole = reading(ask, kind)
    zone = ask.time_zone if ask.kind in (IteratorKind.ZONELESS, IteratorKind.DATE) else "UTC"
    late = f"(second > {ask.now} OR (second = {ask.now} AND NOT whole))"
    clip = ["TRUE"]
    if ask.lower is not None:
        clip.append(f"second >= {ask.lower}")
    if ask.upper is not None:
        clip.append(f"(second < {ask.upper} OR (second = {ask.upper} AND whole))")
    return f"""SELECT state, IF(state = 'bucket', DIV((since - past), {HOUR}), NULL) AS number,
  COUNT(*) AS n, COUNTIF(whole AND past = 0) AS at_start
FROM (
  SELECT whole, second - ({ask.anchor}) AS since, {_modulo(f"(second - ({ask.anchor}))", HOUR)} AS past,
    CASE WHEN second IS NULL THEN 'null' WHEN {late} THEN 'future' ELSE 'bucket' END AS state
  FROM (
    SELECT {_in_zone(zone)} AS second, whole
    FROM (
      SELECT {clock} AS clock, {whole} AS whole
      FROM (SELECT m.{identifier(ask.iterator or "")} AS x FROM (
{ask.sql}
      ) AS m WHERE ({pruning(ask, kind)}){f" AND {condition}" if condition else ""}) AS i
    ) AS c
  ) AS r
  WHERE second IS NULL OR ({" AND ".join(clip)})
) AS s
GROUP BY state, number
LIMIT {MAXIMUM_BUCKETS + 3}"""


def pruning(ask: HistogramAsk, kind: Kind) -> str:
    """Bounds on the bare iterator that lose no row of the clip, and no row without a value.

    A time has a lower bound always, at the start of time: a table may require a filter on its partition column.
    """
    column = f"m.{identifier(ask.iterator or '')}"
    tests = []
    if (lower := _bound(ask, kind, ask.lower, -_MARGIN)) is not None:
        tests.append(f"{column} >= {lower}")
    if ask.upper is not None and (upper := _bound(ask, kind, ask.upper, _MARGIN)) is not None:
        tests.append(f"{column} <= {upper}")
    return f"({' AND '.join(tests)}) OR {column} IS NULL" if tests else "TRUE"


def reading(ask: HistogramAsk, kind: Kind) -> tuple[str, str]:
    """How an iterator ``x`` becomes whole seconds since 1970, rounded down, and whether that is exact.

    The seconds of a zone-less value are those of its own clock; ``_in_zone`` makes instants of them. Raises
    WarehouseError (UNSUPPORTED) where the ask's kind and the column's differ.
    """
    if ask.kind is IteratorKind.INSTANT and kind is Kind.INSTANT:
        second = "TIMESTAMP_TRUNC(x, SECOND)"
        return f"UNIX_SECONDS({second})", f"COALESCE({second} = x, FALSE)"
    if ask.kind is IteratorKind.ZONELESS and kind is Kind.TIMESTAMP:
        second = "DATETIME_TRUNC(x, SECOND)"
        return f"UNIX_SECONDS(TIMESTAMP({second}))", f"COALESCE({second} = x, FALSE)"
    if ask.kind in (IteratorKind.DATE, IteratorKind.ZONELESS) and kind is Kind.DATE:
        return "UNIX_DATE(x) * 86400", "x IS NOT NULL"
    if ask.kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS) and kind in (Kind.INTEGER, Kind.DECIMAL):
        return _epoch(1 if ask.kind is IteratorKind.EPOCH_S else 1000, fractions=kind is Kind.DECIMAL)
    wanted = ask.kind.value if ask.kind else "no iterator"
    raise WarehouseError(
        Cause.UNSUPPORTED,
        f"the iterator's column is a {kind.value} in BigQuery, but the pipeline reads it as {wanted}",
        remedy="mend iterator_data_type, or cast the column",
    )


def _epoch(per_second: int, *, fractions: bool) -> tuple[str, str]:
    floor = "FLOOR(x)" if fractions else "x"
    unit = f"CAST(LEAST(GREATEST({floor}, -{_FAR}), {_FAR}) AS INT64)"
    rest = _modulo(unit, per_second)
    whole = f"MOD({unit}, {per_second}) = 0" + (" AND FLOOR(x) = x" if fractions else "")
    return f"DIV(({unit} - {rest}), {per_second})", f"COALESCE({whole}, FALSE)"


def _modulo(number: str, divisor: int) -> str:
    """The remainder that is never negative; BigQuery's own takes the sign of the dividend."""
    return f"MOD(MOD({number}, {divisor}) + {divisor}, {divisor})"


def _in_zone(zone: str) -> str:
    """The instant at which clocks in ``zone`` show ``clock``.

    A time that they show twice is read as the later of the two instants (standard time), one that they skip with the
    offset that held before the jump. BigQuery's own reading of both is not documented, so it is not asked: the offsets
    of a day before and a day after decide.
    """
    if zone == "UTC":
        return "clock"
    lowest, highest = (_FIRST + 3 - _EPOCH) * 86400, (_LAST - 3 - _EPOCH) * 86400
    after = f"clock - ({_offset('clock + 86400', zone)})"
    before = f"clock - ({_offset('clock - 86400', zone)})"
    return (
        f"CASE WHEN clock NOT BETWEEN {lowest} AND {highest} THEN clock"
        f" WHEN {_clock(after, zone)} = clock THEN {after} ELSE {before} END"
    )


def _offset(instant: str, zone: str) -> str:
    """Seconds by which clocks in ``zone`` are ahead of UTC at an instant."""
    return f"{_clock(instant, zone)} - ({instant})"


def _clock(instant: str, zone: str) -> str:
    """What clocks in ``zone`` show at an instant, in seconds as if it were UTC."""
    return f"UNIX_SECONDS(TIMESTAMP(DATETIME(TIMESTAMP_SECONDS({instant}), {literal(zone)})))"


def _bound(ask: HistogramAsk, kind: Kind, instant: int | None, margin: int) -> str | None:
    """A bound in the iterator's own type, widened by ``margin`` days where it has no zone; None: there is none."""
    if ask.kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
        return None if instant is None else str(instant * (1 if ask.kind is IteratorKind.EPOCH_S else 1000))
    ends = (_FIRST - _EPOCH) * 86400, (_LAST - _EPOCH + 1) * 86400 - 1
    if ask.kind is IteratorKind.INSTANT:
        second = ends[0] if instant is None else min(max(instant, ends[0]), ends[1])
        return f"TIMESTAMP '{_written(second)}+00:00'"
    second = ends[0] if instant is None else min(max(instant + margin * 86400, ends[0]), ends[1])
    return f"{'DATE' if kind is Kind.DATE else 'DATETIME'} '{_written(second)[:10]}'"


def _written(second: int) -> str:
    return (datetime(1970, 1, 1) + timedelta(seconds=second)).isoformat(" ")


def discover(sql: str) -> str:
    """The platform's statement that discovers columns.

    Source of all three: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source).
    """
    return f"SELECT * FROM (\n{sql}\n) LIMIT 0"


def count(sql: str, iterator: str | None, window: Window | None, kind: Kind) -> str:
    """The platform's row count of a run."""
    return f"SELECT COUNT(*) FROM (\n{sql}\n){_between(iterator, window, kind)}"


def extract(sql: str, iterator: str | None, window: Window | None, kind: Kind) -> str:
    """The platform's extract of a run; its form on BigQuery is inferred, the documented one is Snowflake's."""
    return f"SELECT * FROM (\n{sql}\n){_between(iterator, window, kind)}"


def _between(iterator: str | None, window: Window | None, kind: Kind) -> str:
    """The documented predicate, with bounds in a spelling that a column of ``kind`` takes.

    The documented spelling (``2023-03-01 14:28:55+0000``) is Snowflake's; how the platform writes bounds for BigQuery
    is not documented.
    """
    if iterator is None or window is None:
        return ""
    bounds = (_platform_bound(instant, kind) for instant in (window.start, window.end))
    return f" WHERE {iterator} BETWEEN {' AND '.join(bounds)}"


def _platform_bound(instant: int, kind: Kind) -> str:
    if kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT):
        return str(instant)
    moment = datetime.fromtimestamp(instant, UTC)
    if kind is Kind.DATE:
        return f"'{moment:%Y-%m-%d}'"
    return f"'{moment:%Y-%m-%d %H:%M:%S}{'' if kind is Kind.TIMESTAMP else '+00:00'}'"


def literal(text: str) -> str:
    """``text`` as a string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def identifier(name: str) -> str:
    """``name`` as a quoted identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`").replace("\n", "\\n").replace("\r", "\\r")
    return f"`{escaped}`"
