"""The conformance suite over somebody's own account. Never part of CI: it needs an account, and it may cost.

preflight writes to no warehouse, and neither does this: ``python -m tests.warehouses.live ENGINE SCHEMA`` prints the
statements that make the suite's tables in an empty schema, for its owner to run. Then ``make test-live`` reads them
over the connection of that engine in the project that PREFLIGHT_LIVE_PROJECT names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from preflight.config import Connection, load
from preflight.model import TableRef
from servers.stand import Server
from tests.warehouses.seed import EVENT_COLUMNS, PEOPLE, PEOPLE_COLUMNS, event_rows

PROJECT, SCHEMA = "PREFLIGHT_LIVE_PROJECT", "PREFLIGHT_LIVE_SCHEMA"
NOT_LIVE = {
    "test_only_reads_arrive": "an account does not show what arrived at once",
    "test_a_view_whose_table_is_gone_is_refused": "it makes and drops tables",
    "test_the_windows_of_the_example_are_those_of_the_stand_in": "it fills a table with 23,570 rows",
    "test_a_wrong_secret_is_one_failure_that_names_the_connection": "a wrong password may lock an account",
    "test_the_traits_that_an_engine_has_are_told": "its values are the test server's own",
}
"""Checks that are left out, by name."""


def kind_of_server(engine: str) -> type[Server]:
    """The class of an engine's test server, for its types and its spelling of names."""
    module = import_module(f"servers.{engine}")
    found = [value for value in vars(module).values() if getattr(value, "engine", "") == engine]
    return found[0]  # type: ignore[no-any-return]


class LiveServer:
    """See ``servers.stand.Server``; whatever it would write is there already."""

    def __init__(self, engine: str, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        """Raises KeyError where a variable is not set, LookupError where the project has no such connection."""
        self.environ = dict(os.environ if environ is None else environ)
        project = load(Path(self.environ[PROJECT]))
        self._connection = next((c for c in project.connections if c.service_provider.value == engine), None)
        if self._connection is None:
            raise LookupError(f"{project.root / project.file} has no connection of {engine}")
        self.engine = self.dialect = engine
        self.folder = folder
        self.types = kind_of_server(engine).types
        self._schema = self.environ[SCHEMA]

    def name(self, table: str) -> str:
        return f"{self._schema}.{table}"

    def ref(self, table: str) -> TableRef:
        folded = str.upper if self.engine == "snowflake" else str
        *catalog, schema = map(folded, self._schema.split("."))
        return TableRef(folded(table), schema, *catalog)

    def stored(self, column: str) -> str:
        return column.upper() if self.engine == "snowflake" else column

    def connection(self, **introspect: object) -> Connection:
        assert self._connection is not None
        read = self._connection.introspect
        timeout = introspect.pop("timeout_seconds", None) or read.timeout_seconds
        changed = msgspec.structs.replace(
            read, timeout_seconds=timeout, local=None, options={**read.options, **introspect}
        )
        return msgspec.structs.replace(self._connection, introspect=changed)

    def run(self, statements: Sequence[str]) -> None:
        pass

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        pass

    def forbid(self, table: str) -> None:
        pass

    def arrived(self) -> list[str]:
        return []

    def forget(self) -> None:
        pass

    def stop(self) -> None:
        pass


def seed(types: Mapping[str, str], schema: str) -> Iterator[str]:
    """The statements that make the suite's tables; the right to read ``forbidden`` has to be withheld by hand."""
    tables = {
        "events": (EVENT_COLUMNS, event_rows()),
        "people": (PEOPLE_COLUMNS, PEOPLE),
        "forbidden": ((("id", "integer"),), [(1,)]),
        "nothing": ((("id", "integer"), ("at_instant", "instant")), []),
    }
    for table, (columns, rows) in tables.items():
        described = ", ".join(f"{name} {types[kind]}" for name, kind in columns)
        yield f"CREATE TABLE {schema}.{table} ({described})"
        for row in rows:
            pairs = zip(row, columns, strict=True)
            values = ", ".join(f"CAST({_literal(value)} AS {types[kind]})" for value, (_, kind) in pairs)
            yield f"INSERT INTO {schema}.{table} VALUES ({values})"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, bool | int | float) else "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    sys.stdout.writelines(f"{statement};\n" for statement in seed(kind_of_server(sys.argv[1]).types, sys.argv[2]))
