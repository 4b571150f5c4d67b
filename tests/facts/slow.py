"""An adapter whose answers take their time: what a run does while it waits, the tests and the benchmarks look at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import (
    Access,
    AccessAsk,
    Column,
    Histogram,
    HistogramAsk,
    Kind,
    Profile,
    ProfileAsk,
    RehearsalAsk,
    Rehearsed,
    Right,
    Schema,
    TableInfo,
    TableRef,
    Type,
)
from preflight.source import FULL, Capability, Record, Support
from preflight_adapters._guard import Gate


class Slow:
    """An adapter that has ``wait`` before each answer, with the statement's purpose; a table ``gone`` is not there."""

    dialect = "snowflake"
    stand_in = False
    support: Mapping[Capability, Support] = dict.fromkeys(Capability, FULL)

    def __init__(self, connection: str, record: Record, wait: Callable[[str], object]) -> None:
        self._gate = Gate(connection, "snowflake", record)
        self._wait = wait
        self._thread = threading.get_ident()
        self.closed = False

    def _send(self, sql: str, purpose: str, basis: Grade) -> None:
        assert threading.get_ident() == self._thread, "an adapter went from one thread to another"
        read = 512 * 1024 if basis is Grade.COUNTED else None
        self._gate.send(sql, lambda _: self._wait(purpose), purpose=purpose, basis=basis, bytes_read=lambda _: read)

    def describe(self, sql: str) -> Schema:
        self._send(sql, "describe", Grade.DESCRIBED)
        if "gone" in sql.casefold():
            raise WarehouseError(Cause.NOT_FOUND, "there is no such table", name="GONE")
        if "garbled" in sql.casefold():
            int("canary of a row")
        if "hollow" in sql.casefold():
            return Schema(())
        columns = (Column("CUSTOMER_ID", Type(Kind.TEXT)), Column("UPDATED_AT", Type(Kind.INSTANT)))
        return Schema(columns)

    def table(self, ref: TableRef) -> TableInfo:
        self._send(f"DESCRIBE TABLE {ref}", "table", Grade.METADATA)
        return TableInfo(ref)

    def histogram(self, ask: HistogramAsk) -> Histogram:
        self._send(ask.sql, "histogram", Grade.COUNTED)
        return Histogram(ask.anchor, ())

    def profile(self, ask: ProfileAsk) -> Profile:
        self._send(ask.sql, "profile", Grade.COUNTED)
        return Profile(0, False, ())

    def access(self, ask: AccessAsk) -> Access:
        self._send("SHOW GRANTS TO ROLE r", "grants of a role", Grade.DESCRIBED)
        return Access("role R", True, tuple(Right("SELECT", "table", str(ref), True, table=ref) for ref in ask.tables))

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        for purpose in ("discover columns", "count", "extract"):
            self._send(ask.sql, f"rehearse {purpose}", Grade.DESCRIBED)
        return (Rehearsed("count", ask.sql),)

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
