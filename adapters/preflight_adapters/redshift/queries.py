"""What Redshift is asked, as SQL. Pure: it knows no driver and no connection.

A model's text is only ever nested, verbatim and between line breaks; a final semicolon alone is blanked out, which
moves no position. No literal holds a backslash: Redshift reads it as an escape, PostgreSQL does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight.model import HOUR, HistogramAsk, IteratorKind, Kind, RehearsalAsk, TableRef, Type, Window

_FAR = 4_000_000_000_000_000_000
"""Seconds, or units of an epoch, that stand for what lies beyond the years 1 to 9999; int64 holds their differences."""
_MARGIN = 2 * 86400
"""Seconds by which a bound on the bare column is wider than the exact one: more than any zone's offset."""
_EPOCH = datetime(1970, 1, 1)


class Statement(msgspec.Struct, frozen=True):
    """A statement, and where in it the model's own text stands."""

    text: str
    start: int | None = None
    """The offset of the model's first character; None where there is no model in it."""
    length: int = 0

    @property
    def model(self) -> str:
        """The model's own text."""
        start = self.start or 0
        return self.text[start : start + self.length]

    def offset(self, position: int | None) -> int | None:
        """The 0-based offset in the model's text of a 1-based ``position`` in the statement; None outside of it."""
        if position is None or self.start is None:
            return None
        offset = position - 1 - self.start
        return offset if 0 <= offset < self.length else None


def model(sql: str) -> Statement:
    """The model's text alone."""
    return Statement(sql, 0, len(sql))


def _around(before: str, sql: str, after: str) -> Statement:
    return Statement(f"{before}{sql}{after}", len(before), len(sql))


def unended(sql: str) -> str:
    """``sql`` with the semicolons at its end as spaces, so that it can be nested; comments behind them stay."""
    if ";" not in sql:
        return sql
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        tokens = tokenize(sql, dialect="redshift")
    except SqlglotError:
        return sql
    while tokens and tokens[-1].token_type.name == "SEMICOLON":
        end = tokens.pop().end
        sql = f"{sql[:end]} {sql[end + 1 :]}"
    return sql


def settings(timeout_seconds: int) -> tuple[str, ...]:
    """What is set for the whole session, outside of any transaction."""
    return (
        "SET timezone TO 'UTC'",
        "SET query_group TO 'preflight'",
        f"SET statement_timeout TO {timeout_seconds * 1000}",
    )


BEGIN = "BEGIN READ ONLY"
ROLLBACK = "ROLLBACK"
WHO = "SELECT current_user, current_database()"
SEARCH_PATH = "SHOW search_path"
CASE_SENSITIVE = "SHOW enable_case_sensitive_identifier"
ONE = "SELECT 1 AS one"
MAY_READ_TABLE_INFO = "SELECT has_table_privilege('svv_table_info', 'SELECT')"


def no_rows(sql: str) -> Statement:
    """The query behind a condition that is false, so that nothing is scanned."""
    return _around("SELECT * FROM (\n", unended(sql), "\n) AS model WHERE false LIMIT 0")


def rows(sql: str) -> Statement:
    """The number of rows of a query."""
    return _around("SELECT count(*) FROM (\n", unended(sql), "\n) AS model")


def sample(sql: str, limit: int) -> Statement:
    """Some rows of a query."""
    return _around("SELECT * FROM (\n", unended(sql), f"\n) AS model LIMIT {limit}")


def objects(schemas: Iterable[str], name: str) -> str:
    """Tables and views of that name in any of these schemas, found without case: schema, name, kind, object id."""
    listed = ", ".join(literal(schema.lower()) for schema in schemas)
    return (
        "SELECT n.nspname, c.relname, c.relkind, c.oid"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'v', 'm', 'p') AND lower(c.relname) = {literal(name.lower())}"
        f" AND lower(n.nspname) IN ({listed})"
    )


