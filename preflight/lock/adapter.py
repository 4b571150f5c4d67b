"""The adapter that answers from the lock alone; what the lock does not hold for the very same ask it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.lock.file import AnyLock, Entry, Seen, UnreadableLock, ask_digest, settings, sql_digest
from preflight.model import (
    Access,
    AccessAsk,
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
from preflight.source import FULL, Capability, Support

SUPPORT: Mapping[Capability, Support] = dict.fromkeys(Capability, FULL)
"""Everything can be asked; what the lock does not hold is absent, and not beyond the warehouse."""
_REMEDY = "run `preflight lock` where the warehouse can be reached"


class LockedAdapter:
    """One connection's entries of a lock; see ``preflight.source.Adapter``."""

    def __init__(self, lock: AnyLock, connection: Connection, oldest: date) -> None:
        self._connection = connection
        self._settings = settings(connection)
        self._oldest = oldest
        self._models = [m for m in lock.models if m.connection == connection.id and m.settings == self._settings]
        here = [t for t in lock.tables if t.connection == connection.id and t.settings == self._settings]
        self._tables = {table.ref: table for table in reversed(here)}
        self._counts = [c for c in lock.counts if c.connection == connection.id]
        self._access = [a for a in lock.access if a.connection == connection.id and a.settings == self._settings]

    @property
    def dialect(self) -> str:
        """The warehouse's dialect."""
        return self._connection.service_provider.value

    @property
    def stand_in(self) -> bool:
        """Whether a stand-in said any of it in place of the warehouse."""
        entries: tuple[Entry, ...] = (*self._models, *self._tables.values(), *self._counts, *self._access)
        return any(entry.seen.stand_in for entry in entries)

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What a lock can answer."""
        return SUPPORT

    def describe(self, sql: str) -> Schema:
        """The output columns that this very text had."""
        digest = sql_digest(sql)
        for model in self._models:
            if model.sql == digest:
                self._in_time(model.seen)
                return Schema(model.columns)
        raise _absent("the columns of this SQL over this connection")

    def table(self, ref: TableRef) -> TableInfo:
        """What was known of one table."""
        if (locked := self._tables.get(ref)) is None:
            raise _absent(f"the table {ref}")
        self._in_time(locked.seen)
        try:
            return locked.read()
        except UnreadableLock as error:
            raise WarehouseError(Cause.NOT_LOCKED, f"its table {ref} cannot be used: {error}; {_REMEDY}") from None

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows as they were counted for this very ask on an earlier day."""
        digest = ask_digest(self._connection, ask)
        for counts in self._counts:
            if counts.ask == digest:
                self._in_time(counts.seen)
                return counts.histogram
        raise _absent("the counts of this query's windows")

    def profile(self, ask: ProfileAsk) -> Profile:  # noqa: ARG002 - the protocol has it
        """Nothing: row values never get into the lock."""
        raise _absent("a profile of the values, as it holds no row's value")

    def access(self, ask: AccessAsk) -> Access:
        """What the principal held when it was asked for these tables, and perhaps others."""
        tables = {str(ref) for ref in ask.tables}
        for access in self._access:
            if tables <= set(access.tables):
                self._in_time(access.seen)
                return access.access
        raise _absent("the grants on these tables")

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:  # noqa: ARG002
        """Nothing: a lock compiles nothing."""
        raise _absent("a rehearsal of the platform's statements")

    def cancel(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing is held open."""

    def _in_time(self, seen: Seen) -> None:
        if seen.on < self._oldest:
            raise WarehouseError(Cause.NOT_LOCKED, f"what it holds was read on {seen.on}, too long ago; {_REMEDY}")


def _absent(what: str) -> WarehouseError:
    return WarehouseError(Cause.NOT_LOCKED, f"it does not hold {what}; {_REMEDY}", remedy=_REMEDY)


def opened(lock: AnyLock, connection: Connection, oldest: date) -> LockedAdapter | None:
    """The adapter that answers from ``lock``; None where nothing was read over the connection."""
    return LockedAdapter(lock, connection, oldest) if any(e.connection == connection.id for e in lock.entries) else None
