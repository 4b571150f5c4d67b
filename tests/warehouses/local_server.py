"""The stand-in as one of the engines: a DuckDB file in place of a server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from preflight.config import Connection, Introspect
from preflight.model import Provider, TableRef


class LocalServer:
    """See ``servers.stand.Server``."""

    engine = "local"
    dialect = "snowflake"
    environ: Mapping[str, str] = {}
    types: Mapping[str, str] = {
        "integer": "INTEGER",
        "big": "BIGINT",
        "decimal": "DECIMAL(12, 2)",
        "float": "DOUBLE",
        "text": "VARCHAR",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "instant": "TIMESTAMPTZ",
        "texts": "VARCHAR[]",
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run(["CREATE SCHEMA IF NOT EXISTS public"])

    def name(self, table: str) -> str:
        return f"crm.public.{table}"

    def ref(self, table: str) -> TableRef:
        return TableRef(table.upper(), "PUBLIC", "CRM")

    def stored(self, column: str) -> str:
        return column.upper()

    def connection(self, **introspect: object) -> Connection:
        timeout = introspect.pop("timeout_seconds", None)
        assert not introspect
        assert timeout is None or isinstance(timeout, int)
        read = Introspect(local="warehouse.duckdb", timeout_seconds=timeout)
        return Connection("w", "W", Provider.SNOWFLAKE, {}, introspect=read)

    def run(self, statements: Sequence[str]) -> None:
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement.replace("crm.public.", "public."))

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        described = ", ".join(f"{name} {self.types[kind]}" for name, kind in columns)
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"CREATE OR REPLACE TABLE public.{table} ({described})")
            names = [name for name, _ in columns]
            kinds = {name: self.types[kind] for name, kind in columns}
            file = self.folder / "rows.json"
            with file.open("w") as out:
                out.writelines(f"{json.dumps(dict(zip(names, row, strict=True)))}\n" for row in rows)
            read = f"read_json('{file}', format = 'newline_delimited', columns = {kinds})"
            connection.execute(f"INSERT INTO public.{table} FROM {read}")

    def forbid(self, table: str) -> None:
        pass

    def arrived(self) -> list[str]:
        return []

    def forget(self) -> None:
        pass

    def stop(self) -> None:
        pass


def start(folder: Path) -> LocalServer:
    """A file in ``folder``."""
    return LocalServer(folder)
