"""The sandbox's HTTP side: an ASGI application over a ``State``. It decides nothing that the platform decides."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Callable
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from preflight.sandbox.faults import Fault
from preflight.sandbox.state import Refused
from preflight.workspace import wire

if TYPE_CHECKING:
    from preflight.sandbox.server import Sandbox

_TRANSPORT = "preflight.transport"
_SLOW = 0.002  # seconds between two bytes of a slow answer


class Protocol(H11Protocol):
    """uvicorn's protocol, with the connection in each request's scope, so that a fault can break it."""

    def connection_made(self, transport: Any) -> None:
        """Let the application reach the transport."""
        super().connection_made(transport)
        inner = self.app

        async def reaching(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {_TRANSPORT: transport}
            await inner(scope, receive, send)

        self.app = reaching


def application(sandbox: Sandbox) -> ASGIApp:
    """The API of one sandbox: the token endpoint, and the four collections of its workspace."""

    async def token(request: Request) -> Response:
        return JSONResponse(sandbox.state.token(await _json(request)))

    routes = [Route("/oauth/token", token, methods=["POST"])]
    for kind in wire.COLLECTIONS:
        base = f"/platform/v2/workspaces/{sandbox.workspace}/{sandbox.paths[kind]}"
        routes += _collection(sandbox, kind, base)
    routes += _plans(sandbox, f"/platform/v2/workspaces/{sandbox.workspace}/{wire.PLANS}")
    app = Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _unknown})
    return _Faulty(app, sandbox)


def _collection(sandbox: Sandbox, kind: str, base: str) -> list[Route]:
    async def many(request: Request) -> Response:
        _authorize(sandbox, request)
        if request.method == "POST":
            return JSONResponse(sandbox.state.create(kind, await _json(request)), 201)
        return JSONResponse(sandbox.state.list(kind))

    async def one(request: Request) -> Response:
        _authorize(sandbox, request)
        id = request.path_params["id"]  # noqa: A001 - the API's word
        if request.method == "DELETE":
            sandbox.state.delete(kind, id)
            return Response(status_code=204)
        if request.method == "PUT":
            return JSONResponse(sandbox.state.replace(kind, id, await _json(request)))
        return JSONResponse(sandbox.state.get(kind, id))

    async def status(request: Request) -> Response:
        _authorize(sandbox, request)
        return JSONResponse(sandbox.state.status(request.path_params["id"]))

    routes = [
        Route(base, many, methods=["GET", "POST"]),
        Route(base + "/{id}", one, methods=["GET", "PUT", "DELETE"]),
    ]
    if kind == "pipelines":
        routes.append(Route(base + wire.Action.STATUS.suffix("{id}"), status, methods=["GET"]))
    return routes


def _plans(sandbox: Sandbox, base: str) -> list[Route]:
    async def plan(request: Request) -> Response:
        _authorize(sandbox, request)
        return JSONResponse(sandbox.state.plan(request.path_params["id"], request.path_params.get("version")))

    return [
        Route(base + "/{id}", plan, methods=["GET"]),
        Route(base + "/{id}/versions/{version:int}", plan, methods=["GET"]),
    ]


def _authorize(sandbox: Sandbox, request: Request) -> None:
    if not sandbox.state.accepts(request.headers.get("authorization", "").removeprefix("Bearer ")):
        raise Refused(401, "The token is missing or has expired.")


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - starlette hands over what the handler is registered for
    return JSONResponse({"statusCode": error.status, "errors": [{"message": error.message}]}, error.status)


async def _unknown(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"statusCode": status, "errors": [{"message": "Not found."}]}, status)


class _Faulty:
    """Writes each request down, and spoils those for which a fault is planned."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        fault = self._sandbox.log(method, path)
        if fault is None:
            await self._app(scope, receive, send)
            return
        answer = await _answer(self._app, scope, receive) if fault.after or fault.truncate or fault.slow else []
        await _spoil(fault, answer, scope, receive, send)


async def _answer(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages


async def _spoil(fault: Fault, answer: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
    if fault.slow:
        start, *rest = answer
        body = b"".join(message["body"] for message in rest)
        await send(start)
        for index in range(len(body)):
            await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": True})
            await sleep(_SLOW)
        await send({"type": "http.response.body", "body": b""})
        return
    if fault.truncate:
        start, *rest = answer
        body = b"".join(message["body"] for message in rest)
        await send(start)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope["extensions"][_TRANSPORT].close()
    elif fault.reset:
        scope["extensions"][_TRANSPORT].abort()
    elif not fault.hang:
        await Response(fault.body, fault.status, dict(fault.headers), "application/json")(scope, receive, send)
        return
    await _gone(receive)


async def _gone(receive: Callable[[], Any]) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
