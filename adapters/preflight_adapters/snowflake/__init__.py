"""Snowflake, read through its Python connector in the sync's role; each statement is tagged and capped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
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
    Trait,
)
from preflight.source import FULL, Capability, Level, Outcome, Record, Step, Support
from preflight_adapters._guard import Gate
from preflight_adapters._nested import sample_rows
from preflight_adapters._route import route, unproven

# An import of the submodule binds its name here: it must come before the function that takes the name over.
from preflight_adapters.snowflake import access, profile, queries, rows
from preflight_adapters.snowflake.access import Granted, Needed
from preflight_adapters.snowflake.connect import Session, driver_version
from preflight_adapters.snowflake.login import Login, login, stored

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: Support(Level.PARTIAL, "when a table last changed is not listed without a running warehouse"),
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: FULL,
    Capability.ACCESS: FULL,
    Capability.REHEARSE: FULL,
    Capability.SAMPLE: FULL,
}
_MOST_ROLES = 30
"""Roles whose grants are listed, at most; each is one statement."""


class SnowflakeAdapter:
    """Reads one Snowflake account as one role; see ``preflight.source.Adapter``."""

    def __init__(self, session: Session, needed: Needed) -> None:
        self._session = session
        self._needed = needed
        self._schemas: dict[str, Schema] = {}
        self._granted: Granted | None = None
        self._told: tuple[Trait, ...] | None = None
        self._readable: dict[TableRef, bool] = {}

    @property
    def dialect(self) -> str:
        """``snowflake``."""
        return "snowflake"

    @property
    def stand_in(self) -> bool:
        """Whether a server on this machine answers in place of Snowflake's."""
        return self._session.on_this_machine

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What Snowflake can answer."""
        return SUPPORT

    def describe(self, sql: str) -> Schema:
        """The output columns, as Snowflake compiles the query; no warehouse runs."""
        if sql not in self._schemas:
            self._schemas[sql] = self._session.describe(sql, "describe", model=sql)
        return self._schemas[sql]

    def table(self, ref: TableRef) -> TableInfo:
        """Columns, rows, bytes and cluster keys of one table or view; no warehouse runs."""
        found = self._session.listed(queries.objects(ref), "table")
        listed = next((row for row in found if row.get("name") == ref.name), None)
        if listed is None:
            raise WarehouseError(
                Cause.NOT_FOUND,
                f"{ref} does not exist, or the role may not see it",
                remedy="check the name; if it is right, grant the connection's role the right to read it",
                name=str(ref),
            )
        return rows.table(ref, listed, self._session.listed(queries.columns(ref), "columns"))

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator, in one statement that scans; without an iterator all lack its value."""
        if ask.iterator is None:
            (count,) = self._session.one(queries.rows(ask.sql), "rows", model=ask.sql)
            return Histogram(ask.anchor, (), null_rows=int(count))
        column = self._column(ask.sql, ask.iterator)
        statement = queries.histogram(ask, column.type)
        return rows.histogram(self._session.scan(statement, "histogram", model=ask.sql), ask.anchor)

    def profile(self, ask: ProfileAsk) -> Profile:
        """What the values are like, in one statement that returns one row of numbers."""
        basis = Grade.SAMPLED if ask.sample_rows else Grade.COUNTED
        row = self._session.one(profile.statement(ask), "profile", model=ask.sql, basis=basis)
        return profile.values(ask, row)

    def access(self, ask: AccessAsk) -> Access:
        """What the sync's role holds, from its grants and those of the roles in it; as that role, compiled too."""
        session = _session_of(self._session)
        needed = Needed(
            self._needed.role or str(session["role_name"] or ""),
            self._needed.warehouse or str(session["warehouse_name"] or ""),
            self._needed.database or str(session["database_name"] or ""),
            self._needed.integration,
        )
        assumed = session["role_name"] == needed.role and not _has_secondary(session["secondary_roles"])
        if self._granted is None:
            self._granted = self._all_grants(needed.role)
        readable = {ref: self._reads(ref) for ref in ask.tables} if assumed else {}
        rights = access.rights(ask, needed, self._granted, readable)
        excess = access.excess(self._granted)
        if self._told is None:
            self._told = self._traits(needed, self._granted)
        return Access(needed.role, assumed, rights, excess, self._told)

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """The platform's statements as Snowflake compiles them; none runs."""
        kind = None
        described = self._schemas.get(ask.sql)
        if ask.iterator is not None and described is not None:
            name = stored(ask.iterator)
            kind = next((column.type.kind for column in described.columns if column.name == name), None)
        return tuple(self._rehearsed(purpose, text, ask.sql) for purpose, text in queries.rehearsal(ask, kind))

    def sample(self, sql: str, rows: int) -> tuple[tuple[Any, ...], ...]:
        """The first rows that it comes upon; see ``preflight.source.Sampler``."""
        found = self._session.scan(queries.sample(sql, rows), "sample", model=sql, basis=Grade.SAMPLED)
        return sample_rows(found, self.describe(sql).columns)

    def cancel(self) -> None:
        """Abort the query that runs."""
        self._session.cancel()

    def close(self) -> None:
        """Log out."""
        self._session.close()

    def _column(self, sql: str, iterator: str) -> Column:
        found = [column for column in self.describe(sql).columns if column.name == iterator]
        if not found:
            raise WarehouseError(Cause.BAD_COLUMN, f"the query puts out no column {iterator}", name=iterator)
        if len(found) > 1:
            raise WarehouseError(
                Cause.INVALID,
                f"{len(found)} output columns are named {iterator}, so the iterator is ambiguous",
                remedy="give each output column a name of its own",
                name=iterator,
            )
        return found[0]

    def _rehearsed(self, purpose: str, text: str, model: str) -> Rehearsed:
        try:
            self._session.describe(text, f"rehearse {purpose}", model=model)
        except WarehouseError as error:
            if not error.cause.blames_query:
                raise
            return Rehearsed(purpose, text, error.message)
        return Rehearsed(purpose, text)

    def _traits(self, needed: Needed, granted: Granted) -> tuple[Trait, ...]:
        """Of the storage integration and the warehouse, as far as the role may see them."""
        found: tuple[Trait, ...] = ()
        if integration := access.integration_of(needed, granted):
            listed = self._seen(queries.integration(integration), "integration")
            found += access.integration_traits(integration, listed)
        if needed.warehouse:
            listed = self._seen(queries.warehouses(needed.warehouse), "warehouse")
            found += access.warehouse_traits(needed.warehouse, listed)
        return found

    def _seen(self, statement: str, purpose: str) -> Sequence[Mapping[str, object]]:
        """The rows of a listing, none where the role may not see them."""
        try:
            return self._session.listed(statement, purpose)
        except WarehouseError as error:
            if not error.cause.blames_query:
                raise
            return ()

    def _reads(self, ref: TableRef) -> bool:
        """Whether a query that reads the table compiles in this role."""
        if ref not in self._readable:
            try:
                self._session.describe(queries.reads(ref), "read a table")
                self._readable[ref] = True
            except WarehouseError as error:
                if not error.cause.blames_query:
                    raise
                self._readable[ref] = False
        return self._readable[ref]

    def _all_grants(self, role: str) -> Granted:
        """The grants of the role, of PUBLIC and of every role in them."""
        waiting, seen = [queries.identifier(role), '"PUBLIC"'], set[str]()
        found: set[access.Grant] = set()
        gaps: list[str] = []
        while waiting and len(seen) < _MOST_ROLES:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            try:
                listed = access.grants(self._session.listed(queries.grants(name), "grants of a role"))
            except WarehouseError as error:
                if not error.cause.blames_query:
                    raise
                gaps.append(f"the grants of the role {name.replace(chr(34), '')} could not be listed: {error.message}")
                continue
            found |= listed
            waiting += access.roles_in(listed)
        if waiting:
            gaps.append(f"the grants of more than {_MOST_ROLES} roles would have to be listed")
        return Granted(frozenset(found), tuple(gaps))


