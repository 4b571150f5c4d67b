"""Opens stand-in files and runs gated statements on them. The only file of this adapter that imports the driver."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.query.guards import GUARD
from preflight_adapters._guard import Gate
from preflight_adapters._options import TIMEOUT_SECONDS
from preflight_adapters.local.queries import identifier, literal

MEMORY_LIMIT = "1GB"
THREADS = 2
_LOOK = 0.2  # seconds between two looks at a statement that runs
_DATABASE = "preflight_stand_in"

_CONFIG: Mapping[str, str | bool | int] = {
    "memory_limit": MEMORY_LIMIT,
    "threads": THREADS,
    "perfect_ht_threshold": 16,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}
_LOCKS = (
    "SET TimeZone = 'UTC'",
    "SET enable_progress_bar = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class Session:
    """One connection to an in-memory DuckDB with the stand-in files attached read-only and everything else locked."""

    def __init__(
        self,
        gate: Gate,
        root: Path,
        folder: str,
        files: Mapping[str, str],
        *,
        home: str,
        timeout_seconds: int | None,
    ) -> None:
        """Attach ``files``, paths from ``folder`` in ``root`` by catalog (empty: one file for every catalog).

        ``home`` is the catalog of the tables that are named without one.
        """
        self._gate = gate
        self._duckdb = _driver()
        self._timeout = timeout_seconds or TIMEOUT_SECONDS
        self._connection: Any = self._duckdb.connect(":memory:", config=dict(_CONFIG))
        self._databases: dict[str, str] = {}
        try:
            for number, (catalog, path) in enumerate(files.items()):
                database = f"{_DATABASE}_{number}" if catalog else _DATABASE
                self._attach(_file(root, folder, path), database, path)
                self._databases[catalog.casefold()] = database
            if home.casefold() in self._databases:
                self._databases.setdefault("", self._databases[home.casefold()])
            if "" in self._databases:
                self._connection.execute(f"USE {identifier(self._databases[''])}")
            for statement in _LOCKS:
                self._connection.execute(statement)
        except BaseException:
            self.close()
            raise

    @property
    def catalogs(self) -> Mapping[str, str] | None:
        """The attached databases by catalog, or None where one stands for every catalog."""
        return None if set(self._databases) == {""} else self._databases

    def database(self, catalog: str) -> str:
        """The attached database that stands for ``catalog``; raises WarehouseError (UNSUPPORTED)."""
        name = "" if self.catalogs is None else catalog.casefold()
        if name not in self._databases:
            raise WarehouseError(
                Cause.UNSUPPORTED,
                f"no stand-in file is named for the catalog {catalog or 'of a table that names none'}",
                remedy="give each catalog a file under `introspect.local`",
            )
        return self._databases[name]

    def _attach(self, file: Path, database: str, label: str) -> None:
        if not file.is_file():
            raise _unopened(f"there is no file {label}", f"create {label}, or mend `introspect.local`")
        try:
            self._connection.execute(f"ATTACH {literal(str(file))} AS {identifier(database)} (READ_ONLY)")
        except self._duckdb.Error as error:
            raise _attach_error(str(error), label, self._duckdb.__version__) from None

    def rows(self, sql: str, purpose: str, basis: Grade) -> list[tuple[Any, ...]]:
        """The rows of one statement that the gate lets through; raises WarehouseError."""
        return self._gate.send(sql, self._run, purpose=purpose, basis=basis)

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        duckdb = self._duckdb
        if self._connection is None:
            raise WarehouseError(Cause.DRIVER, "the stand-in file is closed")
        try:
            statements = duckdb.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in (
                duckdb.StatementType.SELECT,
                duckdb.StatementType.EXPLAIN,
            ):
                raise WarehouseError(Cause.UNSUPPORTED, "DuckDB reads this as something else than one query")
            return self._fetch(statements[0])
        except duckdb.Error as error:
            raise _error(error, duckdb, self._timeout) from None

    def _fetch(self, statement: Any) -> list[tuple[Any, ...]]:
        """The statement's rows. It runs in a thread of its own, so that a Ctrl-C or the time limit can interrupt it."""
        rows: list[list[tuple[Any, ...]]] = []
        errors: list[Exception] = []

        def work() -> None:
            try:
                rows.append(self._connection.execute(statement).fetchall())
            except Exception as error:  # raised again where it was asked
                errors.append(error)

        thread = threading.Thread(target=work, name="stand-in", daemon=True)
        until = time.monotonic() + self._timeout
        thread.start()
        try:
            while thread.is_alive() and time.monotonic() < until:
                thread.join(_LOOK)
        finally:
            if thread.is_alive():
                self._connection.interrupt()
                thread.join()
        if errors:
            raise errors[0]
        return rows[0]

    def cancel(self) -> None:
        """Interrupt the statement that runs; from any thread."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """Release the files."""
        if self._connection is not None:
            with suppress(self._duckdb.Error):  # a statement that was interrupted may not have let go yet
                self._connection.close()
            self._connection = None


def _file(root: Path, folder: str, path: str) -> Path:
    file = (root / folder / path).resolve()
    if not file.is_relative_to(root.resolve()):
        raise _unopened(
            f"{path} lies outside the project's folder", f"move {path} into the project, or mend `introspect.local`"
        )
    return file


def _driver() -> Any:
    try:
        import duckdb
    except ImportError:
        raise WarehouseError(
            Cause.DRIVER,
            "a stand-in file is read with the duckdb package, which is not installed",
            remedy="pip install 'mparticle-preflight[local]'",
        ) from None
    return duckdb


def fill(path: Path, statements: str) -> None:
    """Run statements that write into a stand-in file, made where there is none; for tests and demonstrations.

    Raises the driver's own errors, and WarehouseError (DRIVER) where there is no driver.
    """
    with _driver().connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(statements)


def driver_version() -> str:
    """The installed driver's version; raises WarehouseError (DRIVER) where there is none."""
    return str(_driver().__version__)


