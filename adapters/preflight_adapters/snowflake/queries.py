"""What Snowflake is asked, as its SQL. Pure: it knows no driver and no connection.

A model's text is put verbatim between line breaks; only a semicolon at its end, and what comes behind, is left out.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, HistogramAsk, IteratorKind, Kind, RehearsalAsk, TableRef, Type
from preflight_adapters import _nested
from preflight_adapters._zones import steps

_FAR = 4_000_000_000_000_000_000
"""Units of an epoch that stand for what lies beyond; a NaN is among them, since Snowflake sorts it last."""
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1)
_BARE = re.compile(r"[A-Z_][A-Z0-9_$]*")

SESSION = (
    "SELECT CURRENT_ROLE() AS role_name, CURRENT_SECONDARY_ROLES() AS secondary_roles,"
    " CURRENT_WAREHOUSE() AS warehouse_name, CURRENT_DATABASE() AS database_name, CURRENT_USER() AS user_name"
)
"""Whose session it is; needs no warehouse."""
ONE = "SELECT 1 AS one"


def body(sql: str) -> str:
    """The model's text without the semicolons at its end and what comes behind them."""
    return _nested.body(sql, "snowflake")


def rows(sql: str) -> str:
    """The number of rows of a query."""
    return f"SELECT COUNT(*) AS n FROM (\n{body(sql)}\n) AS m"


def sample(sql: str, limit: int) -> str:
    """Some rows of a query."""
    return f"SELECT * FROM (\n{body(sql)}\n) AS m LIMIT {limit}"


def objects(ref: TableRef) -> str:
    """The tables and views whose name is like the table's, in its schema; no warehouse runs.

    A pattern of SHOW has no documented escape, so a name with ``_`` finds others too.
    """
    return f"SHOW OBJECTS LIKE {literal(ref.name)} IN SCHEMA {schema_name(ref)}"


def columns(ref: TableRef) -> str:
    """The columns of a table or view; no warehouse runs."""
    return f"DESCRIBE TABLE {table_name(ref)}"


def grants(role: str) -> str:
    """What is granted to a role itself; ``role`` is quoted, and has the database's name too where that holds it."""
    parts = split_name(role)
    return f"SHOW GRANTS TO {'DATABASE ROLE' if len(parts) > 1 else 'ROLE'} {'.'.join(map(identifier, parts))}"


def integration(name: str) -> str:
    """The properties of an integration, a row each."""
    return f"DESCRIBE INTEGRATION {identifier(name)}"


def warehouses(name: str) -> str:
    """The warehouses that the role sees under this name, in whatever case."""
    return f"SHOW WAREHOUSES LIKE {literal(name)}"


def reads(ref: TableRef) -> str:
    """A query whose compilation needs every right to read one table."""
    return f"SELECT COUNT(*) AS n FROM {table_name(ref)}"


def histogram(ask: HistogramAsk, type_: Type) -> str:
    """The rows by what they are (``bucket``, ``null``, ``future``) and, in a bucket, by its index; one scan.

    ``type_`` is the iterator's. The clip stands on the bare column first, wide enough for any zone, so that
    micro-partitions are pruned; then on whole seconds rounded down and on whether that lost nothing.
    """
    assert ask.iterator is not None  # noqa: S101 - the caller counts rows where there is none
    clock, whole = _reading(ask, type_)
    zoned = ask.kind in (IteratorKind.ZONELESS, IteratorKind.DATE) and ask.time_zone != "UTC"
    late = f"(at_second > {ask.now} OR (at_second = {ask.now} AND NOT whole))"
    clip = ["TRUE"]
    if ask.lower is not None:
        clip.append(f"at_second >= {ask.lower}")
    if ask.upper is not None:
        clip.append(f"(at_second < {ask.upper} OR (at_second = {ask.upper} AND whole))")
    column = f"m.{identifier(ask.iterator)}"
    past = _modulo(f"at_second - ({ask.anchor})", HOUR)
    return f"""SELECT state,
  CASE WHEN state = 'bucket' THEN CAST((since - past) / {HOUR} AS NUMBER(38, 0)) END AS bucket,
  COUNT(*) AS n, COUNT_IF(whole AND past = 0) AS at_start
FROM (
  SELECT whole, at_second - ({ask.anchor}) AS since, {past} AS past,
    CASE WHEN at_second IS NULL THEN 'null' WHEN {late} THEN 'future' ELSE 'bucket' END AS state
  FROM (
    SELECT {_instant(ask) if zoned else "clock"} AS at_second, whole
    FROM (
      SELECT {clock} AS clock, {whole} AS whole
      FROM (SELECT {column} AS x FROM (
{body(ask.sql)}
      ) AS m{_pruned(ask, type_, column, zoned=zoned)}) AS i
    ) AS c
  ) AS r
  WHERE at_second IS NULL OR ({" AND ".join(clip)})
) AS s
GROUP BY 1, 2"""


