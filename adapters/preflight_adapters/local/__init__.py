"""The stand-in: DuckDB files read in place of a warehouse. Models are transpiled from the connection's dialect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.location import Excerpt, SourceFile
from preflight.model import Column, Histogram, HistogramAsk, Profile, ProfileAsk, Schema, TableInfo, TableRef
from preflight.query import Query, parse
from preflight.query.transpile import transpile
from preflight.source import FULL, Capability, Level, Support
from preflight_adapters.local import profile, queries, rows
from preflight_adapters.local.connect import Session

_ONLY = "main_file"
"""The attached name of the single file that stands for every catalog."""


class LocalAdapter:
    """Reads DuckDB files as the connection's warehouse would be read."""

    stand_in = True
    support: Mapping[Capability, Support] = {
        Capability.DESCRIBE: FULL,
        Capability.TABLE: FULL,
        Capability.HISTOGRAM: FULL,
        Capability.PROFILE: FULL,
        Capability.ACCESS: Support(Level.NONE, "a file has no roles and grants"),
    }

    def __init__(self, session: Session, dialect: str, catalogs: Mapping[str, str] | None) -> None:
        self.dialect = dialect
        self._session = session
        self._catalogs = catalogs
        self._tables: list[tuple[Any, ...]] | None = None

    def describe(self, sql: str) -> Schema:
        """The output columns, named as the warehouse would name them; compiled by DuckDB, no row is read."""
        query = self._parse(sql)
        described = self._session.read(queries.describe(self._render(sql)))
        return Schema(rows.output_columns(described, query.projections, self.dialect))

    def table(self, ref: TableRef) -> TableInfo:
        """Columns, kind and row count of one table or view, from DuckDB's catalog."""
        if self._tables is None:
            self._tables = self._session.read(queries.TABLES)
        row = rows.find(self._tables, ref, self._databases(ref))
        if row is None:
            raise WarehouseError(Cause.NOT_FOUND, f"there is no table {ref}", name=str(ref))
        found = self._session.read(queries.columns(row[0], TableRef(row[2], row[1])))
        columns = tuple(Column(str(c[0]), rows.type_of(str(c[1])), bool(c[2])) for c in found)
        return TableInfo(ref, kind=row[3], columns=columns, rows=row[4])

    def _databases(self, ref: TableRef) -> list[str]:
        if self._catalogs is None:
            return [_ONLY]
        if not ref.catalog:
            return [next(iter(self._catalogs.values()))]
        return [alias for name, alias in self._catalogs.items() if name.casefold() == ref.catalog.casefold()]

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator, in one statement; zone-less times as `queries.histogram` says."""
        rendered = self._render(ask.sql)
        column_type = ""
        if ask.iterator is not None:
            column_type = self._column_type(rendered, ask.iterator)
        return rows.histogram(self._session.read(queries.histogram(ask, rendered, column_type)), ask.anchor)

    def profile(self, ask: ProfileAsk) -> Profile:
        """What the values are like, in one statement that returns one row of numbers."""
        return profile.values(ask, self._session.read(profile.statement(ask, self._render(ask.sql)))[0])

    def _column_type(self, rendered: str, name: str) -> str:
        described = self._session.read(queries.describe(rendered))
        types = [str(row[1]) for row in described if str(row[0]).casefold() == name.casefold()]
        if len(types) > 1:
            raise WarehouseError(
                Cause.UNSUPPORTED,
                f"two output columns are called {name} but for their case, which DuckDB does not tell apart",
            )
        if not types:
            raise WarehouseError(Cause.BAD_COLUMN, f"there is no output column {name}", name=name)
        return types[0]

    def _render(self, sql: str) -> str:
        return transpile(sql, self.dialect, catalogs=self._catalogs)

    def _parse(self, sql: str) -> Query:
        return parse(Excerpt.whole(SourceFile("", sql)), self.dialect)

    def close(self) -> None:
        """Release the files; may be called twice."""
        self._session.close()


def connect(connection: Connection, *, root: Path) -> LocalAdapter:
    """Open the DuckDB files that ``introspect.local`` names; raises WarehouseError."""
    local = connection.introspect.local
    folder = root / connection.introspect.folder
    if isinstance(local, str):
        files, catalogs = {_ONLY: _inside(folder / local, root)}, None
    else:
        assert local is not None  # noqa: S101 - the registry opens a stand-in only where one is named
        catalogs = {name: f"catalog_{number}" for number, name in enumerate(local)}
        files = {catalogs[name]: _inside(folder / path, root) for name, path in local.items()}
    session = Session(files, connection.introspect.timeout_seconds)
    return LocalAdapter(session, connection.service_provider.value, catalogs)


def _inside(path: Path, root: Path) -> Path:
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise WarehouseError(
            Cause.NETWORK,
            f"{path.name} lies outside the project's folder",
            remedy="keep the file inside it, links included",
        )
    return resolved
