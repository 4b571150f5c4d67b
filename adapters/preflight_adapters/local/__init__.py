"""The stand-in: an embedded DuckDB file that is read in place of a warehouse.

Its session is in UTC, as the sessions of the warehouses' own adapters are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.location import Excerpt, SourceFile
from preflight.model import (
    Access,
    AccessAsk,
    Column,
    Histogram,
    HistogramAsk,
    Profile,
    ProfileAsk,
    RehearsalAsk,
    Rehearsed,
    Schema,
    TableInfo,
    TableRef,
)
from preflight.query import Query, parse
from preflight.query.transpile import transpile
from preflight.source import FULL, Capability, Level, Outcome, Record, Step, Support
from preflight_adapters._guard import Gate

# An import of the submodule binds its name here: it must come before the function that takes the name over.
from preflight_adapters.local import profile, queries, rows
from preflight_adapters.local.connect import Session, driver_version

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: FULL,
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: FULL,
    Capability.ACCESS: Support(Level.NONE, "a stand-in file has no roles and no grants"),
    Capability.SAMPLE: FULL,
    Capability.REHEARSE: Support(Level.NONE, "a stand-in file takes no statement in the warehouse's own dialect"),
}


class LocalAdapter:
    """Reads one or more DuckDB files as the warehouse of one connection; see ``preflight.source.Adapter``."""

    def __init__(self, dialect: str, session: Session) -> None:
        self._dialect = dialect
        self._session = session

    @property
    def dialect(self) -> str:
        """The warehouse's dialect, which the data models are written in."""
        return self._dialect

    @property
    def stand_in(self) -> bool:
        """Always true."""
        return True

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What a stand-in file can answer."""
        return SUPPORT

    def describe(self, sql: str) -> Schema:
        """The output columns; names are folded as the warehouse folds them, types are the file's own."""
        described = self._described(sql, self._transpiled(sql))
        return Schema(rows.folded(described, self._parsed(sql)))

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator; one statement scans. Without an iterator all are rows without its value."""
        sql = self._transpiled(ask.sql, ask.iterator)
        if ask.iterator is None:
            [(count,)] = self._session.rows(queries.rows(sql), "rows", Grade.COUNTED)
            return Histogram(ask.anchor, (), null_rows=count)
        described = self._described(ask.sql, sql)
        index = _only(ask.iterator, described)
        raw = described[index].type.raw
        statement = queries.histogram(sql, ask, width=len(described), index=index, raw=raw)
        return rows.histogram(self._session.rows(statement, "histogram", Grade.COUNTED, counts=True), ask)

    def table(self, ref: TableRef) -> TableInfo:
        """Columns and exact row count of one table, looked up without case; a view's rows are not counted."""
        database = self._session.database(ref.catalog)
        found = self._session.rows(queries.table(database, ref), "table", Grade.METADATA)
        if not found:
            raise WarehouseError(Cause.NOT_FOUND, f"the stand-in file has no table {ref}", name=str(ref))
        schema, name, kind = found[0]
        described = self._session.rows(queries.columns(database, schema, name), "columns", Grade.METADATA)
        count = None
        if kind == "table":
            [(count,)] = self._session.rows(queries.table_rows(database, schema, name), "table rows", Grade.METADATA)
        return rows.table(ref, kind, count, described, self._dialect)

    def tables(self) -> tuple[TableInfo, ...]:
        """Every table and view of the one file, by schema and name."""
        found = self._session.rows(queries.tables(self._session.database("")), "tables", Grade.METADATA)
        return tuple(self.table(TableRef(name, schema)) for schema, name in found)

    def profile(self, ask: ProfileAsk) -> Profile:
        """What the values are like, in one statement that returns one row of numbers."""
        statement = profile.statement(ask, self._transpiled(ask.sql))
        grade = Grade.SAMPLED if ask.sample_rows else Grade.COUNTED
        return profile.values(ask, self._session.rows(statement, "profile", grade)[0])

    def access(self, ask: AccessAsk) -> Access:
        """A stand-in has no grants; raises WarehouseError (UNSUPPORTED)."""
        raise WarehouseError(Cause.UNSUPPORTED, SUPPORT[Capability.ACCESS].note)

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """A stand-in compiles no statement of the platform; raises WarehouseError (UNSUPPORTED)."""
        raise WarehouseError(Cause.UNSUPPORTED, SUPPORT[Capability.REHEARSE].note)

    def sample(self, sql: str, rows: int) -> tuple[tuple[Any, ...], ...]:
        """The first rows that DuckDB finds; what is no number, truth value, text or list of these is text."""
        transpiled = self._transpiled(sql)
        raws = [column.type.raw for column in self._described(sql, transpiled)]
        return tuple(self._session.rows(queries.sample(transpiled, raws, rows), "sample", Grade.SAMPLED))

    def cancel(self) -> None:
        """Interrupt the statement that runs."""
        self._session.cancel()

    def close(self) -> None:
        """Release the file."""
        self._session.close()

    def _transpiled(self, sql: str, iterator: str | None = None) -> str:
        return transpile(sql, self._dialect, catalogs=self._session.catalogs, iterator=iterator)

    def _parsed(self, sql: str) -> Query:
        return parse(Excerpt.whole(SourceFile("", sql)), self._dialect)

    def _described(self, sql: str, transpiled: str) -> tuple[Column, ...]:
        """The output columns with DuckDB's names; an error points at the model's own text where it surely can."""
        try:
            return rows.output(self._session.rows(queries.describe(transpiled), "describe", Grade.DESCRIBED))
        except WarehouseError as error:
            rows.point(error, self._parsed(sql))
            raise