def _reading(ask: HistogramAsk, type_: Type) -> tuple[str, str]:
    """How ``x`` becomes whole seconds of its own clock since 1970, and whether that is exact."""
    kind = ask.kind
    if kind is IteratorKind.INSTANT and type_.kind is Kind.INSTANT:
        return _seconds("'1970-01-01T00:00:00+00:00'::TIMESTAMP_TZ")
    if kind is IteratorKind.ZONELESS and type_.kind is Kind.TIMESTAMP:
        return _seconds("'1970-01-01T00:00:00'::TIMESTAMP_NTZ")
    if kind in (IteratorKind.DATE, IteratorKind.ZONELESS) and type_.kind is Kind.DATE:
        return f"DATEDIFF(day, '1970-01-01'::DATE, x) * {_DAY}", "x IS NOT NULL"
    if kind in _PER_SECOND and type_.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT):
        return _epoch(_PER_SECOND[kind], fractions=type_.kind is not Kind.INTEGER)
    wanted = kind.value if kind else "no iterator"
    raise WarehouseError(
        Cause.UNSUPPORTED,
        f"the iterator is {type_} in Snowflake, but the pipeline reads it as {wanted}",
        remedy="cast the column in the data model, or mend iterator_data_type",
        name=ask.iterator or "",
    )


_PER_SECOND = {IteratorKind.EPOCH_S: 1, IteratorKind.EPOCH_MS: 1000}


def _seconds(epoch: str) -> tuple[str, str]:
    """DATEDIFF counts the whole seconds that begin between both, so it rounds down before 1970 too."""
    return f"DATEDIFF(second, {epoch}, x)", "COALESCE(x = DATE_TRUNC('SECOND', x), FALSE)"


def _epoch(per_second: int, *, fractions: bool) -> tuple[str, str]:
    floor = "FLOOR(x)" if fractions else "x"
    unit = f"(CASE WHEN x > {_FAR} THEN {_FAR} WHEN x < -{_FAR} THEN -{_FAR} ELSE CAST({floor} AS NUMBER(38, 0)) END)"
    rest = _modulo(unit, per_second)
    whole = f"{unit} % {per_second} = 0" + (" AND FLOOR(x) = x" if fractions else "")
    return f"CAST(({unit} - {rest}) / {per_second} AS NUMBER(38, 0))", f"COALESCE({whole}, FALSE)"


def _modulo(number: str, divisor: int) -> str:
    """The remainder that is never negative; Snowflake's own takes the sign of the dividend."""
    return f"((({number}) % {divisor} + {divisor}) % {divisor})"


def _instant(ask: HistogramAsk) -> str:
    """The instant at which clocks in the zone show ``clock``; the zone's changes are listed, latest first."""
    upper = max(bound for bound in (ask.now, ask.upper) if bound is not None)
    try:
        *later, (_, earliest) = steps(ask.time_zone, ask.lower, upper)
    except (KeyError, ValueError, OSError):
        raise WarehouseError(Cause.UNSUPPORTED, f"no time zone is called {ask.time_zone}") from None
    if not later:
        return f"clock - ({earliest})"
    cases = " ".join(f"WHEN clock >= {start} THEN {offset}" for start, offset in later)
    return f"clock - CASE {cases} ELSE {earliest} END"


