"""bqemulator with what the suite needs and it lacks; run with the python of this folder's own environment.

Usage: serve.py REST_PORT GRPC_PORT PROJECT. What is added or changed:

- It starts without DuckDB's spatial extension, which it would fetch from the internet; only ST_* functions need it.
- A service account's key is exchanged for a token at ``/token``, and only that token and the administrator's are taken.
- ``testIamPermissions`` answers for tables and, as the Resource Manager does, for projects.
- A query over a table that was forbidden is refused with ``accessDenied``.
- A dry run says how many bytes it would process: always the same number.
- ``/_suite`` hands out the queries that arrived with the service account's token, forgets them, and forbids tables.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
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
        elif found := _PERMISSIONS.search(path):
            wanted = json.loads(body or b"{}").get("permissions", [])
            await _reply(send, 200, {"permissions": [] if found[1] in FORBIDDEN else wanted})
        else:
            await _query(inner, scope, body, send)

    return app


async def _query(inner: Any, scope: Message, body: bytes, send: Send) -> None:
    text = _sql(body) if scope["method"] == "POST" else ""
    if text and _token(scope) == TOKEN:
        ARRIVED.append(text)
        if name := next((name for name in FORBIDDEN if re.search(rf"\b{name}\b", text)), None):
            message = f"Access Denied: Table {name}: User does not have permission to query table {name}"
            await _reply(send, 403, _error(403, "accessDenied", message))
            return
    sent, start, out = False, None, b""

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Message) -> None:
        nonlocal start, out
        if message["type"] == "http.response.start":
            start = message
            return
        out += message.get("body", b"")
        if not message.get("more_body"):
            assert start is not None
            await _reply(send, start["status"], _with_bytes(out) if "/jobs" in scope["path"] else out)

    await inner(scope, receive, collect)


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
    create = bqemulator.server.create_app
    bqemulator.server.create_app = lambda context: wrapped(create(context))
    from bqemulator.cli import main

    rest, grpc, project = sys.argv[1:4]
    sys.argv = ["bqemulator", "start", "--rest-port", rest, "--grpc-port", grpc]
    sys.argv += ["--project", project, "--log-level", "warning"]
    main()
