"""Opens a session on Redshift and runs gated statements in it. The only file of this adapter that imports the driver.

Each statement has a transaction of its own that is read-only and is rolled back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight_adapters._guard import Gate, allow
from preflight_adapters._options import Options, resolve
from preflight_adapters._route import loopback, require_encryption
from preflight_adapters.redshift import queries, wire
from preflight_adapters.redshift.errors import from_driver
from preflight_adapters.redshift.queries import Statement

LOGIN_SECONDS = 60
"""How long a connection may take; a serverless workgroup wakes up in it."""
_GRACE = 30
"""Seconds beyond a statement's time limit after which a silent server is given up."""

_PASSWORD_LOGIN = {"host": "host", "port": "port", "database": "database", "user": "user", "password": "password"}
_AWS_LOGIN = {"host": "host", "port": "port", "database": "database", "user": "db_user"}
_PLUGIN_LOGIN = {"host": "host", "port": "port", "database": "database"}
_SECRETS = (
    "password",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "client_secret",
    "token",
    "web_identity_token",
)
_AWS = ("iam", "profile", "cluster_identifier", "serverless_work_group")

Answer = TypeVar("Answer")


def way(given: Mapping[str, Any]) -> str:
    """How these options log in: ``profile`` (kept by AWS), ``plugin``, ``iam`` or ``password``."""
    if "auth_profile" in given:
        return "profile"
    if "credentials_provider" in given:
        return "plugin"
    return "iam" if any(given.get(name) for name in _AWS) else "password"


_TAKEN: Mapping[str, Mapping[str, str]] = {
    "profile": {},
    "plugin": _PLUGIN_LOGIN,
    "iam": _AWS_LOGIN,
    "password": _PASSWORD_LOGIN,
}
"""What each way takes from the project's ``config``, by its names, for what the driver calls it."""


def options(connection: Connection, environ: Mapping[str, str]) -> Options:
    """What the driver is told. Only a login by password takes the password of the project's ``config``."""
    found = resolve(connection, environ, config=_TAKEN[way(connection.introspect.options)])
    for name in _SECRETS:
        if isinstance(secret := found.given.get(name), str):
            found.scrub.add(secret)
    return found


def arguments(found: Options) -> dict[str, Any]:
    """The driver's arguments; raises WarehouseError (DRIVER, AUTH) for what cannot be meant or trusted.

    ``sslmode`` is always among them: where it is not, the driver only warns of a certificate for another host.
    """
    given = dict(found.given)
    if way(given) == "iam":
        given.setdefault("iam", True)
    if given.get("serverless_work_group"):
        given.setdefault("is_serverless", True)
    if "port" in given:
        given["port"] = _whole("port", given["port"])
    # The driver speaks TLS only where ``ssl`` is True itself, and takes no other word for a mode than these two.
    given["ssl"] = _flag("ssl", given.get("ssl", True))
    require_encryption(str(given.get("host") or ""), "introspect.ssl", encrypted=given["ssl"])
    if given["ssl"] and given.setdefault("sslmode", _MODES[0]) not in _MODES:
        raise _wrong("sslmode", given["sslmode"], " or ".join(_MODES))
    given.setdefault("timeout", LOGIN_SECONDS)
    return given | {"application_name": "preflight", "max_prepared_statements": 0}


_MODES = ("verify-full", "verify-ca")


