"""bqemulator with what the suite needs and it lacks; run with the python of this folder's own environment.

Usage: serve.py REST_PORT GRPC_PORT PROJECT. What is added or changed:

- It starts without DuckDB's spatial extension, which it would fetch from the internet; only ST_* functions need it.
- A service account's key is exchanged for a token at ``/token``, and only that token and the administrator's are taken.
- ``testIamPermissions`` answers for tables and, as the Resource Manager does, for projects.
- A query over a table that was forbidden is refused with ``accessDenied``.
- A query runs beside the server's own loop, so that ``jobs.cancel`` and ``jobTimeoutMs`` can interrupt it.
- A dry run reads no rows, and says how many bytes it would process: always the same number.
- ``/_suite`` hands out the queries that arrived with the service account's token, forgets them, and forbids tables.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

import bqemulator.server
from bqemulator.storage.engine import DuckDBEngine

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TOKEN, ADMINISTRATOR = "service-account-token", "administrator-token"
BYTES = str(10 * 1024 * 1024)
ARRIVED: list[str] = []
FORBIDDEN: set[str] = set()
RUNNING: dict[str, str] = {}
STOPPED: dict[str, str] = {}
ENGINES: list[DuckDBEngine] = []
_DRY: ContextVar[bool] = ContextVar("dry", default=False)
_CANCEL = re.compile(r"/jobs/([^/]+)/cancel$")
_PERMISSIONS = re.compile(r"/v3/projects/[^/]+:testIamPermissions$|/tables/([^/]+):testIamPermissions$")


def wrapped(inner: Any) -> Any:
    """The emulator's application with the above around it."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        body = await _body(receive)
        path = str(scope["path"])
        if path == "/token":
            await _reply(send, 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        elif path.startswith("/_suite/"):
            await _reply(send, 200, _suite(path.rpartition("/")[2], body))
        elif path != "/healthz" and _token(scope) not in (TOKEN, ADMINISTRATOR):
            await _reply(send, 401, _error(401, "authError", "Invalid Credentials"))
        elif found := _CANCEL.search(path):
            _stop(found[1], "Job execution was cancelled: User requested cancellation")
            await _reply(send, 200, {"kind": "bigquery#jobCancelResponse", "job": {}})
        elif found := _PERMISSIONS.search(path):
            wanted = json.loads(body or b"{}").get("permissions", [])
            await _reply(send, 200, {"permissions": [] if found[1] in FORBIDDEN else wanted})
        else:
            await _query(inner, scope, body, send)

    return app


def _stop(job_id: str, why: str) -> None:
    """Interrupt the job, if it is the one that runs."""
    if RUNNING.get("job") == job_id:
        STOPPED[job_id] = why
        ENGINES[-1].connection.interrupt()


def _started(body: bytes) -> tuple[str, float]:
    """A job's id and how long it may run, in seconds; an empty id for what is no query that runs."""
    job = json.loads(body or b"{}")
    settings = job.get("configuration") or {}
    if "query" not in settings or settings.get("dryRun"):
        return "", 0
    return str((job.get("jobReference") or {}).get("jobId") or ""), int(settings.get("jobTimeoutMs") or 600_000) / 1000


async def _query(inner: Any, scope: Message, body: bytes, send: Send) -> None:
    text = _sql(body) if scope["method"] == "POST" else ""
    if text and _token(scope) == TOKEN:
        ARRIVED.append(text)
        if name := next((name for name in FORBIDDEN if re.search(rf"\b{name}\b", text)), None):
            message = f"Access Denied: Table {name}: User does not have permission to query table {name}"
            await _reply(send, 403, _error(403, "accessDenied", message))
            return
    sent, status, out = False, 500, b""

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Message) -> None:
        nonlocal status, out
        status = message.get("status", status)
        out += message.get("body", b"")

    job_id, seconds = _started(body) if text and scope["path"].endswith("/jobs") else ("", 0)
    if not job_id:
        _DRY.set(b'"dryRun": true' in body or b'"dryRun":true' in body)
        await inner(scope, receive, collect)
        await _reply(send, status, _with_bytes(out) if "/jobs" in scope["path"] else out)
        return
    RUNNING["job"] = job_id
    timer = threading.Timer(seconds, _stop, (job_id, "Job execution was cancelled: Job timed out"))
    timer.start()
    try:
        await asyncio.to_thread(asyncio.run, inner(scope, receive, collect))
    finally:
        timer.cancel()
        RUNNING.clear()
    if why := STOPPED.get(job_id):
        await _reply(send, 400, _error(400, "stopped", why))
    else:
        await _reply(send, status, _with_bytes(out))


def _sql(body: bytes) -> str:
    try:
        told = json.loads(body)
        return str(told.get("query") or told["configuration"]["query"]["query"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _with_bytes(out: bytes) -> bytes:
    try:
        job = json.loads(out)
    except ValueError:
        return out
    statistics = job.get("statistics")
    if isinstance(statistics, dict) and isinstance(statistics.get("query"), dict):
        statistics["totalBytesProcessed"] = BYTES
        statistics["query"] |= {"totalBytesProcessed": BYTES, "totalBytesBilled": BYTES}
    return json.dumps(job).encode()


def _suite(verb: str, body: bytes) -> object:
    if verb == "forget":
        ARRIVED.clear()
    elif verb == "forbid":
        FORBIDDEN.add(json.loads(body)["table"])
    return ARRIVED


def _token(scope: Message) -> str:
    return str(dict(scope["headers"]).get(b"authorization", b"").decode()).removeprefix("Bearer ")


def _error(status: int, reason: str, message: str) -> object:
    return {"error": {"code": status, "errors": [{"reason": reason, "message": message}], "message": message}}


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _reply(send: Send, status: int, answer: object) -> None:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    setattr(DuckDBEngine, "_load_spatial", lambda _: None)  # noqa: B010 - it would fetch the extension
    begin = DuckDBEngine.start

    async def started(engine: DuckDBEngine) -> None:
        """Begin, and let the engine be found."""
        await begin(engine)
        ENGINES.append(engine)

    DuckDBEngine.start = started
    fetch = DuckDBEngine.fetch_arrow

    def fetched(engine: DuckDBEngine, sql: str, parameters: list[Any] | None = None) -> Any:
        """No rows of a query that is only compiled."""
        dry = _DRY.get() and sql.lstrip("( \n").upper().startswith(("SELECT", "WITH"))
        return fetch(engine, f"SELECT * FROM ({sql}\n) LIMIT 0" if dry else sql, parameters)

    DuckDBEngine.fetch_arrow = fetched
    create = bqemulator.server.create_app
    bqemulator.server.create_app = lambda context: wrapped(create(context))
    from bqemulator.cli import main

    rest, grpc, project = sys.argv[1:4]
    sys.argv = ["bqemulator", "start", "--rest-port", rest, "--grpc-port", grpc]
    sys.argv += ["--project", project, "--log-level", "warning"]
    main()
