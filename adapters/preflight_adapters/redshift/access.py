"""What the sync's user holds and lacks, as Redshift's own functions say. It asks through a session and a catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import Access, AccessAsk, Right, TableRef
from preflight_adapters.redshift import queries, rows
from preflight_adapters.redshift.catalog import Catalog
from preflight_adapters.redshift.connect import Session

_USAGE, _SELECT = "USAGE", "SELECT"


def rights(session: Session, catalog: Catalog, ask: AccessAsk, principal: str, role_arn: str) -> Access:
    """The rights on databases, schemas, tables and the IAM role; ``principal`` empty: of whoever is logged in.

    Names of users are stored in lower case, however they were written to log in.
    """
    user = catalog.user if principal.lower() in ("", catalog.user.lower()) else principal
    asking = _Asking(session, catalog, user)
    found = (*asking.databases(ask), *asking.schemas_and_tables(ask), *asking.role(role_arn))
    return Access(user, user == catalog.user, found)


class _Asking:
    """One user's rights, asked over one session."""

    def __init__(self, session: Session, catalog: Catalog, user: str) -> None:
        self._session = session
        self._catalog = catalog
        self._user = user

    def _ask(self, sql: str, purpose: str) -> list[tuple[Any, ...]]:
        return self._session.rows(sql, purpose, Grade.METADATA)

    def databases(self, ask: AccessAsk) -> Iterator[Right]:
        """The databases besides the connected one, whose own rights cannot be asked from here."""
        for database in dict.fromkeys(ref.catalog for ref in ask.tables if not self._catalog.is_here(ref)):
            grant = queries.grant_database(database, self._user)
            held, note = self._held(queries.database_right(self._user, database), "rights on a database")
            yield Right(_USAGE, "database", database, held, "" if held else grant, note)
        for ref in ask.tables:
            if not self._catalog.is_here(ref):
                note = "a table of another database: its rights are kept there"
                yield Right(_SELECT, "table", queries.qualified(ref), None, "", note, ref)

    def _held(self, sql: str, purpose: str) -> tuple[bool | None, str]:
        """Whether it is held, or None and what Redshift said instead."""
        try:
            [(held,)] = self._ask(sql, purpose)
        except WarehouseError as error:
            if not (error.cause.blames_query or error.cause in (Cause.UNSUPPORTED, Cause.OTHER)):
                raise
            return None, error.message
        return (None, "Redshift gave no answer") if held is None else (bool(held), "")

    def schemas_and_tables(self, ask: AccessAsk) -> Iterator[Right]:
        """USAGE on each schema, then SELECT on each table."""
        places = {ref: self._place(ref) for ref in ask.tables if self._catalog.is_here(ref)}
        schemas = tuple(dict.fromkeys(schema for schema, _ in places.values() if schema))
        usable, why = self._usable(schemas)
        for schema in schemas:
            held = usable.get(schema)
            note = "" if schema in usable else why or "there is no schema of this name"
            grant = "" if held else queries.grant_schema(schema, self._user)
            yield Right(_USAGE, "schema", schema, held, grant, note)
        known = [place for place in places.values() if place[0] in usable]
        readable: dict[tuple[str, str], bool | None] = {}
        if known:
            for schema, name, held in self._ask(queries.table_rights(self._user, known), "rights on tables"):
                readable[rows.text(schema), rows.text(name)] = None if held is None else bool(held)
        for ref, place in places.items():
            yield self._table(ref, place, readable, why)

    def _usable(self, schemas: tuple[str, ...]) -> tuple[dict[str, bool], str]:
        """Which of the schemas there are, and whether each may be used; where Redshift refuses to say, what it said."""
        try:
            asked = self._ask(queries.schema_rights(self._user, schemas), "rights on schemas") if schemas else []
        except WarehouseError as error:
            if not error.cause.blames_query:
                raise
            return {}, error.message
        return {rows.text(schema): bool(held) for schema, held in asked}, ""

    def _place(self, ref: TableRef) -> tuple[str, str]:
        """The schema and the name of a table as they are stored; the ask's own where the catalog has none."""
        found = self._catalog.find(ref)
        return (found[0], found[1]) if found else (ref.schema, ref.name)

    def _table(
        self, ref: TableRef, place: tuple[str, str], readable: dict[tuple[str, str], bool | None], why: str
    ) -> Right:
        schema, name = place
        held = readable.get(place)
        note = why
        if place not in readable and not why:
            note = "the catalog of this database has no such table; an external table is read with USAGE on its schema"
        elif held is None and not why:
            note = "it can be asked only by a user who may use the schema"
        grant = "" if held or not schema else queries.grant_table(schema, name, self._user)
        shown = ".".join(map(queries.readable, filter(None, place)))
        return Right(_SELECT, "table", shown, held, grant, note, ref)

    def role(self, arn: str) -> Iterator[Right]:
        """Whether the user may unload with the connection's IAM role; that the cluster has the role is not asked."""
        if not arn:
            return
        held, note = self._held(queries.role_right(self._user, arn), "rights on an IAM role")
        grant = "" if held else queries.grant_role(arn, self._user)
        yield Right("ASSUMEROLE", "IAM role", arn, held, grant, note)
