"""Opens DuckDB files for reading and sends them statements: the only file here that imports the driver."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight_adapters._guard import require_reading

_INSTALL = "pip install 'mparticle-preflight[local]'"


class Session:
    """An in-memory DuckDB with the files attached for reading, and nothing else within its reach."""

    def __init__(self, files: Mapping[str, Path], timeout_seconds: int | None) -> None:
        try:
            import duckdb
        except ImportError:
            raise WarehouseError(
                Cause.DRIVER, "the package duckdb is not installed", remedy=f"run: {_INSTALL}"
            ) from None
        self._timeout = timeout_seconds
        self._errors = duckdb
        self._connection: Any = duckdb.connect(
            ":memory:",
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
        )
        try:
            for alias, path in files.items():
                self._attach(alias, path)
            self._connection.execute(f'USE "{next(iter(files))}"')
            self._connection.execute("SET TimeZone = 'UTC'")
            self._connection.execute("SET enable_external_access = false")
            self._connection.execute("SET lock_configuration = true")
        except BaseException:
            self._connection.close()
            raise

    def _attach(self, alias: str, path: Path) -> None:
        if not path.is_file():
            raise WarehouseError(
                Cause.NETWORK, f"there is no DuckDB file {path.name}", remedy=f"make it, or correct the path: {path}"
            )
        quoted = str(path).replace("'", "''")
        try:
            self._connection.execute(f"ATTACH '{quoted}' AS \"{alias}\" (READ_ONLY)")
        except self._errors.Error as error:
            first = str(error).splitlines()[0]
            raise WarehouseError(
                Cause.NETWORK,
                f"{path.name} cannot be opened as a DuckDB file: {first}",
                remedy="check that it is a DuckDB database, of a version that this DuckDB reads, and not being written",
            ) from None

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of one statement that only reads; raises WarehouseError."""
        require_reading(statement, "duckdb")
        self._require_one_select(statement)
        timer = threading.Timer(self._timeout, self._connection.interrupt) if self._timeout else None
        if timer is not None:
            timer.start()
        try:
            return self._connection.execute(statement).fetchall()  # type: ignore[no-any-return]
        except self._errors.Error as error:
            raise self._translate(error) from None
        finally:
            if timer is not None:
                timer.cancel()

    def _require_one_select(self, statement: str) -> None:
        """The engine's own parser as the second gate: exactly one statement, of a kind that reads."""
        try:
            statements = self._connection.extract_statements(statement)
        except self._errors.Error as error:
            raise self._translate(error) from None
        kinds = [item.type.name for item in statements]
        if len(kinds) != 1 or kinds[0] not in ("SELECT", "SELECT_STATEMENT", "EXPLAIN", "EXPLAIN_STATEMENT"):
            raise WarehouseError(Cause.OTHER, f"preflight does not send a statement of kind {', '.join(kinds)}")

    def _translate(self, error: Exception) -> WarehouseError:
        duckdb = self._errors
        message = str(error).splitlines()[0]
        message = message.partition(": ")[2] if message.partition(":")[0].endswith("Error") else message
        quoted = message.split('"')[1] if message.count('"') >= 2 else ""
        if isinstance(error, duckdb.InterruptException):
            return WarehouseError(
                Cause.TIMEOUT,
                f"the statement ran longer than {self._timeout} seconds",
                remedy="raise introspect.timeout_seconds, or narrow the query",
            )
        if isinstance(error, duckdb.CatalogException):
            if "Function" in message:
                return WarehouseError(Cause.UNSUPPORTED, f"DuckDB cannot run it: {message}")
            name = message.partition("name ")[2].partition(" ")[0].strip('"')
            return WarehouseError(Cause.NOT_FOUND, message, name=name)
        if isinstance(error, duckdb.BinderException):
            if "not found in FROM clause" in message or "does not have a column" in message:
                return WarehouseError(Cause.BAD_COLUMN, message, name=quoted)
            if "GROUP BY" in message or message.startswith("Ambiguous reference"):
                return WarehouseError(Cause.INVALID, message, name=quoted)
            return WarehouseError(Cause.UNSUPPORTED, f"DuckDB cannot run it: {message}")
        if isinstance(error, duckdb.ParserException):
            return WarehouseError(Cause.UNSUPPORTED, "DuckDB cannot parse the rendered query")
        if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException | duckdb.InvalidInputException):
            return WarehouseError(Cause.INVALID, "the query fails on a row's value: it cannot be converted")
        return WarehouseError(Cause.OTHER, f"DuckDB answered: {type(error).__name__}")

    def close(self) -> None:
        """Release the files."""
        self._connection.close()