def _unopened(message: str, remedy: str) -> WarehouseError:
    return WarehouseError(Cause.DRIVER, message, remedy=remedy)


def _attach_error(text: str, label: str, version: str) -> WarehouseError:
    if any(sign in text for sign in ("not a valid DuckDB database", "Corrupt database", "checksum", "Extension")):
        return _unopened(f"{label} is no DuckDB database, or it is damaged", f"create {label} anew with DuckDB")
    if (
        "set lock" in text
        or "used by another process" in text
        or "already attached" in text
        or "different configuration" in text
    ):
        return _unopened(f"{label} is open for writing elsewhere", f"close whatever writes to {label}, then run again")
    if "version" in text:
        return _unopened(
            f"{label} was written by a DuckDB whose format version {version} cannot read",
            f"upgrade the duckdb package, or write {label} with DuckDB {version}",
        )
    return _unopened(
        f"{label} cannot be opened: {_first_line(text)}", f"check that {label} is a readable DuckDB database"
    )


_PATTERNS = (
    (re.compile(r'Table with name "?([^"]+?)"? does not exist'), Cause.NOT_FOUND),
    (re.compile(r'Referenced column "(.+?)" not found'), Cause.BAD_COLUMN),
    (re.compile(r'Referenced column "(.+?)" was not found because the FROM'), Cause.BAD_COLUMN),
    (re.compile(r'Referenced table "(.+?)" not found'), Cause.BAD_COLUMN),
    (re.compile(r'Table ".+?" does not have a column named "(.+?)"'), Cause.BAD_COLUMN),
    (re.compile(r'Values list ".+?" does not have a column named "(.+?)"'), Cause.BAD_COLUMN),
    (re.compile(r'(?:Function|Macro) with name "?(.+?)"? does not exist'), Cause.UNSUPPORTED),
)
_INVALID = re.compile(
    r"must appear in the GROUP BY clause|Ambiguous reference|is ambiguous|cannot contain|Set operations can only apply"
    r"|duplicate alias|WHERE clause cannot|HAVING clause cannot|not allowed here"
)


def _error(error: Exception, duckdb: Any, timeout: int) -> WarehouseError:
    """DuckDB's error as ours. What a warehouse might accept all the same is UNSUPPORTED, so that it blames no query."""
    if isinstance(error, duckdb.InterruptException):
        return WarehouseError(
            Cause.TIMEOUT,
            f"the stand-in file did not answer within {timeout} s",
            remedy="raise `introspect.timeout_seconds`, or make the stand-in file smaller",
        )
    text = _first_line(str(error))
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError(
            Cause.COST_CAP, f"the query needs more than {MEMORY_LIMIT} of memory in the stand-in file"
        )
    for pattern, cause in _PATTERNS:
        if found := pattern.search(text):
            name = found[1].removeprefix(f"{_DATABASE}.")
            what = {Cause.NOT_FOUND: "no table", Cause.BAD_COLUMN: "no column", Cause.UNSUPPORTED: "no function"}[cause]
            return WarehouseError(cause, f"the stand-in file has {what} {name}", name=name)
    if text.startswith(GUARD):
        return WarehouseError(
            Cause.UNSUPPORTED, f"the data holds what DuckDB reads otherwise: {text.removeprefix(GUARD)}"
        )
    cause = Cause.INVALID if isinstance(error, duckdb.BinderException) and _INVALID.search(text) else Cause.UNSUPPORTED
    return WarehouseError(cause, f"DuckDB says: {text}")


def _first_line(text: str) -> str:
    line = text.partition("\n")[0].strip()
    return re.sub(r"^(?:[A-Z][A-Za-z]+ )+Error: ", "", line)
