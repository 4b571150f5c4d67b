"""The adapter that answers from the lock alone; what the lock does not hold for the very same ask it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.lock.file import Lock, Seen, ask_digest, settings, sql_digest
from preflight.model import Histogram, HistogramAsk, Profile, ProfileAsk, Schema, TableInfo, TableRef
from preflight.source import FULL, Capability, Level, Support

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: FULL,
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: Support(Level.NONE, "the lock holds no row's value"),
    Capability.ACCESS: Support(Level.NONE, "the lock holds no grants"),
}
_REMEDY = "run `preflight lock` where the warehouse can be reached"


class LockedAdapter:
    """One connection's entries of a lock; see ``preflight.source.Adapter``."""

    def __init__(self, lock: Lock, connection: Connection, oldest: date) -> None:
        self._connection = connection
        self._settings = settings(connection)
        self._oldest = oldest
        self._models = [m for m in lock.models if m.connection == connection.id and m.settings == self._settings]
        self._tables = [t for t in lock.tables if t.connection == connection.id and t.settings == self._settings]
        self._counts = [c for c in lock.counts if c.connection == connection.id]

    @property
    def dialect(self) -> str:
        """The warehouse's dialect."""
        return self._connection.service_provider.value

    @property
    def stand_in(self) -> bool:
        """Whether a stand-in said any of it in place of the warehouse."""
        seen = [m.seen for m in self._models] + [t.seen for t in self._tables] + [c.seen for c in self._counts]
        return any(one.stand_in for one in seen)

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
        for locked in self._tables:
            if locked.table.ref == ref:
                self._in_time(locked.seen)
                return locked.table
        raise _absent(f"the table {ref}")

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
        raise _absent("a profile of the values")

    def close(self) -> None:
        """Nothing is held open."""

    def _in_time(self, seen: Seen) -> None:
        if seen.on < self._oldest:
            raise WarehouseError(Cause.UNSUPPORTED, f"what it holds was read on {seen.on}, too long ago; {_REMEDY}")


def _absent(what: str) -> WarehouseError:
    return WarehouseError(Cause.UNSUPPORTED, f"it does not hold {what}; {_REMEDY}", remedy=_REMEDY)
