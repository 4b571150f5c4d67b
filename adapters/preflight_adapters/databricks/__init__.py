"""Databricks: SQL warehouses and clusters, on Unity Catalog or the legacy metastore, through its SQL connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
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
    Right,
    Schema,
    TableInfo,
    TableRef,
)
from preflight.source import FULL, Capability, Level, Record, Step, Support
from preflight_adapters._guard import Gate
from preflight_adapters._nested import sample_rows
from preflight_adapters.databricks import errors, privileges, queries, route, rows
from preflight_adapters.databricks import profile as profiling
from preflight_adapters.databricks.connect import Session, Who
from preflight_adapters.databricks.login import login

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: FULL,
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: FULL,
    Capability.ACCESS: Support(
        Level.PARTIAL,
        "a Databricks connection does not say as whom the sync reads: judged is preflight's own login, or"
        " `introspect.principal`, whose groups are not listed",
    ),
    Capability.SAMPLE: FULL,
    Capability.REHEARSE: Support(
        Level.PARTIAL, "how the platform extracts from Databricks is not documented: SELECT * stands for it"
    ),
}


class DatabricksAdapter:
    """Reads one SQL warehouse; see ``preflight.source.Adapter``."""

    def __init__(self, session: Session, principal: str = "") -> None:
        """``principal`` is whose rights ``access`` judges; empty: the session's own."""
        self._session = session
        self._principal = principal
        self._described: dict[str, tuple[Column, ...]] = {}
        self._listings: dict[str, privileges.Listing] = {}
        self._json = True

    @property
    def dialect(self) -> str:
        """Always ``databricks``."""
        return "databricks"

    @property
    def stand_in(self) -> bool:
        """Whether a server on this machine answers in place of Databricks."""
        return self._session.on_this_machine

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What Databricks can answer."""
        return SUPPORT

    @property
    def who(self) -> Who:
        """Whose session it is."""
        return self._session.who

    @property
    def http_path(self) -> str:
        """The SQL warehouse's path."""
        return self._session.http_path

    def describe(self, sql: str) -> Schema:
        """The output columns, as DESCRIBE QUERY analyses them; asked once for each text."""
        if sql not in self._described:
            answer = self._session.rows(queries.describe(sql), "describe", Grade.DESCRIBED, model=sql)
            self._described[sql] = rows.output(answer.rows)
        return Schema(self._described[sql])

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator; one statement scans. Without an iterator all are rows without its value."""
        if ask.iterator is None:
            answer = self._session.rows(queries.rows(ask.sql), "rows", Grade.COUNTED, model=ask.sql)
            return Histogram(ask.anchor, (), null_rows=int(answer.row[0]))
        columns = self.describe(ask.sql).columns
        index = rows.only(ask.iterator, columns)
        statement = queries.histogram(ask, width=len(columns), index=index, type_=columns[index].type)
        answer = self._session.rows(statement, "histogram", Grade.COUNTED, model=queries.bare(ask.sql))
        return rows.histogram(answer.rows, ask.anchor)

    def table(self, ref: TableRef) -> TableInfo:
        """Columns, size and keys; the row count is that of the last ANALYZE TABLE, where there was one."""
        try:
            info = self._table(ref)
        except WarehouseError as error:
            if error.cause is Cause.NOT_FOUND:
                error.name = str(ref)
            raise
        if info.kind.endswith("view"):
            return info
        try:
            detail = self._session.rows(queries.table_detail(ref), "table detail", Grade.METADATA)
        except WarehouseError as error:
            if error.cause.blames_query or error.cause in (Cause.UNSUPPORTED, Cause.OTHER):
                return info  # no Delta table, or one whose detail this principal may not see
            raise
        return rows.with_detail(info, detail.names, detail.rows[0]) if detail.rows else info

    def _table(self, ref: TableRef) -> TableInfo:
        if self._json:
            try:
                answer = self._session.rows(queries.table_json(ref), "table", Grade.METADATA)
                return rows.table_from_json(ref, str(answer.row[0]))
            except WarehouseError as error:
                if error.cause is not Cause.SYNTAX and not error.code.startswith(("UNSUPPORTED", "DESCRIBE_JSON")):
                    raise
                self._json = error.cause is not Cause.SYNTAX
        answer = self._session.rows(queries.table_rows(ref), "table", Grade.METADATA)
        return rows.table_from_rows(ref, answer.rows)

    def profile(self, ask: ProfileAsk) -> Profile:
        """What the values are like, in one statement that returns one row of numbers."""
        grade = Grade.SAMPLED if ask.sample_rows else Grade.COUNTED
        statement = profiling.statement(ask)
        answer = self._session.rows(statement, "profile", grade, model=queries.bare(ask.sql))
        return profiling.values(ask, answer.row)

    def access(self, ask: AccessAsk) -> Access:
        """What the principal holds: proven by reading no row of each table, or read from the listings of grants."""
        who = self._session.who
        principal = self._principal or who.principal
        own = principal.casefold() == who.principal.casefold()
        found: dict[tuple[str, str], Right] = {}
        excess: list[Right] = []
        for table in ask.tables:
            needs = privileges.needs(table, privileges.full(table, who.catalog, who.schema))
            for right in self._own_rights(table, needs) if own else self._listed(needs, principal, own=False):
                key = right.kind, right.name.casefold()
                if key not in found or right.held:
                    found[key] = right
            with suppress(WarehouseError):  # who may not list grants hears of none to spare
                excess += privileges.excess(needs[-1], self._shown(needs[-1]), principal)
        order = ("catalog", "schema", "table")
        rights = sorted(found.values(), key=lambda right: order.index(right.kind))
        use = privileges.warehouse(self._session.http_path, principal, own=own)
        # what a group brings is not listed under the principal's name, so that no right found is no proof of none
        return Access(principal, own, (use, *rights), tuple(excess) or None)

    def _own_rights(self, table: TableRef, needs: tuple[privileges.Need, ...]) -> tuple[Right, ...]:
        who = self._session.who
        try:
            self._session.rows(queries.readable(table), "read no row", Grade.DESCRIBED)
        except WarehouseError as error:
            if error.cause not in (Cause.PERMISSION, Cause.NOT_FOUND):
                note = error.message
                return tuple(need.right(who.principal, held=None, note=note) for need in needs)
            lacks = errors.lacking(error.message) if error.cause is Cause.PERMISSION else None
            rights = self._listed(needs, who.principal, own=True)
            return tuple(
                need.right(who.principal, held=False, note=error.message) if privileges.is_it(need, lacks) else right
                for need, right in zip(needs, rights, strict=True)
            )
        return tuple(need.right(who.principal, held=True) for need in needs)

    def _listed(self, needs: tuple[privileges.Need, ...], principal: str, *, own: bool) -> tuple[Right, ...]:
        return tuple(self._from_listing(need, principal, own=own) for need in needs)

    def _from_listing(self, need: privileges.Need, principal: str, *, own: bool) -> Right:
        try:
            shown = self._shown(need)
            member_of = self._memberships(privileges.groups(shown, need.privilege)) if own else None
        except WarehouseError as error:
            return need.right(principal, held=None, note=f"its grants cannot be listed: {error.message}")
        return privileges.judged(need, shown, principal, asker=self._session.who.principal, member_of=member_of)

    def _shown(self, need: privileges.Need) -> privileges.Listing:
        """The listing of an object's grants, asked for once."""
        if need.name not in self._listings:
            answer = self._session.rows(queries.grants(need.kind, need.parts), "grants", Grade.METADATA)
            self._listings[need.name] = privileges.listing(answer.names, answer.rows)
        return self._listings[need.name]

    def _memberships(self, groups: tuple[str, ...]) -> dict[str, bool]:
        if not groups:
            return {}
        answer = self._session.rows(queries.memberships(groups), "groups", Grade.METADATA)
        return {group: value == 1 for group, value in zip(groups, answer.row, strict=True)}

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """The platform's three statements, analysed and not run."""
        return tuple(self._rehearsed(ask, purpose, text) for purpose, text in queries.rehearsals(ask))

    def _rehearsed(self, ask: RehearsalAsk, purpose: str, text: str) -> Rehearsed:
        try:
            self._session.rows(queries.describe(text), "rehearse", Grade.DESCRIBED, model=ask.sql)
        except WarehouseError as error:
            if not error.cause.blames_query:
                raise
            return Rehearsed(purpose, text, error.message)
        return Rehearsed(purpose, text)

    def sample(self, sql: str, rows: int) -> tuple[tuple[Any, ...], ...]:
        """The first rows that it comes upon; see ``preflight.source.Sampler``."""
        answer = self._session.rows(queries.sample(sql, rows), "sample", Grade.SAMPLED, model=queries.bare(sql))
        return sample_rows(answer.rows, self.describe(sql).columns)

    def cancel(self) -> None:
        """Cancel the statement that runs, at the warehouse."""
        self._session.cancel()

    def close(self) -> None:
        """End the session."""
        self._session.close()


def connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> DatabricksAdapter:
    """Open ``connection``; a stopped SQL warehouse is started. Raises WarehouseError."""
    made = login(connection, environ)
    session = Session(Gate(connection.id, "databricks", record), made)
    return DatabricksAdapter(session, made.options.text("principal"))


def diagnose(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Iterator[Step]:
    """The route to the SQL warehouse; see ``preflight.source.Diagnose``."""

    def opened() -> DatabricksAdapter:
        return connect(connection, root=root, environ=environ, record=record)

    yield from route.steps(connection, environ, opened)
