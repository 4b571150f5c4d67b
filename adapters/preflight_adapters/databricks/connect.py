"""Opens a session on a SQL warehouse and runs gated statements in it. The only file here that imports the driver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight_adapters._guard import Gate, allow
from preflight_adapters.databricks import errors, queries
from preflight_adapters.databricks.login import Login

_ATTEMPTS = 3
"""Of one request, by the driver; it waits 1 s and 2 s between them, or as long as the server says."""
_SOCKET_SECONDS = 60
_WAIT_SECONDS = 3.0  # between two looks at a SQL warehouse that starts
_AGAIN_SECONDS = 1.0  # between two cancellations of one statement
_UTC = ("UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT", "UCT", "Zulu", "+00:00")


class Answer(msgspec.Struct, frozen=True):
    """A statement's rows, and its columns' names."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def row(self) -> tuple[Any, ...]:
        """The first row, of a statement that always gives one."""
        if not self.rows:
            raise WarehouseError(Cause.OTHER, "Databricks answered without a row where there is always one")
        return self.rows[0]


class Who(msgspec.Struct, frozen=True):
    """Whose session it is, and where it looks a bare table name up."""

    principal: str
    catalog: str
    schema: str


class Session:
    """One session: in UTC, tagged, capped in time, without telemetry and without files fetched from elsewhere."""

    def __init__(self, gate: Gate, login: Login) -> None:
        """Open it; raises WarehouseError."""
        self._gate = gate
        self._login = login
        self._timeout = login.options.timeout_seconds
        self._cursor: Any = None
        self._stopped = ""
        self._connection: Any = None
        driver = _driver()
        arguments = _arguments(login)
        self.http_path: str = arguments["http_path"]
        self._connection = self._open(driver, arguments)
        try:
            self.who = self._settle()
        except BaseException:
            self.close()
            raise

    @property
    def on_this_machine(self) -> bool:
        """Whether a server on this machine answers in place of Databricks."""
        return self._login.on_this_machine

    def rows(self, sql: str, purpose: str, basis: Grade, *, model: str | None = None) -> Answer:
        """The answer to one statement that the gate lets through; raises WarehouseError.

        ``model`` is the data model's text within it: the gate has to let it through by itself too, since brackets make
        a table's name of other statements; and an error's offset is one into it.
        """
        if model is not None:
            allow(model, "databricks")
        return self._gate.send(sql, lambda text: self._run(text, model or ""), purpose=purpose, basis=basis)

    def _open(self, driver: Any, arguments: Mapping[str, Any]) -> Any:
        """A connection; one to a warehouse that starts is tried until the time limit."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                return driver.connect(**arguments)
            except Exception as error:  # the driver passes on what its HTTP and OAuth libraries raise
                ours = self._error(error)
            if ours.cause is not Cause.NO_COMPUTE or ours.code == "404" or time.monotonic() + _WAIT_SECONDS > until:
                raise ours from None
            time.sleep(_WAIT_SECONDS)

    def _settle(self) -> Who:
        """Lower the statement timeout where the one that holds is higher, and see that clocks are read in UTC."""
        with suppress(WarehouseError):  # where it cannot be read it is left: ours might raise it, and the timer holds
            shown = self._gate.call(
                queries.TIMEOUT, lambda: self._run(queries.TIMEOUT), purpose="session", basis=Grade.METADATA
            )
            holds = _timeout(shown)
            if holds is not None and (holds == 0 or holds > self._timeout):
                lower = queries.lower_timeout(self._timeout)
                self._gate.call(lower, lambda: self._run(lower), purpose="session", basis=Grade.METADATA)
        answer = self.rows(queries.SESSION, "session", Grade.METADATA)
        principal, catalog, schema, zone = (str(value) for value in answer.row)
        if zone not in _UTC:
            raise WarehouseError(
                Cause.DRIVER,
                f"the session reads clocks in {zone}, though preflight asked for UTC",
                remedy="let the SQL warehouse take the session's TIMEZONE",
            )
        return Who(principal, catalog, schema)

    def _run(self, sql: str, model: str = "") -> Answer:
        if self._connection is None:
            raise WarehouseError(Cause.DRIVER, "the session is closed")
        self._stopped = ""
        try:
            with self._running() as cursor:
                cursor.execute(sql)
                names = tuple(str(column[0]) for column in cursor.description or ())
                rows = tuple(tuple(row) for row in cursor.fetchall()) if names else ()
        except Exception as error:  # as above
            raise self._stop() or self._error(error, sql, model) from None
        if stopped := self._stop():
            raise stopped
        return Answer(names, rows)

    @contextmanager
    def _running(self) -> Iterator[Any]:
        """A cursor whose statement is cancelled at the time limit, and on the way out of an interrupt."""
        cursor = self._cursor = self._connection.cursor()
        done = threading.Event()

        def watch() -> None:
            if not done.wait(self._timeout):
                self._stopped = "timeout"
                while not done.wait(_AGAIN_SECONDS):
                    _cancel(cursor)

        threading.Thread(target=watch, name="databricks-timeout", daemon=True).start()
        try:
            yield cursor
        except BaseException as error:
            if not isinstance(error, Exception):
                _cancel(cursor)
            raise
        finally:
            done.set()
            self._cursor = None
            with suppress(Exception):  # the answer, or the error, is already there
                cursor.close()

    def _stop(self) -> WarehouseError | None:
        """Why the last statement was stopped from here; None: it was not."""
        if not self._stopped:
            return None
        if self._stopped == "timeout":
            return WarehouseError(
                Cause.TIMEOUT,
                f"Databricks did not answer within {self._timeout} s, so the statement was cancelled",
                remedy="raise `introspect.timeout_seconds`, or read less in the data model",
            )
        return WarehouseError(Cause.TIMEOUT, "the statement was cancelled")

    def cancel(self) -> None:
        """Cancel the statement that runs, at the warehouse; from any thread."""
        cursor = self._cursor
        if cursor is not None:
            self._stopped = self._stopped or "cancelled"
            _cancel(cursor)

    def close(self) -> None:
        """End the session; may be called twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # the session ends by itself; there is nothing to report
                connection.close()

    def _error(self, error: Exception, sql: str = "", model: str = "") -> WarehouseError:
        """The driver's error as ours: by what it carries, not by its class. No secret is left in it."""
        if isinstance(error, WarehouseError):
            return error
        scrub = self._login.options.scrub
        text = scrub(str(getattr(error, "message", None) or error))
        context = getattr(error, "context", None) or {}
        status = context.get("http-code") if isinstance(context, dict) else None
        if status is not None:
            said = scrub(str(context.get("error-message") or "")) or text
            return errors.unreached(said.removeprefix("Error during request to server. "), int(status))
        if errors.names_a_condition(text) or (isinstance(context, dict) and "operation-id" in context):
            return errors.refusal(text, statement=sql, model=model)
        return errors.unreached(text.removeprefix("Error during request to server. "), None)


