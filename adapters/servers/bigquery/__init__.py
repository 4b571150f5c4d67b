"""BigQuery's test server: bqemulator, with a service account that logs in with its key."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from preflight.config import Connection, EnvRef, Introspect
from preflight.model import Provider, TableRef
from servers.stand import Ports, Process, environment, listens

PROJECT, DATASET = "shop-project", "crm"
ACCOUNT = f"mparticle-sync@{PROJECT}.iam.gserviceaccount.com"
_HERE = Path(__file__).resolve().parent
_ADMINISTRATOR = "administrator-token"
_CHUNK = 2000
_OPTIONS = ("timeout_seconds", "maximum_bytes_billed", "sample_rows")


class BigQueryServer:
    """See ``servers.stand.Server``."""

    engine = "bigquery"
    dialect = "bigquery"
    types: Mapping[str, str] = {
        "integer": "INT64",
        "big": "INT64",
        "decimal": "NUMERIC",
        "float": "FLOAT64",
        "text": "STRING",
        "boolean": "BOOL",
        "date": "DATE",
        "timestamp": "DATETIME",
        "instant": "TIMESTAMP",
        "texts": "STRING",
    }

    def __init__(self, folder: Path) -> None:
        self._ports = Ports()
        self.port = self._ports.take()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {"BQ_KEY_JSON": _key(f"{self.url}/token")}
        ports = [str(self.port), str(self._ports.take())]
        command = [str(environment("bigquery")), str(_HERE / "serve.py"), *ports, PROJECT]
        self._process = Process(command, folder, name="bigquery")
        try:
            self._process.wait_until(lambda: listens(self.port))
            self._ask("POST", "/datasets", {"datasetReference": {"projectId": PROJECT, "datasetId": DATASET}})
        except BaseException:
            self.stop()
            raise

    def name(self, table: str) -> str:
        """A full name."""
        return f"`{PROJECT}`.{DATASET}.{table}"

    def ref(self, table: str) -> TableRef:
        """The same as a reference."""
        return TableRef(table, DATASET, PROJECT)

    def stored(self, column: str) -> str:
        """BigQuery keeps a name as it was written."""
        return column

    def connection(self, **introspect: object) -> Connection:
        """A connection of the service account; its key stands in the environment."""
        config = {
            "region": "US",
            "project_id": PROJECT,
            "dataset_id": DATASET,
            "service_account_id": ACCOUNT,
            "service_account_key": EnvRef("BQ_KEY_JSON"),
        }
        caps: dict[str, Any] = {name: introspect.pop(name) for name in _OPTIONS if name in introspect}
        options: Any = {"api_endpoint": self.url, **introspect}
        return Connection("w", "W", Provider.BIGQUERY, config, introspect=Introspect(options=options, **caps))

    def run(self, statements: Sequence[str]) -> None:
        """Run statements as the administrator."""
        for statement in statements:
            told = self._ask("POST", "/queries", {"query": statement, "useLegacySql": False})
            if told.get("errors"):
                raise RuntimeError(f"{statement}: {told['errors']}")

    def load(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> None:
        """Create a table through the REST API and stream rows into it."""
        self._ask("DELETE", f"/datasets/{DATASET}/tables/{table}", missing=True)
        fields = [
            {"name": name, "type": self.types[kind], "mode": "REPEATED" if kind == "texts" else "NULLABLE"}
            for name, kind in columns
        ]
        reference = {"projectId": PROJECT, "datasetId": DATASET, "tableId": table}
        self._ask("POST", f"/datasets/{DATASET}/tables", {"tableReference": reference, "schema": {"fields": fields}})
        names = [name for name, _ in columns]
        for first in range(0, len(rows), _CHUNK):
            chunk = [{"json": dict(zip(names, row, strict=True))} for row in rows[first : first + _CHUNK]]
            self._ask("POST", f"/datasets/{DATASET}/tables/{table}/insertAll", {"rows": chunk})

    def forbid(self, table: str) -> None:
        """Refuse a table to the service account."""
        self._suite("forbid", {"table": table})

    def arrived(self) -> list[str]:
        """The service account's queries."""
        return [str(text) for text in self._suite("arrived", {})]

    def forget(self) -> None:
        """Begin anew."""
        self._suite("forget", {})

    def stop(self) -> None:
        """Stop it."""
        self._process.stop()
        self._ports.close()

    def _suite(self, verb: str, body: object) -> Any:
        return self._send("POST", f"{self.url}/_suite/{verb}", body)

    def _ask(self, method: str, path: str, body: object = None, *, missing: bool = False) -> Any:
        try:
            return self._send(method, f"{self.url}/bigquery/v2/projects/{PROJECT}{path}", body)
        except urllib.error.HTTPError as error:
            if missing and error.code == 404:
                return None
            raise RuntimeError(f"{method} {path}: {error.read().decode(errors='replace')[:800]}") from None

    @staticmethod
    def _send(method: str, url: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {_ADMINISTRATOR}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read()
        found = json.loads(text) if text else None
        if isinstance(found, dict) and found.get("insertErrors"):
            raise RuntimeError(str(found["insertErrors"])[:800])
        return found


def _key(token_uri: str) -> str:
    """A service account's key, made up anew, as its JSON file holds it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    told = {"type": "service_account", "project_id": PROJECT, "private_key_id": "0f1e2d3c4b5a", "private_key": pem}
    return json.dumps({**told, "client_email": ACCOUNT, "client_id": "100", "token_uri": token_uri})


def start(folder: Path) -> BigQueryServer:
    """A server with an empty dataset; its log is in ``folder``."""
    return BigQueryServer(folder)