def _only(iterator: str, columns: tuple[Column, ...]) -> int:
    """The index of the one column with this name, compared without case."""
    found = [index for index, column in enumerate(columns) if column.name.casefold() == iterator.casefold()]
    if not found:
        raise WarehouseError(Cause.BAD_COLUMN, f"the query puts out no column {iterator}", name=iterator)
    if len(found) > 1:
        raise WarehouseError(
            Cause.UNSUPPORTED,
            f"{len(found)} output columns are named {iterator} but for their case, which a stand-in file cannot tell",
            remedy="give each output column a name of its own",
            name=iterator,
        )
    return found[0]


def connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> LocalAdapter:
    """Open the stand-in files of ``connection``; raises WarehouseError (DRIVER) where one cannot be opened."""
    introspect = connection.introspect
    local = introspect.local
    named = {"": local} if isinstance(local, str) else dict(local or {})
    if not named:
        raise WarehouseError(
            Cause.DRIVER, f"connection {connection.id} names no stand-in file", remedy="set `introspect.local`"
        )
    home = next((value for key in _HOMES if isinstance(value := connection.config.get(key), str)), "")
    gate = Gate(connection.id, "duckdb", record)
    session = Session(gate, root, introspect.folder, named, home=home, timeout_seconds=introspect.timeout_seconds)
    return LocalAdapter(connection.service_provider.value, session)


def tables(connection: Connection, *, root: Path) -> tuple[TableInfo, ...]:
    """Every table and view of a stand-in file, names as the file has them; raises WarehouseError."""
    adapter = connect(connection, root=root, environ={}, record=lambda _: None)
    try:
        return adapter.tables()
    finally:
        adapter.close()


def diagnose(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Iterator[Step]:
    """Whether the driver is there and the stand-in files open; see ``preflight.source.Diagnose``."""
    try:
        yield Step("driver", Outcome.PASS, f"duckdb {driver_version()}")
        adapter = connect(connection, root=root, environ=environ, record=record)
    except WarehouseError as error:
        yield Step("stand-in file", Outcome.FAIL, error.message, error.remedy)
        return
    adapter.close()
    yield Step("stand-in file", Outcome.PASS, "it opens, and is read in place of the warehouse")


_HOMES = ("database", "project", "project_id", "catalog")
"""Where a connection's config names the catalog of the tables that are named without one."""
