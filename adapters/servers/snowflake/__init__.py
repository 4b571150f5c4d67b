"""An emulator of Snowflake on loopback, filled and asked by tests; see ``serve.py`` for what is emulated."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preflight.config import Connection, EnvRef, Introspect
from preflight.model import Provider, TableRef
from servers.stand import Ports, Process, environment, listens

ROLE, WAREHOUSE, INTEGRATION = "MPARTICLE_READER", "SYNC_WH", "MP_EU1_12_345_S3"
_HELD = (
    ("USAGE", "WAREHOUSE", WAREHOUSE),
    ("USAGE", "DATABASE", "CRM"),
    ("USAGE", "SCHEMA", "CRM.PUBLIC"),
    ("USAGE", "INTEGRATION", INTEGRATION),
)
_DUCKDB = {"integer": "BIGINT", "big": "BIGINT", "decimal": "DECIMAL(12, 2)", "float": "DOUBLE", "text": "VARCHAR",
           "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP", "instant": "TIMESTAMPTZ",
           "texts": "JSON"}  # fmt: skip


class SnowflakeServer:
    """See ``servers.stand.Server``."""

    engine = "snowflake"
    dialect = "snowflake"
    environ: Mapping[str, str] = {"SNOWFLAKE_PASSWORD": "p-canary-5c1d"}
    types: Mapping[str, str] = {
        "integer": "NUMBER(10, 0)",
        "big": "NUMBER(19, 0)",
        "decimal": "NUMBER(12, 2)",
        "float": "FLOAT",
        "text": "VARCHAR",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP_NTZ",
        "instant": "TIMESTAMP_TZ",
        "texts": "ARRAY",
    }

    def __init__(self, folder: Path, *, keys: Mapping[str, Path] | None = None) -> None:
        """Start it, with logs in ``folder``; ``keys`` are public keys by user."""
        self.folder = folder
        self._ports = Ports()
        self.port = self._ports.take()
        command = [str(environment("snowflake")), str(Path(__file__).with_name("serve.py")), str(self.port)]
        for user, file in (keys or {}).items():
            command += ["--key", f"{user}={file}"]
        self._process = Process(command, folder, name="snowflake")
        self._grants = [[*held, "ROLE", ROLE] for held in _HELD]
        self._forbidden: list[str] = []
        try:
            self._process.wait_until(lambda: listens(self.port))
            self._rights()
        except BaseException:
            self.stop()
            raise

    def name(self, table: str) -> str:
        """The name in the database and schema that all tables are in."""
        return f"crm.public.{table}"

    def ref(self, table: str) -> TableRef:
        """The name as Snowflake stores its parts."""
        return TableRef(table.upper(), "PUBLIC", "CRM")

    def stored(self, column: str) -> str:
        """In upper case."""
        return column.upper()

    def connection(self, **introspect: object) -> Connection:
        """The sync's own user, with a password."""
        timeout = introspect.pop("timeout_seconds", None)
        assert timeout is None or isinstance(timeout, int)
        own: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "protocol": "http"}
        read = Introspect(timeout_seconds=timeout, options={**own, **introspect})
        config: dict[str, Any] = {
            "account_identifier": "xy98765", "region": "eu-central-1", "warehouse": WAREHOUSE, "database": "CRM",
            "role": ROLE, "user": "U", "password": EnvRef("SNOWFLAKE_PASSWORD"), "storage_integration": INTEGRATION,
        }  # fmt: skip
        return Connection("w", "W", Provider.SNOWFLAKE, config, introspect=read)

    def run(self, statements: Sequence[str]) -> None:
        """Run as whoever owns everything."""
        self.ask("run", statements=list(statements))

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        """Create and fill a table, and grant the sync's role the right to read it."""
        name = self.name(table)
        self.run([f"CREATE OR REPLACE TABLE {name} ({', '.join(f'{c} {self.types[kind]}' for c, kind in columns)})"])
        names = [column for column, _ in columns]
        kinds = {column: _DUCKDB[kind] for column, kind in columns}
        file = self.folder / "rows.json"
        with file.open("w") as out:
            out.writelines(f"{json.dumps(dict(zip(names, row, strict=True)))}\n" for row in rows)
        if rows:
            source = f"read_json('{file}', format = 'newline_delimited', columns = {kinds})"
            self.ask("fill", table=name, source=source)
        self._grants.append(["SELECT", "TABLE", name.upper(), "ROLE", ROLE])
        self._rights()

    def forbid(self, table: str) -> None:
        """Let nobody read the table, and list no grant on it."""
        name = self.name(table).upper()
        self._grants = [row for row in self._grants if row[2] != name]
        self._forbidden.append(name)
        self._rights()

    def arrived(self) -> list[str]:
        """Whether it was run or compiled alone."""
        return list(self.ask("arrived")["arrived"])

    def forget(self) -> None:
        """Forget what arrived."""
        self.ask("forget")

    def stop(self) -> None:
        """Stop the process."""
        self._process.stop()
        self._ports.close()

    def _rights(self) -> None:
        self.ask("rights", grants=self._grants, forbidden=self._forbidden)

    def ask(self, path: str, **request: object) -> dict[str, Any]:
        """Ask the server for something that only its tests may; raises urllib.error.HTTPError."""
        url = f"http://127.0.0.1:{self.port}/test/{path}"
        with urllib.request.urlopen(url, data=json.dumps(request).encode(), timeout=120) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def start(folder: Path) -> SnowflakeServer:
    """Start the emulator with its logs in ``folder``."""
    return SnowflakeServer(folder)