def columns(oid: int) -> str:
    """A table's columns in order: name, type's object id, its modifier, whether NULL may not stand in it."""
    return (
        "SELECT attname, atttypid, atttypmod, attnotnull FROM pg_attribute"
        f" WHERE attrelid = {oid} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )


def sort_keys(database: str, schema: str, name: str) -> str:
    """The columns of a table's sort key, in its order."""
    return (
        "SELECT column_name FROM svv_redshift_columns"
        f" WHERE database_name = {literal(database)} AND schema_name = {literal(schema)}"
        f" AND table_name = {literal(name)} AND sortkey <> 0 ORDER BY abs(sortkey)"
    )


def table_info(oid: int) -> str:
    """A table's estimated rows, deleted ones left out, and its size in blocks of one megabyte; no row: it is empty."""
    return f"SELECT estimated_visible_rows, size FROM svv_table_info WHERE table_id = {oid}"


def far_objects(database: str, schema: str, name: str) -> str:
    """Tables and views outside this database's own catalog (external, shared, elsewhere): schema, name, kind."""
    return f"SELECT schema_name, table_name, table_type FROM svv_all_tables WHERE {_far(database, schema, name)}"


def far_columns(database: str, schema: str, name: str) -> str:
    """Their columns in order: name, type, length, precision, scale, nullability."""
    return (
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable"
        f" FROM svv_all_columns WHERE {_far(database, schema, name)} ORDER BY ordinal_position"
    )


def _far(database: str, schema: str, name: str) -> str:
    parts = {"database_name": database, "schema_name": schema, "table_name": name}
    return " AND ".join(f"lower({column}) = {literal(part.lower())}" for column, part in parts.items())


def table_rows(schema: str, name: str) -> str:
    """A whole view, to be described and not run."""
    return f"SELECT * FROM {identifier(schema)}.{identifier(name)}"


def schema_rights(user: str, schemas: Iterable[str]) -> str:
    """Each of these schemas that there is, and whether ``user`` may use it."""
    listed = ", ".join(literal(schema) for schema in schemas)
    return (
        f"SELECT nspname, has_schema_privilege({literal(user)}, nspname, 'USAGE')"
        f" FROM pg_namespace WHERE nspname IN ({listed})"
    )


def table_rights(user: str, tables: Iterable[tuple[str, str]]) -> str:
    """Each of these tables that there is (schema, name), and whether ``user`` may read it.

    NULL where it cannot be asked: a name is looked up with the rights of whoever asks.
    """
    listed = " OR ".join(f"(n.nspname = {literal(schema)} AND c.relname = {literal(name)})" for schema, name in tables)
    name = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
    return (
        "SELECT n.nspname, c.relname, CASE WHEN has_schema_privilege(n.nspname, 'USAGE')"
        f" THEN has_table_privilege({literal(user)}, {name}, 'SELECT') END"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'v', 'm', 'p') AND ({listed})"
    )


def role_right(user: str, arn: str) -> str:
    """Whether ``user`` may unload with an IAM role."""
    return f"SELECT has_assumerole_privilege({literal(user)}, {literal(arn)}, 'UNLOAD')"


def database_right(user: str, database: str) -> str:
    """Whether ``user`` may use a database that is shared with this one."""
    return f"SELECT has_database_privilege({literal(user)}, {literal(database)}, 'USAGE')"


def rehearsals(ask: RehearsalAsk) -> tuple[tuple[str, Statement], ...]:
    """The platform's statements by purpose, as its documentation writes them, each with an alias for the derived table.

    Source: https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source).
    """
    within = ""
    if ask.iterator is not None and ask.window is not None:
        within = f" WHERE {ask.iterator} BETWEEN {_between(ask.window)}"
    return (
        ("discover columns", _around("SELECT * FROM (\n", ask.sql, "\n) AS model LIMIT 0")),
        ("count", _around("SELECT COUNT(*) FROM (\n", ask.sql, f"\n) AS model{within}")),
        ("extract", _around("SELECT * FROM (\n", ask.sql, f"\n) AS model{within}")),
    )