def _session_of(session: Session) -> Mapping[str, object]:
    found = session.listed(queries.SESSION, "session")
    wanted = ("role_name", "secondary_roles", "warehouse_name", "database_name", "user_name")
    row = found[0] if len(found) == 1 else {}
    if missing := [name for name in wanted if name not in row]:
        raise WarehouseError(Cause.OTHER, f"Snowflake does not tell the session's {', '.join(missing)}")
    return row


def _has_secondary(value: object) -> bool:
    """Whether CURRENT_SECONDARY_ROLES, a JSON text of ``roles`` and ``value``, names any."""
    import msgspec

    try:
        told = msgspec.json.decode(str(value or "{}"))
    except msgspec.DecodeError:
        return True
    return bool(told.get("roles") or told.get("value")) if isinstance(told, dict) else True


def connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> SnowflakeAdapter:
    """Log in as ``connection`` says; raises WarehouseError."""
    return _adapter(connection, login(connection, root=root, environ=environ), record)


def _adapter(connection: Connection, opened: Login, record: Record) -> SnowflakeAdapter:
    def named(key: str) -> str:
        return stored(value) if isinstance(value := connection.config.get(key), str) else ""

    needed = Needed(opened.role, named("warehouse"), named("database"), named("storage_integration"))
    return SnowflakeAdapter(Session(opened, Gate(connection.id, "snowflake", record)), needed)


