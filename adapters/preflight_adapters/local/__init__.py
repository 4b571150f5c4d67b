"""The stand-in: an embedded DuckDB file that is read in place of a warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.model import Column, Histogram, HistogramAsk, Schema, TableInfo, TableRef
from preflight.query.transpile import transpile
from preflight.source import FULL, Capability, Level, Support
from preflight_adapters.local import queries, rows

# The submodule must be imported before the function of the same name is defined: an import sets this package's attribute.
from preflight_adapters.local.connect import Session

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: FULL,
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: Support(Level.NONE, "value profiles are not read from a stand-in file"),
    Capability.ACCESS: Support(Level.NONE, "a stand-in file has no roles and no grants"),
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
        """The output columns; names are folded as the warehouse folds them, types are DuckDB's."""
        described = rows.output(self._session.rows(queries.describe(self._transpiled(sql))))
        return Schema(described)

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator; one statement scans."""
        sql = self._transpiled(ask.sql)
        if ask.iterator is None:
            [(count,)] = self._session.rows(queries.rows(sql))
            return Histogram(ask.anchor, (), null_rows=count)
        described = rows.output(self._session.rows(queries.describe(sql)))
        index = _only(ask.iterator, described)
        raw = described[index].type.raw
        statement = queries.histogram(sql, ask, width=len(described), index=index, raw=raw)
        return rows.histogram(self._session.rows(statement), ask.anchor)

    def table(self, ref: TableRef) -> TableInfo:
        """Columns and exact row count of one table of the file, looked up without case."""
        database = self._session.databases[""]
        found = self._session.rows(queries.table(database, ref))
        if not found:
            raise WarehouseError(Cause.NOT_FOUND, f"the stand-in file has no table {ref}", name=str(ref))
        described = self._session.rows(queries.columns(database, found[0][0], found[0][1]))
        return rows.table(found[0], described, catalog=ref.catalog)

    def close(self) -> None:
        """Release the file."""
        self._session.close()

    def _transpiled(self, sql: str) -> str:
        return transpile(sql, self._dialect, catalogs=None)


def _only(iterator: str, columns: tuple[Column, ...]) -> int:
    """The index of the one column with this name, compared without case."""
    found = [index for index, column in enumerate(columns) if column.name.casefold() == iterator.casefold()]
    if not found:
        raise WarehouseError(Cause.BAD_COLUMN, f"the query puts out no column {iterator}", name=iterator)
    if len(found) > 1:
        raise WarehouseError(
            Cause.UNSUPPORTED,
            f"the query puts out {len(found)} columns named {iterator}, if case does not count",
            remedy="give each output column a name of its own",
            name=iterator,
        )
    return found[0]


def connect(connection: Connection, *, root: Path) -> LocalAdapter:
    """Open the stand-in files of ``connection``; raises WarehouseError (DRIVER) where one cannot be opened."""
    local = connection.introspect.local
    folder = root / connection.introspect.folder
    named = {"": local} if isinstance(local, str) else dict(local or {})
    files = {catalog: folder / path for catalog, path in named.items()}
    session = Session(files, timeout_seconds=connection.introspect.timeout_seconds, labels=named)
    return LocalAdapter(connection.service_provider.value, session)