def _pruned(ask: HistogramAsk, type_: Type, column: str, *, zoned: bool) -> str:
    """The clip on the bare column, where it can be written; a row without a value is counted too."""
    slack = _DAY if zoned else 0
    tests = []
    for bound, sign, by in ((ask.lower, ">=", -slack), (ask.upper, "<=", slack)):
        if bound is not None and (value := _bound(bound + by, ask, type_)):
            tests.append(f"{column} {sign} {value}")
    return f"\n      WHERE {column} IS NULL OR ({' AND '.join(tests)})" if tests else ""


def _bound(instant: int, ask: HistogramAsk, type_: Type) -> str:
    """An instant as a value of the column's own type; empty where no such value is."""
    if ask.kind in _PER_SECOND:
        return str(instant * _PER_SECOND[ask.kind])
    try:
        moment = _EPOCH + timedelta(seconds=instant)
    except OverflowError:
        return ""
    if type_.kind is Kind.DATE:
        return f"'{moment:%Y-%m-%d}'::DATE" if moment.year >= 1000 else ""
    if moment.year < 1000:
        return ""
    text = moment.isoformat()
    return f"'{text}+00:00'::TIMESTAMP_TZ" if type_.kind is Kind.INSTANT else f"'{text}'::TIMESTAMP_NTZ"


def rehearsal(ask: RehearsalAsk, kind: Kind | None) -> tuple[tuple[str, str], ...]:
    """The platform's three statements, each with its purpose: https://docs.mparticle.com/developers/warehouse-sync-api/sql/.

    ``kind`` is the iterator's. That page shows a timestamp's window alone; a date or a number is written as such.
    """
    where = ""
    if ask.iterator is not None and ask.window is not None:
        first, last = (_moment(bound, kind) for bound in (ask.window.start, ask.window.end))
        where = f" WHERE {ask.iterator} BETWEEN {first} AND {last}"
    return (
        ("discover columns", f"SELECT * FROM (\n{ask.sql}\n) LIMIT 0"),
        ("count", f"SELECT COUNT(*) FROM (\n{ask.sql}\n){where}"),
        ("extract", f"SELECT OBJECT_CONSTRUCT_KEEP_NULL(*) FROM (\n{ask.sql}\n){where}"),
    )


def _moment(instant: int, kind: Kind | None) -> str:
    if kind in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT):
        return str(instant)
    moment = _EPOCH + timedelta(seconds=instant)
    return f"'{moment:%Y-%m-%d}'" if kind is Kind.DATE else f"'{moment.isoformat(' ')}+0000'"


def table_name(ref: TableRef) -> str:
    """A table's name in full; where the query leaves the schema out, Snowflake takes PUBLIC."""
    return f"{schema_name(ref)}.{identifier(ref.name)}"


def schema_name(ref: TableRef) -> str:
    """Its schema's name, with the database where that is known."""
    return ".".join(identifier(part) for part in (ref.catalog, ref.schema or "PUBLIC") if part)


def plain(name: str) -> str:
    """A name in quotes only where it needs them, for statements that people read."""
    return name if _BARE.fullmatch(name) else identifier(name)


def split_name(text: str) -> tuple[str, ...]:
    """The parts of a dotted name as Snowflake writes it, each without its quotes."""
    return tuple(
        quoted.replace('""', '"') if quoted else bare for quoted, bare in re.findall(r'"((?:[^"]|"")*)"|([^".]+)', text)
    )


def literal(text: str) -> str:
    """``text`` as a Snowflake string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def identifier(name: str) -> str:
    """``name`` as a quoted Snowflake identifier."""
    return '"' + name.replace('"', '""') + '"'