def _whole(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise _wrong(name, value, "a whole number") from None


def _flag(name: str, value: Any) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if (flag := words.get(str(value).strip().lower())) is None:
        raise _wrong(name, value, "true or false")
    return flag


def _wrong(name: str, value: Any, wanted: str) -> WarehouseError:
    return WarehouseError(
        Cause.DRIVER, f"{name} is {value!r}, which is not {wanted}", remedy=f"mend {name} of this connection"
    )


class Session:
    """One connection to Redshift, in UTC, tagged, capped in time and read-only."""

    def __init__(self, found: Options, gate: Gate) -> None:
        """Log in; raises WarehouseError."""
        self._gate = gate
        self._scrub = found.scrub
        self._running = threading.Event()
        told = arguments(found)
        self.on_this_machine = loopback(str(told.get("host"))) and not told["ssl"]
        """Whether a test server answers: Redshift itself always speaks TLS, at the other end of a tunnel too."""
        self._connection: Any = self._guarded(lambda: _driver().connect(**told), None, connecting=True)
        try:
            self._connection.autocommit = True
            wire.prepare(self._connection, found.timeout_seconds + _GRACE)
            for setting in queries.settings(found.timeout_seconds):
                self._guarded(partial(self._execute, setting), None)
        except BaseException:
            self.close()
            raise

    def rows(self, statement: Statement | str, purpose: str, basis: Grade) -> list[tuple[Any, ...]]:
        """The rows of one statement that the gate lets through; raises WarehouseError."""
        asked = statement if isinstance(statement, Statement) else Statement(statement)
        return self._send(asked, self._fetch, purpose, basis)

    def described(self, statement: Statement, purpose: str, fallback: Statement | None) -> list[dict[str, Any]]:
        """The output columns of a statement that is compiled and not run, as the driver's row description.

        ``fallback`` is run where the driver has no such calls; None: WarehouseError (UNSUPPORTED).
        """
        try:
            return self._send(statement, self._compile, purpose, Grade.DESCRIBED)
        except wire.NoWireCallsError:
            if fallback is None:
                raise WarehouseError(
                    Cause.UNSUPPORTED, "this redshift-connector cannot compile a statement without running it"
                ) from None
        return self._send(fallback, self._fetch_description, purpose, Grade.DESCRIBED)

    def _send(self, statement: Statement, run: Callable[[str], Answer], purpose: str, basis: Grade) -> Answer:
        if statement.start is not None:  # a model must be a query by itself: its parentheses close nothing around it
            allow(statement.model, "redshift")
        return self._gate.send(
            statement.text, lambda _: self._transaction(statement, run), purpose=purpose, basis=basis
        )

    def _transaction(self, statement: Statement, run: Callable[[str], Answer]) -> Answer:
        """``run`` in a read-only transaction that is rolled back."""
        _sendable(statement.text)

        def inside() -> Answer:
            self._execute(queries.BEGIN)
            try:
                answer = run(statement.text)
            except Exception as error:
                if _is_answer(error):
                    self._execute(queries.ROLLBACK)
                raise
            self._execute(queries.ROLLBACK)
            return answer

        self._running.set()
        try:
            return self._guarded(inside, statement)
        finally:
            self._running.clear()

    def _guarded(self, run: Callable[[], Answer], statement: Statement | None, *, connecting: bool = False) -> Answer:
        """What ``run`` gives; whatever the driver raises becomes a WarehouseError.

        After anything but an answer of the server, an interrupt included, the connection is given up.
        """
        if not connecting and self._connection is None:
            raise WarehouseError(Cause.DRIVER, "the connection to Redshift is closed")
        try:
            return run()
        except (WarehouseError, wire.NoWireCallsError):
            raise
        except Exception as error:  # the driver, its login plugins and the AWS client share no class
            if connecting:
                wire.close_after(error)
            elif not _is_answer(error):
                self._abandon()
            raise from_driver(error, statement, self._scrub, connecting=connecting) from None
        except BaseException as error:
            if connecting:
                wire.close_after(error)
            else:
                self._abandon()
            raise

    def _execute(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        return cursor

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._execute(sql).fetchall()]

    def _fetch_description(self, sql: str) -> list[dict[str, Any]]:
        return list(self._execute(sql).ps["row_desc"])

    def _compile(self, sql: str) -> list[dict[str, Any]]:
        return wire.compiled(self._connection, sql)

    def cancel(self) -> None:
        """Ask the server to stop the statement that runs; from any thread."""
        connection = self._connection
        if connection is not None and self._running.is_set():
            wire.cancel(connection)

    def _abandon(self) -> None:
        """Stop what runs and give the connection up, since nobody reads the answer to its end."""
        self.cancel()
        connection, self._connection = self._connection, None
        wire.drop(connection)

    def close(self) -> None:
        """Log out."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it may have broken before
                connection.close()


def _is_answer(error: Exception) -> bool:
    """Whether the server sent it, after which the connection goes on."""
    ours = isinstance(error, (WarehouseError, wire.NoWireCallsError))
    return ours or (bool(error.args) and isinstance(error.args[0], Mapping))


def _sendable(sql: str) -> None:
    """Return if the wire can carry the text, else raise WarehouseError (SYNTAX)."""
    try:
        whole = b"\0" not in sql.encode()
    except UnicodeEncodeError:
        whole = False
    if not whole:
        raise WarehouseError(Cause.SYNTAX, "the query holds a NUL or half a character, which no statement can carry")


def _driver() -> Any:
    try:
        import redshift_connector
    except ImportError:
        raise WarehouseError(
            Cause.DRIVER,
            "Redshift is read with the package redshift-connector, which is not installed",
            remedy="pip install 'mparticle-preflight[redshift]'",
        ) from None
    import logging
    import warnings

    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"redshift_connector\.")
    logging.getLogger("redshift_connector").setLevel(logging.WARNING)  # its debug records hold values and login data
    return redshift_connector


def driver_version() -> str:
    """The installed driver's version; raises WarehouseError (DRIVER) where there is none."""
    return str(_driver().__version__)


def authorities() -> Path:
    """The certificates that the driver trusts beside the system's."""
    return Path(_driver().__file__).parent / "files" / "redshift-ca-bundle.crt"
