"""A server of BigQuery's REST API whose answers are written by hand, after Google's reference. It computes nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

PROJECT = "shop-project"
KEY_EMAIL = f"sync@{PROJECT}.iam.gserviceaccount.com"


class Request(msgspec.Struct, frozen=True):
    """One request as it arrived."""

    method: str
    path: str
    body: Any
    authorization: str = ""

    @property
    def query(self) -> Mapping[str, Any]:
        """A query job's configuration."""
        found: Mapping[str, Any] = self.body["configuration"]["query"]
        return found

    @property
    def inserts(self) -> bool:
        return self.method == "POST" and self.path.endswith("/jobs")

    @property
    def dry(self) -> bool:
        return self.inserts and bool(self.body["configuration"].get("dryRun"))


class Reply(msgspec.Struct, frozen=True):
    """What is answered: JSON, or an error by reason."""

    body: Any = {}
    status: int = 200


def error(status: int, reason: str, message: str) -> Reply:
    """An error as the API writes one."""
    told = {"code": status, "message": message, "errors": [{"reason": reason, "message": message, "domain": "global"}]}
    return Reply({"error": told}, status)


def compiled(request: Request, fields: list[Mapping[str, Any]], **query: Any) -> Reply:
    """The answer to a dry run."""
    statistics = {
        "totalBytesProcessed": "1000",
        "query": {
            "statementType": "SELECT",
            "totalBytesProcessed": "1000",
            "totalBytesProcessedAccuracy": "PRECISE",
            "schema": {"fields": fields},
            "referencedTables": [{"projectId": PROJECT, "datasetId": "crm", "tableId": "t"}],
        }
        | query,
    }
    return _job(request, statistics)


def done(request: Request) -> Reply:
    """The answer to the job of a query that ran at once."""
    return _job(request, {"query": {"statementType": "SELECT", "totalBytesProcessed": "4096"}})


def _job(request: Request, statistics: Any, state: str = "DONE") -> Reply:
    return Reply(
        {
            "jobReference": request.body.get("jobReference", {"projectId": PROJECT, "jobId": "dry"}),
            "configuration": request.body["configuration"],
            "status": {"state": state},
            "statistics": statistics,
        }
    )


def running(request: Request) -> Reply:
    """The answer to a job that has not ended."""
    return _job(request, {"query": {}}, "RUNNING")


def results(names: list[str], *rows: list[str | None]) -> Reply:
    """The answer of jobs.getQueryResults; each value as text, integers by their names' prefix ``n``."""
    fields = [{"name": name, "type": "STRING" if name.startswith("s") else "INTEGER"} for name in names]
    return Reply(
        {
            "jobComplete": True,
            "jobReference": {"projectId": PROJECT, "jobId": "j"},
            "schema": {"fields": fields},
            "totalRows": str(len(rows)),
            "rows": [{"f": [{"v": value} for value in row]} for row in rows],
        }
    )


class Wire:
    """Listens on loopback; ``answer`` is asked for each request, which ``requests`` keeps."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self.answer = answer
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _reply(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(length).decode()
                body = json.loads(text) if "json" in (self.headers.get("Content-Type") or "") and text else text
                path = self.path.partition("?")[0]
                request = Request(self.command, path, body, self.headers.get("Authorization") or "")
                wire.requests.append(request)
                reply = wire.answer(request)
                out = json.dumps(reply.body).encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            do_GET = do_POST = _reply  # noqa: N815 - the handler's own names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def inserted(self) -> list[Request]:
        return [request for request in self.requests if request.inserts]

    def calls(self, pattern: str) -> list[Request]:
        """The requests whose path matches."""
        return [request for request in self.requests if re.search(pattern, request.path)]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@cache
def _pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.decode()


def key(token_uri: str, canary: str = "canary-key-id-41") -> str:
    """A service account's key, made up, as its JSON file holds it."""
    told = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": canary,
        "private_key": _pem(),
        "client_email": KEY_EMAIL,
        "client_id": "100",
        "token_uri": token_uri,
    }
    return json.dumps(told)