def _between(window: Window) -> str:
    return " AND ".join(f"'{_utc(second):%Y-%m-%d %H:%M:%S}+0000'" for second in (window.start, window.end))


def _utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def histogram(ask: HistogramAsk, of: Type) -> Statement:
    """The rows by what they are (``bucket``, ``null``, ``future``) and, in a bucket, by its index; the query runs once.

    ``of`` is the iterator's type. Seconds are rounded down and ``exact`` says whether that lost nothing, so that no
    fraction of a second moves a row over a bound. The bounds on the bare column are wide, for pruning; those on the
    seconds are exact.
    """
    second, exact = reading(ask, of)
    late = f"(at_second > {ask.now} OR (at_second = {ask.now} AND exact = 0))"
    clip = ["true"]
    if ask.lower is not None:
        clip.append(f"at_second >= {ask.lower}")
    if ask.upper is not None:
        clip.append(f"(at_second < {ask.upper} OR (at_second = {ask.upper} AND exact = 1))")
    before = f"""SELECT state, CASE WHEN state = 'bucket' THEN (since - past) / {HOUR} END AS bucket,
  count(*) AS all_rows, count(CASE WHEN exact = 1 AND past = 0 THEN 1 END) AS at_start
FROM (
  SELECT exact, at_second - ({ask.anchor}) AS since, {_modulo(f"(at_second - ({ask.anchor}))", HOUR)} AS past,
    CASE WHEN at_second IS NULL THEN 'null' WHEN {late} THEN 'future' ELSE 'bucket' END AS state
  FROM (
    SELECT {second} AS at_second, CASE WHEN {exact} THEN 1 ELSE 0 END AS exact
    FROM (SELECT model.{identifier(ask.iterator or "")} AS x FROM (
"""
    after = f"""
    ) AS model{_wide(ask, of)}) AS iterators
  ) AS instants
  WHERE at_second IS NULL OR ({" AND ".join(clip)})
) AS stated
GROUP BY 1, 2"""
    return _around(before, unended(ask.sql), after)


_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)


def reading(ask: HistogramAsk, of: Type) -> tuple[str, str]:
    """How an iterator ``x`` becomes whole seconds since 1970, and when that is exact.

    Raises WarehouseError (UNSUPPORTED) where the ask's kind and the column's type differ.
    """
    kind = ask.kind
    if kind is IteratorKind.INSTANT and of.kind is Kind.INSTANT:
        return _seconds("(x AT TIME ZONE 'UTC')")
    if kind is IteratorKind.ZONELESS and of.kind is Kind.TIMESTAMP:
        return _seconds("x", ask.time_zone)
    if kind in (IteratorKind.DATE, IteratorKind.ZONELESS) and of.kind is Kind.DATE:
        return _seconds("CAST(x AS TIMESTAMP)", ask.time_zone)
    if kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS) and of.kind in _NUMBERS:
        return _epoch(1 if kind is IteratorKind.EPOCH_S else 1000, fractions=of.kind is not Kind.INTEGER)
    wanted = kind.value if kind else "nothing"
    raise WarehouseError(
        Cause.UNSUPPORTED,
        f"the iterator {ask.iterator} is of type {of}, but the pipeline reads it as {wanted}",
        remedy="mend iterator_data_type, or cast the column to the type that it names",
        name=ask.iterator or "",
    )


def _seconds(clock: str, zone: str = "UTC") -> tuple[str, str]:
    """The seconds of a zone-less ``clock`` that is read in ``zone``.

    They are put together from days and parts of the day: Redshift's own epoch is documented as a number of 32 bits.
    """
    cut = f"date_trunc('second', {clock})"
    moved = cut if zone == "UTC" else f"(({cut} AT TIME ZONE {literal(zone)}) AT TIME ZONE 'UTC')"
    first, last = "CAST('0001-01-02 00:00:00' AS TIMESTAMP)", "CAST('9999-12-30 00:00:00' AS TIMESTAMP)"
    days = f"CAST(CAST({moved} AS DATE) - CAST('1970-01-01' AS DATE) AS BIGINT)"
    parts = (("hour", 3600), ("minute", 60), ("second", 1))
    of_day = " + ".join(f"CAST(extract({part} FROM {moved}) AS BIGINT) * {seconds}" for part, seconds in parts)
    second = (
        f"CASE WHEN {clock} > {last} THEN {_FAR} WHEN {clock} < {first} THEN -{_FAR} ELSE {days} * 86400 + {of_day} END"
    )
    return f"CASE WHEN x IS NOT NULL THEN {second} END", f"{clock} = {cut}"


