"""What Redshift's catalog knows of a table: its own first, then the views that also show external and shared ones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import Column, TableInfo, TableRef
from preflight_adapters.redshift import queries, rows
from preflight_adapters.redshift.connect import Session


class Catalog:
    """The catalog of one session; what holds for the session is asked once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._who: tuple[str, str] | None = None
        self._path: tuple[str, ...] | None = None
        self._may_read_info: bool | None = None
        self._found: dict[TableRef, tuple[str, str, str, int] | None] = {}

    @property
    def user(self) -> str:
        """The user whom the session reads as."""
        return self._identity()[0]

    @property
    def database(self) -> str:
        """The database that the session is connected to."""
        return self._identity()[1]

    @property
    def path(self) -> tuple[str, ...]:
        """The schemas that a table without one is looked up in, in order."""
        if self._path is None:
            [(shown,)] = self._ask(queries.SEARCH_PATH, "search path")
            self._path = rows.search_path(rows.text(shown), self.user)
        return self._path

    def _identity(self) -> tuple[str, str]:
        if self._who is None:
            [(user, database)] = self._ask(queries.WHO, "user")
            self._who = rows.text(user), rows.text(database)
        return self._who

    def _ask(self, sql: str, purpose: str) -> list[tuple[Any, ...]]:
        return self._session.rows(sql, purpose, Grade.METADATA)

    def is_here(self, ref: TableRef) -> bool:
        """Whether the table is looked up in the database that the session is connected to."""
        return not ref.catalog or ref.catalog.lower() == self.database.lower()

    def table(self, ref: TableRef) -> TableInfo:
        """What is known of a table; raises WarehouseError (NOT_FOUND)."""
        found = self.find(ref)
        return self._far(ref) if found is None else self._near(ref, *found)

    def find(self, ref: TableRef) -> tuple[str, str, str, int] | None:
        """A table of this database: schema, name, kind and object id; None where its own catalog has none.

        Names are compared without case, and one that is written alike is preferred: quotes keep case only where
        ``enable_case_sensitive_identifier`` is on. Each is looked up once.
        """
        if ref not in self._found:
            self._found[ref] = self._look_up(ref)
        return self._found[ref]

    def _look_up(self, ref: TableRef) -> tuple[str, str, str, int] | None:
        if not self.is_here(ref):
            return None
        schemas = (ref.schema,) if ref.schema else self.path
        if not schemas:
            return None
        order = [schema.lower() for schema in schemas]
        found = [
            (rows.text(schema), rows.text(name), rows.kind_of(kind), int(oid))
            for schema, name, kind, oid in self._ask(queries.objects(schemas, ref.name), "table")
        ]
        exact = ref.schema, ref.name
        return min(
            found,
            key=lambda one: (order.index(one[0].lower()), (one[0] if ref.schema else "", one[1]) != exact, one),
            default=None,
        )

    def _near(self, ref: TableRef, schema: str, name: str, kind: str, oid: int) -> TableInfo:
        described = rows.columns(self._ask(queries.columns(oid), "columns"))
        if not described:
            return TableInfo(ref, kind, self._compiled(schema, name))
        if kind != "table":
            return TableInfo(ref, kind, described)
        keys: Sequence[tuple[Any, ...]] = ()
        with suppress(WarehouseError):  # it says how the table is sorted, nothing more
            keys = self._ask(queries.sort_keys(self.database, schema, name), "sort key")
        return rows.table(ref, kind, described, self._info(oid), keys)

    def _compiled(self, schema: str, name: str) -> tuple[Column, ...]:
        """The columns of a late-binding view, of which the catalog knows none; one whose table is gone raises."""
        whole = queries.Statement(queries.table_rows(schema, name))
        return rows.output(self._session.described(whole, "view", queries.no_rows(whole.text)))

    def _info(self, oid: int) -> Sequence[Any] | None:
        """Estimated rows and blocks; None where the user may not ask. A table without a row there is empty."""
        if self._may_read_info is None:
            [(held,)] = self._ask(queries.MAY_READ_TABLE_INFO, "table info")
            self._may_read_info = bool(held)
        if not self._may_read_info:
            return None
        found = self._ask(queries.table_info(oid), "table info")
        return found[0] if found else (0, 0)

    def _far(self, ref: TableRef) -> TableInfo:
        database = ref.catalog or self.database
        for schema in (ref.schema,) if ref.schema else self.path:
            found = self._ask(queries.far_objects(database, schema, ref.name), "external table")
            if found:
                stored, name, kind = (rows.text(part) for part in found[0])
                described = rows.far_columns(self._ask(queries.far_columns(database, stored, name), "external columns"))
                return TableInfo(ref, rows.kind_of(kind), described)
        raise WarehouseError(
            Cause.NOT_FOUND,
            f"Redshift shows this user no table {queries.qualified(ref)}",
            remedy="check the name and its schema, and that the user may use the schema",
            name=str(ref),
        )
