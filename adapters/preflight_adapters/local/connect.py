"""Opens stand-in files and runs gated statements on them. The only file of this adapter that imports the driver."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.query.guards import GUARD
from preflight_adapters._guard import Gate
from preflight_adapters._options import TIMEOUT_SECONDS
from preflight_adapters.local.queries import identifier, literal

FIRST_MEMORY, MEMORY_LIMIT = "32MB", "1GB"
"""A session begins with the first, since DuckDB fills what it may with blocks of the file, which speeds no scan up.
The first statement that needs more gets the second."""
THREADS = 2
_LOOK = 0.2  # seconds between two looks at a statement that runs
_DATABASE = "preflight_stand_in"

_CONFIG: Mapping[str, str | bool | int] = {
    "threads": THREADS,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
}
_LOCAL = ("SET TimeZone = 'UTC'", "SET enable_progress_bar = false")
_ARRAYS = "SET perfect_ht_threshold = 16"
"""Lets an array stand for the hash table of up to 65,536 groups: seven years of hours. DuckDB makes room for them all,
whatever its memory limit, so that no GROUP BY with states of its own may have one."""
_LOCKS = ("SET enable_external_access = false", "SET lock_configuration = true")
_GROUPING = re.compile(r'"name":\s*"(\w*GROUP_BY)')


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
        self._databases: dict[str, str] = {}
        self._files: dict[str, tuple[Path, str]] = {}
        for number, (catalog, path) in enumerate(files.items()):
            database = f"{_DATABASE}_{number}" if catalog else _DATABASE
            self._files[database] = (_file(root, folder, path), path)
            self._databases[catalog.casefold()] = database
        if home.casefold() in self._databases:
            self._databases.setdefault("", self._databases[home.casefold()])
        self._memory = FIRST_MEMORY
        self._connection: Any
        self._with_arrays: Any
        self._connection, self._with_arrays = self._open(FIRST_MEMORY)

    def _open(self, memory: str) -> tuple[Any, Any]:
        """Two connections to the same files; the second one groups by arrays where it can."""
        connection = self._duckdb.connect(":memory:", config={**_CONFIG, "memory_limit": memory})
        try:
            for database, (file, label) in self._files.items():
                self._attach(connection, file, database, label)
            with_arrays = connection.cursor()
            with_arrays.execute(_ARRAYS)
            use = [f"USE {identifier(self._databases[''])}"] if "" in self._databases else []
            for each in (connection, with_arrays):
                for statement in (*use, *_LOCAL):
                    each.execute(statement)
            for statement in _LOCKS:
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection, with_arrays

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

    def _attach(self, connection: Any, file: Path, database: str, label: str) -> None:
        if not file.is_file():
            raise _unopened(f"there is no file {label}", f"create {label}, or mend `introspect.local`")
        try:
            connection.execute(f"ATTACH {literal(str(file))} AS {identifier(database)} (READ_ONLY)")
        except self._duckdb.Error as error:
            raise _attach_error(str(error), label, self._duckdb.__version__) from None

    def rows(self, sql: str, purpose: str, basis: Grade, *, counts: bool = False) -> list[tuple[Any, ...]]:
        """The rows of one statement that the gate lets through; raises WarehouseError.

        ``counts``: its outermost GROUP BY only counts, so that an array may hold its groups.
        """
        run = partial(self._run, counts=counts)
        return self._gate.send(sql, run, purpose=purpose, basis=basis)

    def _run(self, sql: str, *, counts: bool) -> list[tuple[Any, ...]]:
        duckdb = self._duckdb
        if self._connection is None:
            raise WarehouseError(Cause.DRIVER, "the stand-in file is closed")
        until = time.monotonic() + self._timeout
        try:
            try:
                return self._fetch(sql, until, counts=counts)
            except duckdb.OutOfMemoryException:
                if self._memory == MEMORY_LIMIT:
                    raise
            self._widen()
            return self._fetch(sql, until, counts=counts)
        except duckdb.Error as error:
            raise _error(error, duckdb, self._timeout) from None

    def _query(self, sql: str) -> Any:
        statements = self._duckdb.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in (
            self._duckdb.StatementType.SELECT,
            self._duckdb.StatementType.EXPLAIN,
        ):
            raise WarehouseError(Cause.UNSUPPORTED, "DuckDB reads this as something else than one query")
        return statements[0]

    def _widen(self) -> None:
        """Open the files anew: the memory of an open session is locked, as all its settings are."""
        before = (self._with_arrays, self._connection)
        self._connection, self._with_arrays = self._open(MEMORY_LIMIT)
        self._memory = MEMORY_LIMIT
        for connection in before:
            connection.close()

    def _execute(self, sql: str, *, counts: bool) -> list[tuple[Any, ...]]:
        statement, connection = self._query(sql), self._connection
        if counts:
            [(_, plan)] = self._with_arrays.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
            connection = self._with_arrays if array_suits(plan) else connection
        return list(connection.execute(statement).fetchall())

    def _fetch(self, sql: str, until: float, *, counts: bool) -> list[tuple[Any, ...]]:
        """The statement's rows. It runs in a thread of its own, so that a Ctrl-C or the time limit can interrupt it."""
        rows: list[list[tuple[Any, ...]]] = []
        errors: list[Exception] = []

        def work() -> None:
            try:
                rows.append(self._execute(sql, counts=counts))
            except Exception as error:  # raised again where it was asked
                errors.append(error)

        thread = threading.Thread(target=work, name="stand-in", daemon=True)
        try:
            thread.start()
            while thread.is_alive() and time.monotonic() < until:
                thread.join(_LOOK)
        finally:
            while thread.is_alive():  # an interrupt of a statement that has not begun is lost
                self.cancel()
                thread.join(_LOOK)
        if errors:
            raise errors[0]
        return rows[0]

    def cancel(self) -> None:
        """Interrupt the statement that runs; from any thread."""
        for connection in (self._connection, self._with_arrays):
            if connection is not None:
                connection.interrupt()

    def close(self) -> None:
        """Release the files."""
        for connection in (self._connection, self._with_arrays):
            if connection is not None:
                with suppress(self._duckdb.Error):  # a statement that was interrupted may not have let go yet
                    connection.close()
        self._connection = self._with_arrays = None


def array_suits(plan: str) -> bool:
    """Whether the outermost GROUP BY of a plan in JSON, and no other, has an array for its groups."""
    arrays = [name.startswith("PERFECT") for name in _GROUPING.findall(plan)]
    return arrays[:1] == [True] and not any(arrays[1:])


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