def _epoch(per_second: int, *, fractions: bool) -> tuple[str, str]:
    floor = "CAST(floor(x) AS BIGINT)" if fractions else "CAST(x AS BIGINT)"
    unit = f"(CASE WHEN x > {_FAR} THEN {_FAR} WHEN x < -{_FAR} THEN -{_FAR} ELSE {floor} END)"
    exact = f"{unit} % {per_second} = 0" + (" AND floor(x) = x" if fractions else "")
    return f"({unit} - {_modulo(unit, per_second)}) / {per_second}", exact


def _modulo(number: str, divisor: int) -> str:
    """The remainder that is never negative; Redshift's own takes the sign of the dividend."""
    return f"((({number} % {divisor}) + {divisor}) % {divisor})"


def _wide(ask: HistogramAsk, of: Type) -> str:
    column = f"model.{identifier(ask.iterator or '')}"
    bounds = [
        f"{column} {sign} {bound}"
        for sign, second, margin in ((">=", ask.lower, -_MARGIN), ("<=", ask.upper, _MARGIN))
        if second is not None and (bound := _bound(ask, of, second + margin)) is not None
    ]
    return f" WHERE {column} IS NULL OR ({' AND '.join(bounds)})" if bounds else ""


def _bound(ask: HistogramAsk, of: Type, second: int) -> str | None:
    """``second`` as a literal of the column's own type; None where none holds it."""
    if ask.kind in (IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS):
        return str(second * (1 if ask.kind is IteratorKind.EPOCH_S else 1000))
    try:
        when = _EPOCH + timedelta(seconds=second)
    except OverflowError:
        return None
    if of.kind is Kind.DATE:
        return f"CAST('{when:%Y-%m-%d}' AS DATE)" if when.year > 999 else None
    zone, name = ("+00:00", "TIMESTAMPTZ") if of.kind is Kind.INSTANT else ("", "TIMESTAMP")
    return f"CAST('{when:%Y-%m-%d %H:%M:%S}{zone}' AS {name})" if when.year > 999 else None


def literal(text: str) -> str:
    """``text`` as a string literal, or as one put together around each backslash."""
    parts = ["'" + part.replace("'", "''") + "'" for part in text.split("\\")]
    return parts[0] if len(parts) == 1 else "(" + " || chr(92) || ".join(parts) + ")"


def identifier(name: str) -> str:
    """``name`` as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def readable(name: str) -> str:
    """``name`` as somebody would write it: quoted where it must be."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else identifier(name)


def grant_schema(schema: str, user: str) -> str:
    """The statement that lets ``user`` use a schema."""
    return f"GRANT USAGE ON SCHEMA {readable(schema)} TO {readable(user)};"


def grant_table(schema: str, name: str, user: str) -> str:
    """The statement that lets ``user`` read a table or a view."""
    return f"GRANT SELECT ON TABLE {readable(schema)}.{readable(name)} TO {readable(user)};"


def grant_role(arn: str, user: str) -> str:
    """The statement that lets ``user`` unload with an IAM role."""
    return f"GRANT ASSUMEROLE ON {literal(arn)} TO {readable(user)} FOR UNLOAD;"


def grant_database(database: str, user: str) -> str:
    """The statement that lets ``user`` use a shared database."""
    return f"GRANT USAGE ON DATABASE {readable(database)} TO {readable(user)};"


def qualified(ref: TableRef) -> str:
    """A table's name as somebody would write it."""
    return ".".join(map(readable, ref.parts))
