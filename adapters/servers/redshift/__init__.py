"""A PostgreSQL that redshift-connector takes for a Redshift cluster; see ``serve.py`` for what stands between them."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from preflight.config import Connection, EnvRef, Introspect
from preflight.model import Provider, TableRef
from servers.stand import HERE, Ports, Process, environment, listens

ADMIN, READER, DATABASE, SCHEMA = "admin", "mparticle_reader", "dw", "crm"
ROLE = "arn:aws:iam::111122223333:role/mparticle-unload"
_ADMIN_PASSWORD, _PASSWORD = "of-the-admin", "canary-Zx81-reader"
_ROOMS = ("postgres", "nobody")
"""Users whom PostgreSQL runs as where the tests run as root, which it refuses."""


class RedshiftServer:
    """See ``servers.stand.Server``. ``transpiling`` and ``tls`` are further ports to the same database."""

    engine = "redshift"
    dialect = "redshift"
    environ: Mapping[str, str] = {"REDSHIFT_PASSWORD": _PASSWORD}
    types: Mapping[str, str] = {
        "integer": "INTEGER",
        "big": "BIGINT",
        "decimal": "NUMERIC(12, 2)",
        "float": "DOUBLE PRECISION",
        "text": "VARCHAR(256)",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "instant": "TIMESTAMPTZ",
        "texts": "SUPER",
    }

    def __init__(self) -> None:
        python = environment("redshift")
        self._binaries = _binaries()
        self._user = _room() if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="preflight-redshift-"))
        self._ports = Ports()
        self.port, self.transpiling, self.tls, self._postgres = (self._ports.take() for _ in range(4))
        self._log = self.folder / "arrived.jsonl"
        self._seen = 0
        self._process: Process | None = None
        try:
            self._create()
            self._start(python)
            self._fill()
        except BaseException:
            self.stop()
            raise

    def _create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(_ADMIN_PASSWORD)
        data = self.folder / "data"
        data.mkdir()
        if self._user:
            for path in (self.folder, secret, data):
                shutil.chown(path, self._user)
        _done(
            [
                *(self._binaries / "initdb", "-A", "md5", "-U", ADMIN, "-E", "UTF8", "--locale", "C", "--no-sync"),
                *("--pwfile", secret, "-D", data),
            ],
            user=self._user,
        )
        self.certificate = self.folder / "certificate.pem"
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        files = ["-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate)]
        _done(["openssl", "req", "-x509", *key, *names, *files])

    def _start(self, python: Path) -> None:
        options = {
            "--plain": self.port,
            "--transpiling": self.transpiling,
            "--tls": self.tls,
            "--postgres": self._postgres,
            "--postmaster": self._binaries / "postgres",
            "--data": self.folder / "data",
            "--log": self._log,
            "--certificate": self.certificate,
            "--key": self.folder / "key.pem",
        } | ({"--user": self._user} if self._user else {})
        command = [str(python), str(HERE / "redshift" / "serve.py")]
        command += [str(part) for pair in options.items() for part in pair]
        self._process = Process(command, self.folder, name="redshift")
        self._process.wait_until(lambda: all(map(listens, (self.port, self.transpiling, self.tls))) and self._answers())

    def _answers(self) -> bool:
        return self._psql("SELECT 1", "postgres").returncode == 0

    def _fill(self) -> None:
        self.sql(f"CREATE DATABASE {DATABASE}", database="postgres")
        self.sql((HERE / "redshift" / "redshift.sql").read_text("utf-8"))
        self.sql(
            f"CREATE ROLE {READER} LOGIN PASSWORD '{_PASSWORD}'; CREATE SCHEMA {SCHEMA};"
            f" GRANT USAGE ON SCHEMA {SCHEMA} TO {READER};"
            f" ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT SELECT ON TABLES TO {READER};"
        )

    def _psql(self, text: str, database: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(str(self._binaries / "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"),
                *("-p", str(self._postgres), "-U", ADMIN, "-d", database, "-f", "-"),
            ],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGPASSWORD": _ADMIN_PASSWORD, "PGTZ": "UTC"},
        )

    def sql(self, text: str, *, database: str = DATABASE) -> None:
        """Run a script as the administrator, in PostgreSQL's own SQL; raises RuntimeError."""
        done = self._psql(text, database)
        if done.returncode:
            raise RuntimeError(done.stderr)

    def name(self, table: str) -> str:
        """A table's full name."""
        return f"{DATABASE}.{SCHEMA}.{table}"

    def ref(self, table: str) -> TableRef:
        """The same as preflight reads it."""
        return TableRef(table, SCHEMA, DATABASE)

    def stored(self, column: str) -> str:
        """In lower case."""
        return column

    def connection(self, **introspect: object) -> Connection:
        """Of the user ``READER``, by password."""
        config = {
            "host": "127.0.0.1",
            "port": self.port,
            "database": DATABASE,
            "user": READER,
            "password": EnvRef("REDSHIFT_PASSWORD"),
            "aws_iam_role_arn": ROLE,
        }
        own = {name: introspect.pop(name) for name in ("timeout_seconds", "sample_rows") if name in introspect}
        read = Introspect(**own, options={"ssl": False, **introspect})  # type: ignore[arg-type]
        return Connection("w", "W", Provider.REDSHIFT, config, introspect=read)

    def run(self, statements: Sequence[str]) -> None:
        """A table that is dropped takes its views with it: PostgreSQL has none that outlive their tables."""
        dropped = (f"{text} CASCADE" if text.upper().startswith("DROP TABLE") else text for text in statements)
        self.sql(";\n".join(dropped))

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        """Create it anew, fill it, and let PostgreSQL count it."""
        described = ", ".join(f"{name} {self.types[kind]}" for name, kind in columns)
        lines = "".join("\t".join(map(_copied, row)) + "\n" for row in rows)
        name = f"{SCHEMA}.{table}"
        self.sql(
            f"DROP TABLE IF EXISTS {name} CASCADE; CREATE TABLE {name} ({described});\n"
            f"COPY {name} FROM STDIN;\n{lines}\\.\nANALYZE {name};\n"
        )

    def forbid(self, table: str) -> None:
        """Take the right to read it from ``READER``."""
        self.sql(f"REVOKE SELECT ON {SCHEMA}.{table} FROM {READER}")

    def _lines(self) -> list[str]:
        return self._log.read_text("utf-8").splitlines() if self._log.exists() else []

    def arrived(self) -> list[str]:
        """What ``READER`` sent."""
        return [sql for user, sql in map(json.loads, self._lines()[self._seen :]) if user == READER]

    def forget(self) -> None:
        """Begin anew."""
        self._seen = len(self._lines())

    def stop(self) -> None:
        """End both and remove the database."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        self._ports.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _copied(value: object) -> str:
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    text = json.dumps(value) if isinstance(value, (list, tuple)) else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _binaries() -> Path:
    """The folder of PostgreSQL's programs; Debian keeps them off the path."""
    found = [Path(path).resolve().parent for name in ("initdb", "postgres") if (path := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / name).exists() for name in ("initdb", "postgres", "psql")):
            return folder
    raise RuntimeError("there is no PostgreSQL here: install the package postgresql")


def _room() -> str:
    for name in _ROOMS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError(f"PostgreSQL refuses to run as root, and there is no user {' or '.join(_ROOMS)}")


def _done(command: Sequence[object], user: str | None = None) -> None:
    owner = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd="/", **owner
    )  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout)[-800:]}")


def start(folder: Path) -> RedshiftServer:  # noqa: ARG001 - PostgreSQL may not be let into the tests' own folder
    """Start it, on ports that are free."""
    return RedshiftServer()