_BEHIND_LOGIN = ("role", "warehouse", "describe", "grants")


def diagnose(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Iterator[Step]:
    """Driver, name, TLS, login, role, warehouse, one describe, grants; see ``preflight.source.Diagnose``."""
    names = ("resolve", "TLS", "login", *_BEHIND_LOGIN)
    try:
        yield Step("driver", Outcome.PASS, f"snowflake-connector-python {driver_version()}")
    except WarehouseError as error:
        yield Step("driver", Outcome.FAIL, error.message, error.remedy)
        yield from unproven(names, "there is no driver")
        return
    try:
        opened = login(connection, root=root, environ=environ)
    except WarehouseError as error:
        yield from unproven(names[:2], "it is not known where to and how to log in")
        yield Step("login", Outcome.FAIL, error.message, error.remedy)
        yield from unproven(_BEHIND_LOGIN, "there is no login")
        return
    if any(opened.arguments.get(name) for name in ("proxy", "proxy_host")):
        yield from unproven(names[:2], "the connection goes through the proxy under `introspect`")
    elif opened.host:
        yield from route(opened.host, opened.port, environ=environ, tls=opened.tls)
    else:
        yield from unproven(names[:2], "the host is named in the driver's own profile")
    try:
        adapter = _adapter(connection, opened, record)
    except WarehouseError as error:
        yield Step("login", Outcome.FAIL, error.message, error.remedy)
        yield from unproven(_BEHIND_LOGIN, "there is no login")
        return
    try:
        yield from _inside(adapter)
    finally:
        adapter.close()


def _inside(adapter: SnowflakeAdapter) -> Iterator[Step]:
    """The steps behind the login."""
    session, needed = adapter._session, adapter._needed  # noqa: SLF001 - one module
    try:
        row = _session_of(session)
    except WarehouseError as error:
        yield Step("login", Outcome.FAIL, error.message, error.remedy)
        yield from unproven(_BEHIND_LOGIN, "the session answers nothing")
        return
    yield Step("login", Outcome.PASS, f"as the user {row['user_name']}")
    yield _role(str(row["role_name"] or ""), needed.role)
    yield _compute(str(row["warehouse_name"] or ""), needed)
    try:
        session.describe(queries.ONE, "describe")
        yield Step("describe", Outcome.PASS, "Snowflake compiles a query for this session")
    except WarehouseError as error:
        yield Step("describe", Outcome.FAIL, error.message, error.remedy)
    yield from _grants(adapter)


def _role(role: str, wanted: str) -> Step:
    if not role:
        return Step("role", Outcome.FAIL, "the session has no role", "give the user a default role, or name one")
    if wanted and role != wanted:
        why = f"the session has the role {role}, the sync will have {wanted}: what one may read, the other may not"
        return Step("role", Outcome.UNPROVEN, why, f"log in with `introspect: {{role: {wanted}}}` to prove it")
    return Step("role", Outcome.PASS, role)


def _compute(warehouse: str, needed: Needed) -> Step:
    if not warehouse:
        remedy = "check that it exists and that the role may use it"
        why = f"no warehouse is active; the connection names {needed.warehouse or 'none'}"
        return Step("warehouse", Outcome.FAIL, why, remedy)
    return Step("warehouse", Outcome.PASS, warehouse)


def _grants(adapter: SnowflakeAdapter) -> Iterator[Step]:
    try:
        found = adapter.access(AccessAsk(()))
    except WarehouseError as error:
        yield Step("grants", Outcome.UNPROVEN, error.message, error.remedy)
        return
    lacking = [right for right in found.rights if right.held is False]
    unknown = [right for right in found.rights if right.held is None]
    if lacking:
        shown = ", ".join(f"{right.privilege} on the {right.kind} {right.name}" for right in lacking)
        yield Step("grants", Outcome.FAIL, f"{found.principal} lacks {shown}", " ".join(r.grant for r in lacking))
    elif unknown:
        shown = "; ".join(f"{right.privilege} on the {right.kind}: {right.note}" for right in unknown)
        yield Step("grants", Outcome.UNPROVEN, shown)
    else:
        yield Step("grants", Outcome.PASS, f"{found.principal} may use what the connection names")
