"""Opens a Snowflake connection and runs gated statements on it. The only file of this adapter that imports the driver.

A query is compiled with ``describe``; one that scans is submitted and asked for, so that it can be cancelled; what is
left are SHOW, DESCRIBE and functions of the session. No private option of the driver is used: connector 5 takes an
option of ``execute`` that it does not know, and runs the statement.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import Schema
from preflight_adapters._guard import Gate, allow
from preflight_adapters._route import loopback
from preflight_adapters.snowflake import rows
from preflight_adapters.snowflake.errors import one_line, refused, refused_login
from preflight_adapters.snowflake.login import Login

_FIRST_LOOK, _SLOWEST_LOOK = 0.05, 1.0  # seconds between two looks at a statement that runs
_GRACE = 5  # seconds that the warehouse has to end a statement by itself
_UNKNOWN_FOR = 60  # seconds that a statement may be unknown after it was submitted
_WAITING = ("QUEUED", "RESUMING_WAREHOUSE", "QUEUED_REPARING_WAREHOUSE", "BLOCKED")


class Session:
    """One session of one user in one role."""

    def __init__(self, login: Login, gate: Gate) -> None:
        """Log in; raises WarehouseError."""
        self._gate = gate
        self._scrub = login.options.scrub
        self._timeout = login.options.timeout_seconds
        self.on_this_machine = loopback(login.host)
        self._running = ""
        self._driver = _driver()
        try:
            self._connection: Any = self._driver.connect(**login.arguments)
        except self._driver.Error as error:
            raise refused_login(error.errno, error.sqlstate, _text(error), scrub=self._scrub) from None
        except Exception as error:
            message = self._scrub(f"the driver does not take these options: {error}")
            raise WarehouseError(Cause.AUTH, message, remedy="mend the options under `introspect`") from None

    def describe(self, sql: str, purpose: str, *, model: str = "") -> Schema:
        """What a query puts out; the warehouse compiles it and reads no row."""
        if model and model != sql:
            allow(model, "snowflake")
        return self._gate.send(sql, lambda text: self._describe(text, model), purpose=purpose, basis=Grade.DESCRIBED)

    def listed(self, sql: str, purpose: str) -> list[Mapping[str, Any]]:
        """The rows of a statement that scans nothing, each by its columns' names in lower case."""
        return self._gate.send(sql, self._list, purpose=purpose, basis=Grade.METADATA)

    def scan(self, sql: str, purpose: str, *, model: str, basis: Grade = Grade.COUNTED) -> list[tuple[Any, ...]]:
        """The rows of a query that reads tables; ``model`` must pass the gate by itself too, since it stands nested."""
        allow(model, "snowflake")
        return self._gate.send(sql, lambda text: self._scan(text, model), purpose=purpose, basis=basis)

    def one(self, sql: str, purpose: str, *, model: str, basis: Grade = Grade.COUNTED) -> tuple[Any, ...]:
        """The one row of a query that reads tables."""
        found = self.scan(sql, purpose, model=model, basis=basis)
        if len(found) != 1:
            raise WarehouseError(Cause.OTHER, f"Snowflake answered with {len(found)} rows where there is one")
        return found[0]

    def _describe(self, sql: str, model: str) -> Schema:
        names = self._driver.constants.FIELD_ID_TO_NAME
        with self._asking(sql, model), self._open().cursor() as cursor:
            return rows.output(cursor.describe(sql) or (), names)

    def _list(self, sql: str) -> list[Mapping[str, Any]]:
        with self._asking(sql), self._open().cursor() as cursor:
            cursor.execute(sql)
            names = [str(column[0]).lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _scan(self, sql: str, model: str) -> list[tuple[Any, ...]]:
        connection = self._open()
        try:
            with self._asking(sql, model), connection.cursor() as cursor:
                self._running = str(cursor.execute_async(sql)["queryId"])
                try:
                    self._wait(connection)
                except BaseException:
                    self.cancel()
                    raise
                cursor.query_result(self._running)
                return [tuple(row) for row in cursor.fetchall()]
        finally:
            self._running = ""

    @contextmanager
    def _asking(self, sql: str, model: str = "") -> Iterator[None]:
        """Whatever the driver raises becomes a WarehouseError."""
        try:
            yield
        except WarehouseError:
            raise
        except self._driver.Error as error:
            raise self._refused(error, sql, model) from None
        except Exception as error:  # of the driver's core, its HTTP client or a profile's file: no class in common
            raise WarehouseError(Cause.DRIVER, f"the driver fails: {one_line(self._scrub(repr(error)))}") from None

    def _wait(self, connection: Any) -> None:
        """Return when the statement that runs has ended, well or not; raises WarehouseError (TIMEOUT)."""
        began = started = time.monotonic()
        pause = _FIRST_LOOK
        while True:
            status = connection.get_query_status(self._running)
            now = time.monotonic()
            if status.name in _WAITING:
                started = now
            unknown = status.name == "NO_DATA" and now - began < _UNKNOWN_FOR
            if not unknown and not connection.is_still_running(status):
                return
            if now - started > self._timeout + _GRACE:
                raise WarehouseError(
                    Cause.TIMEOUT,
                    f"the statement ran for more than {self._timeout} seconds and was cancelled",
                    remedy="raise `introspect.timeout_seconds`, or narrow what the query scans",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_LOOK)

    def cancel(self) -> None:
        """Abort the query that runs, at Snowflake; from any thread. A statement that scans nothing runs to its end."""
        running, connection = self._running, self._connection
        if running and connection is not None:
            with suppress(Exception), connection.cursor() as cursor:  # it may have ended in the meantime
                cursor.abort_query(running)

    def close(self) -> None:
        """Log out."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(self._driver.Error):  # what the server says to a logout changes nothing
                connection.close()

    def _open(self) -> Any:
        if self._connection is None:
            raise WarehouseError(Cause.DRIVER, "the connection is closed")
        return self._connection

    def _refused(self, error: Any, statement: str, model: str) -> WarehouseError:
        text = _text(error)
        return refused(error.errno, error.sqlstate, text, scrub=self._scrub, statement=statement, model=model)


def _text(error: Any) -> str:
    return str(getattr(error, "raw_msg", None) or error.msg or error)


def _driver() -> Any:
    import logging

    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)  # it would go to stderr, among our own words
    try:
        import snowflake.connector
        import snowflake.connector.constants
    except ImportError:
        raise WarehouseError(
            Cause.DRIVER,
            "Snowflake is read with the package snowflake-connector-python, which is not installed",
            remedy="pip install 'mparticle-preflight[snowflake]'",
        ) from None
    return snowflake.connector


def driver_version() -> str:
    """The installed driver's version; raises WarehouseError (DRIVER) where there is none."""
    return str(_driver().__version__)
