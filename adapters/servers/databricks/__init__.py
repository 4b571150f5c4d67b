"""Databricks' test server: Spark's Thrift server behind a front. An emulator: what it cannot do, ``serve.py`` cans."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec

from preflight.config import Connection, EnvRef, Introspect, Value
from preflight.model import Provider, TableRef
from servers import stand

_CATALOG, _SCHEMA = "spark_catalog", "shop"
_TOKEN = "PREFLIGHT_TEST_DATABRICKS_TOKEN"
_PLACES = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines")
_LEAST_JAVA = 17


class SparkServer:
    """See ``servers.stand.Server``."""

    engine = "databricks"
    dialect = "databricks"
    types: Mapping[str, str] = {
        "integer": "INT",
        "big": "BIGINT",
        "decimal": "DECIMAL(12, 2)",
        "float": "DOUBLE",
        "text": "STRING",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP_NTZ",
        "instant": "TIMESTAMP",
        "texts": "ARRAY<STRING>",
    }

    def __init__(self, folder: Path, python: Path, java: Path) -> None:
        self._folder = folder
        self._admin_token = secrets.token_hex(16)
        self.environ: Mapping[str, str] = {_TOKEN: f"dapi{secrets.token_hex(16)}"}
        self._admin: Any = None
        serve = str(Path(__file__).with_name("serve.py"))
        self._ports = stand.Ports()
        spark, self.port = self._ports.take(), self._ports.take()
        self._spark = stand.Process(
            [str(python), serve, "spark", str(spark), str(folder)],
            folder,
            name="spark",
            environ={"JAVA_HOME": str(java)},
        )
        tokens = {"READER_TOKEN": self.environ[_TOKEN], "ADMIN_TOKEN": self._admin_token}
        self._front = stand.Process(
            [str(python), serve, "front", str(self.port), str(spark)], folder, name="front", environ=tokens
        )
        try:
            self._front.wait_until(lambda: stand.listens(self.port))
            self._spark.wait_until(lambda: stand.listens(spark))
            self._spark.wait_until(self._opens)
            self.run([f"CREATE SCHEMA IF NOT EXISTS {_CATALOG}.{_SCHEMA}"])
        except BaseException:
            self.stop()
            raise

    def name(self, table: str) -> str:
        """A table's full name."""
        return f"{_CATALOG}.{_SCHEMA}.{table}"

    def ref(self, table: str) -> TableRef:
        """The same, as a query's reader gives it."""
        return TableRef(table, _SCHEMA, _CATALOG)

    def stored(self, column: str) -> str:
        """Columns keep their case."""
        return column

    def connection(self, **introspect: object) -> Connection:
        """The reader's, over plain HTTP on loopback."""
        options: dict[str, Value] = {**self._route, "access_token": EnvRef(_TOKEN)}
        fields = {name: introspect.pop(name) for name in ("timeout_seconds", "sample_rows") if name in introspect}
        read = Introspect(**fields, options={**options, **introspect})  # type: ignore[arg-type]
        return Connection("w", "W", Provider.DATABRICKS, {}, introspect=read)

    @property
    def _route(self) -> dict[str, Value]:
        path = "/sql/1.0/warehouses/0123456789abcdef"
        uri = f"http://127.0.0.1:{self.port}{path}"
        return {"server_hostname": "127.0.0.1", "http_path": path, "_connection_uri": uri}

    def _opens(self) -> bool:
        """Whether Spark opens the administrator's session; it listens a little before it can."""
        from databricks import sql

        try:
            self._admin = sql.connect(
                access_token=self._admin_token,
                session_configuration={"TIMEZONE": "UTC"},
                use_cloud_fetch=False,
                enable_telemetry=False,
                **self._route,
            )
        except sql.Error:
            return False
        return True

    def run(self, statements: Sequence[str]) -> None:
        """Run statements as the administrator."""
        for statement in statements:
            with self._admin.cursor() as cursor:
                cursor.execute(statement)

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        """Create and fill a table from JSON texts that Spark casts."""
        file = self._folder / f"{table}.jsonl"
        names = [name for name, _ in columns]
        with file.open("w") as out:
            out.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        read = ", ".join(f"{name} {'ARRAY<STRING>' if kind == 'texts' else 'STRING'}" for name, kind in columns)
        cast = ", ".join(f"CAST(r.{name} AS {self.types[kind]}) AS {name}" for name, kind in columns)
        source = f"SELECT from_json(value, '{read}') AS r FROM text.`file:{file}`"
        self.run(
            [
                f"DROP TABLE IF EXISTS {self.name(table)}",
                f"CREATE TABLE {self.name(table)} USING PARQUET AS SELECT {cast} FROM ({source})",
                f"ANALYZE TABLE {self.name(table)} COMPUTE STATISTICS",
            ]
        )

    def forbid(self, table: str) -> None:
        """Let the front refuse the table to the reader."""
        self._control("forbid", self.name(table))

    def arrived(self) -> list[str]:
        """The reader's statements, as they arrived."""
        return msgspec.json.decode(self._control("arrived"), type=list[str])

    def forget(self) -> None:
        """Begin ``arrived`` anew."""
        self._control("forget")

    def _control(self, what: str, body: str = "") -> bytes:
        url = f"http://127.0.0.1:{self.port}/-/{what}"
        headers = {"Authorization": f"Bearer {self._admin_token}"}
        with urlopen(Request(url, body.encode(), headers), timeout=120) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        """Stop the front, then Spark."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()
        self._front.stop()
        self._spark.stop()
        self._ports.close()


def start(folder: Path) -> SparkServer:
    """Spark and its front, both on loopback; raises RuntimeError where there is no Java for them."""
    return SparkServer(folder, stand.environment("databricks"), _java())


def _java() -> Path:
    """A Java that Spark 4 runs on: JAVA_HOME, or the oldest installed one that is new enough."""
    homes = [Path(home) for home in [os.environ.get("JAVA_HOME")] if home]
    for place in map(Path, _PLACES):
        homes += sorted(path for path in place.glob("*") if path.is_dir()) if place.is_dir() else []
    found = sorted({(version, home) for home in homes if (version := _version(home)) >= _LEAST_JAVA})
    if not found:
        raise RuntimeError(f"Spark needs Java {_LEAST_JAVA} or later: apt-get install openjdk-17-jre-headless")
    return found[0][1]


def _version(home: Path) -> int:
    """The major version that a Java home's ``release`` file names; 0 where it is none."""
    release = home / "release"
    if not (home / "bin" / "java").exists() or not release.exists():
        return 0
    said = dict(line.partition("=")[::2] for line in release.read_text().splitlines())
    major = said.get("JAVA_VERSION", "").strip('"').partition(".")[0]
    return int(major) if major.isdigit() else 0
