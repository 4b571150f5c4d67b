"""Snowflake's wire, answered by hand on loopback for the real driver: what it sends is kept, what it gets is given."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = Mapping[str, Any]
NUMBER = "01b0c0de-0000-4000-8000-000000000001"
LOGGED_IN: Answer = {
    "success": True,
    "data": {
        "token": "session-token", "masterToken": "master-token", "validityInSeconds": 3600,
        "masterValidityInSeconds": 14400, "sessionId": 1, "parameters": [], "serverVersion": "9.0.0",
        "sessionInfo": {"databaseName": "CRM", "schemaName": "PUBLIC", "warehouseName": "SYNC_WH", "roleName": "R"},
    },
}  # fmt: skip


def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """One column of a result's description, as Snowflake writes it."""
    nothing = {"database": "", "schema": "", "table": "", "length": None, "byteLength": None, "precision": None}
    return {"name": name, "type": kind, **nothing, "scale": None, "nullable": True, "collation": None, **more}


def result(columns: list[dict[str, Any]], rows: list[list[str | None]]) -> Answer:
    """A statement's answer, its values as text."""
    data = {
        "parameters": [], "rowtype": columns, "rowset": rows, "total": len(rows), "returned": len(rows),
        "queryId": NUMBER, "queryResultFormat": "json", "statementTypeId": 4096,
        "finalDatabaseName": "CRM", "finalSchemaName": "PUBLIC",
    }  # fmt: skip
    return {"success": True, "data": data}


def refusal(code: str, state: str, message: str) -> Answer:
    """A statement's error."""
    data = {"errorCode": code, "sqlState": state, "queryId": NUMBER}
    return {"success": False, "code": code, "message": message, "data": data}


class Wire:
    """The server: ``answer`` is asked for each statement, ``enter`` for each login."""

    def __init__(self) -> None:
        self.logins: list[dict[str, Any]] = []
        self.parameters: list[dict[str, str]] = []
        self.statements: list[dict[str, Any]] = []
        self.aborted: list[str] = []
        self.statuses: list[str] = ["SUCCESS"]
        self.watched = threading.Event()
        """Whether the driver has asked how a statement is getting on."""
        self.enter: Callable[[dict[str, Any]], Answer] = lambda _: LOGGED_IN
        self.answer: Callable[[str], Answer] = lambda _: result([column("ONE", "fixed", precision=1, scale=0)], [["1"]])
        self._later: Answer = {}
        self.port = 0

    def post(self, path: str, query: str, body: dict[str, Any]) -> Answer:
        if path.startswith("/session/v1/login-request"):
            self.logins.append(body["data"])
            self.parameters.append({name: values[0] for name, values in parse_qs(query).items()})
            return self.enter(body["data"])
        if path.startswith("/queries/v1/query-request"):
            self.statements.append(body)
            found = self.answer(body["sqlText"])
            if not body.get("asyncExec"):
                return found
            self._later = found
            return {"success": True, "code": "333334", "message": "in progress", "data": {"queryId": NUMBER}}
        if "abort-request" in path:
            self.aborted.append(path)
            self.statuses = ["ABORTED"]
            self._later = refusal("000604", "57014", "SQL execution canceled")
        return {"success": True, "data": None, "code": None, "message": None}

    def get(self, path: str) -> Answer:
        if "/monitoring/" in path:
            self.watched.set()
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            return {"success": True, "data": {"queries": [{"id": NUMBER, "status": status}]}}
        return self._later


@contextmanager
def serving() -> Iterator[Wire]:
    """A wire on a free port, closed at the end."""
    wire = Wire()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
            parts = urlsplit(self.path)
            self.reply(wire.post(parts.path, parts.query, json.loads(raw or b"{}")))

        def do_GET(self) -> None:
            self.reply(wire.get(self.path))

        def reply(self, answer: Answer) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