def _cancel(cursor: Any) -> None:
    with suppress(Exception):  # it may have ended in between
        cursor.cancel()


def _timeout(shown: Answer) -> int | None:
    """The seconds that ``SET STATEMENT_TIMEOUT`` shows, 0 for no limit; None where it shows what cannot be read."""
    for row in shown.rows:
        if len(row) > 1 and str(row[0]).casefold().endswith("statement_timeout"):
            value = str(row[1]).strip()
            if value.isascii() and value.isdecimal():
                return int(value)
            return 0 if value in ("", "<undefined>") else None
    return 0


def _arguments(login: Login) -> dict[str, Any]:
    """What the driver's ``connect`` is told."""
    arguments = {
        "server_hostname": login.host,
        "http_path": login.http_path,
        "session_configuration": {"TIMEZONE": "UTC", "QUERY_TAGS": "tool:preflight"},
        "user_agent_entry": "preflight",
        "use_cloud_fetch": False,
        "enable_telemetry": False,
        "_socket_timeout": _SOCKET_SECONDS,
        "_retry_stop_after_attempts_count": _ATTEMPTS,
        "_retry_stop_after_attempts_duration": min(login.options.timeout_seconds, _SOCKET_SECONDS),
        **login.driver,
    }
    if login.sdk is not None:
        host, http_path, provider = _through_sdk(login)
        arguments |= {"server_hostname": host, "http_path": login.http_path or http_path}
        arguments["credentials_provider"] = provider
    if not arguments["http_path"]:
        raise WarehouseError(
            Cause.DRIVER,
            f"connection {login.options.connection} does not say http_path, and its profile names no warehouse",
            remedy="set `introspect.http_path`, or warehouse_id in the profile",
        )
    return arguments


def _through_sdk(login: Login) -> tuple[str, str, Callable[[], Callable[[], dict[str, str]]]]:
    """The host, the warehouse's path and the header factory that databricks-sdk's settings give."""
    try:
        from databricks.sdk.core import Config
    except ImportError:
        raise WarehouseError(
            Cause.DRIVER,
            f"logging in by {login.way} takes the databricks-sdk package, which is not installed",
            remedy="pip install databricks-sdk",
        ) from None
    scrub = login.options.scrub
    try:
        config = Config(**login.sdk or {}, http_timeout_seconds=20, retry_timeout_seconds=30)
    except Exception as error:  # ValueError for what is missing, and whatever its HTTP client raises
        raise _login_failed(login, error) from None
    for secret in (config.token, config.client_secret, config.azure_client_secret):
        scrub.add(secret or "")

    def headers() -> dict[str, str]:
        try:
            made: dict[str, str] = config.authenticate()
        except Exception as error:
            raise _login_failed(login, error) from None
        for value in made.values():
            scrub.add(value.partition(" ")[2] or value)
        return made

    path = f"/sql/1.0/warehouses/{config.warehouse_id}" if config.warehouse_id else ""
    host = str(config.host or "").partition("://")[2].partition("/")[0]
    return login.host or host, path, lambda: headers


def _login_failed(login: Login, error: Exception) -> WarehouseError:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return WarehouseError(
        Cause.AUTH,
        f"logging in by {login.way} failed: {login.options.scrub(line)[:300]}",
        remedy="mend the login under `introspect`, or the profile",
    )


def _driver() -> Any:
    try:
        import logging

        # What the driver logs may hold statements and tokens; what matters of it comes as an error.
        logging.getLogger("databricks").setLevel(logging.CRITICAL + 1)
        logging.getLogger("databricks.sql.unsafe").disabled = True
        from databricks import sql
    except ImportError:
        raise WarehouseError(
            Cause.DRIVER,
            "Databricks is read with the databricks-sql-connector package, which is not installed",
            remedy="pip install 'mparticle-preflight[databricks]'",
        ) from None
    return sql


def driver_version() -> str:
    """The installed driver's version; raises WarehouseError (DRIVER) where there is none."""
    return str(_driver().__version__)
