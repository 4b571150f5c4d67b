"""A SQL warehouse of constructed answers, spoken to by the real driver over Thrift and HTTP on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import msgspec
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

PATH = "/sql/1.0/warehouses/0123456789abcdef"
TOKEN = "dapi-canary-0f3c9a"
_OK = ttypes.TStatus(ttypes.TStatusCode.SUCCESS_STATUS)
_STATE = ttypes.TOperationState


class Rows(msgspec.Struct, frozen=True):
    """A result: columns' names, and rows of whole numbers, texts and NULLs."""

    names: Sequence[str]
    rows: Sequence[Sequence[int | str | None]]


class Refused(msgspec.Struct, frozen=True):
    """What the warehouse says against a statement."""

    text: str


HANGS = Rows((), ())
"""A statement that runs until it is cancelled."""
Reply = Rows | Refused
ME = Rows(("principal", "catalog", "schema", "zone"), [("me@example.com", "main", "default", "UTC")])
NO_TIMEOUT = Rows(("key", "value"), [("STATEMENT_TIMEOUT", "172800")])


class Wire:
    """The server; ``said`` maps a statement's first words to its answer, the longest that fits."""

    def __init__(self, said: Mapping[str, Reply] = {}, *, token: str = TOKEN) -> None:
        self.said: dict[str, Reply] = {"SELECT current_user()": ME, "SET STATEMENT_TIMEOUT": NO_TIMEOUT, **said}
        self.token = token
        self.statements: list[str] = []
        self.settings: list[Mapping[str, str]] = []
        self.hangs = threading.Event()
        self.cancelled = threading.Event()
        self.paths: list[str] = []
        self.broken: list[tuple[int, Mapping[str, str]]] = []
        """HTTP answers that are given before any other."""
        self._operations: dict[bytes, Reply] = {}
        self._number = count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _requests(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def options(self) -> dict[str, Any]:
        return {"server_hostname": "127.0.0.1", "http_path": PATH, "_connection_uri": f"{self.url}{PATH}"}

    # -- the calls of Thrift's interface --

    def OpenSession(self, request: Any) -> Any:  # noqa: N802 - the interface's name, as all below
        self.settings.append(request.configuration or {})
        return ttypes.TOpenSessionResp(
            status=_OK,
            serverProtocolVersion=ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7,
            sessionHandle=ttypes.TSessionHandle(self._handle()),
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, request: Any) -> Any:  # noqa: N802
        return ttypes.TCloseSessionResp(status=_OK)

    def ExecuteStatement(self, request: Any) -> Any:  # noqa: N802
        statement: str = request.statement
        self.statements.append(statement)
        known = [words for words in self.said if statement.startswith(words)]
        reply = self.said[max(known, key=len)] if known else Rows(("col_name", "data_type", "comment"), ())
        if isinstance(reply, Refused):
            status = ttypes.TStatus(ttypes.TStatusCode.ERROR_STATUS, errorMessage=reply.text)
            return ttypes.TExecuteStatementResp(status=status)
        handle = self._handle()
        self._operations[handle.guid] = reply
        kind = ttypes.TOperationType.EXECUTE_STATEMENT
        operation = ttypes.TOperationHandle(handle, kind, hasResultSet=True)
        return ttypes.TExecuteStatementResp(status=_OK, operationHandle=operation)

    def GetOperationStatus(self, request: Any) -> Any:  # noqa: N802
        state = _STATE.FINISHED_STATE
        if self._reply(request) is HANGS:
            self.hangs.set()
            state = _STATE.CANCELED_STATE if self.cancelled.wait(0.1) else _STATE.RUNNING_STATE
        return ttypes.TGetOperationStatusResp(status=_OK, operationState=state)

    def GetResultSetMetadata(self, request: Any) -> Any:  # noqa: N802
        reply = self._reply(request)
        return ttypes.TGetResultSetMetadataResp(
            status=_OK,
            schema=ttypes.TTableSchema([_column(name, _values(reply, n)) for n, name in enumerate(reply.names)]),
            resultFormat=ttypes.TSparkRowSetType.COLUMN_BASED_SET,
        )

    def FetchResults(self, request: Any) -> Any:  # noqa: N802
        reply = self._reply(request)
        columns = [_packed(_values(reply, number)) for number in range(len(reply.names))]
        return ttypes.TFetchResultsResp(
            status=_OK,
            hasMoreRows=False,
            results=ttypes.TRowSet(startRowOffset=0, rows=[], columns=columns),
            resultSetMetadata=self.GetResultSetMetadata(request),
        )

    def CancelOperation(self, request: Any) -> Any:  # noqa: N802
        self.cancelled.set()
        return ttypes.TCancelOperationResp(status=_OK)

    def CloseOperation(self, request: Any) -> Any:  # noqa: N802
        return ttypes.TCloseOperationResp(status=_OK)

    def _reply(self, request: Any) -> Rows:
        reply = self._operations[request.operationHandle.operationId.guid]
        assert isinstance(reply, Rows)
        return reply

    def _handle(self) -> Any:
        return ttypes.THandleIdentifier(next(self._number).to_bytes(16, "big"), bytes(16))


def _values(reply: Rows, number: int) -> list[int | str | None]:
    return [row[number] for row in reply.rows]


def _is_text(values: Sequence[int | str | None]) -> bool:
    return not values or any(isinstance(value, str) for value in values)


def _column(name: str, values: Sequence[int | str | None]) -> Any:
    kind = ttypes.TTypeId.STRING_TYPE if _is_text(values) else ttypes.TTypeId.BIGINT_TYPE
    entry = ttypes.TTypeEntry(primitiveEntry=ttypes.TPrimitiveTypeEntry(kind))
    return ttypes.TColumnDesc(name, ttypes.TTypeDesc([entry]), 0)


def _packed(values: Sequence[int | str | None]) -> Any:
    nulls = bytearray((len(values) + 7) // 8)
    for index, value in enumerate(values):
        nulls[index // 8] |= (value is None) << (index % 8)
    if _is_text(values):
        texts = ["" if value is None else str(value) for value in values]
        return ttypes.TColumn(stringVal=ttypes.TStringColumn(texts, bytes(nulls)))
    return ttypes.TColumn(i64Val=ttypes.TI64Column([int(value or 0) for value in values], bytes(nulls)))


def _requests(wire: Wire) -> Callable[..., BaseHTTPRequestHandler]:
    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            wire.paths.append(self.path)
            if self.path.startswith("/oidc"):
                token = {"access_token": wire.token, "token_type": "Bearer", "expires_in": 3600}
                return self.answer(200, json.dumps(token).encode(), {"Content-Type": "application/json"})
            if wire.broken:
                code, headers = wire.broken.pop(0)
                return self.answer(code, b"", headers)
            if self.headers.get("Authorization") != f"Bearer {wire.token}":
                said = f"Invalid access token {self.headers.get('Authorization', '')}"
                return self.answer(403, b"", {"x-databricks-error-or-redirect-message": said})
            taken, given = TMemoryBuffer(body), TMemoryBuffer()
            TCLIService.Processor(wire).process(TBinaryProtocol(taken), TBinaryProtocol(given))
            return self.answer(200, given.getvalue(), {"Content-Type": "application/x-thrift"})

        def do_GET(self) -> None:
            wire.paths.append(self.path)
            if self.path == "/.well-known/databricks-config":
                said = json.dumps({"oidc_endpoint": f"{wire.url}/oidc"}).encode()
                return self.answer(200, said, {"Content-Type": "application/json"})
            if self.path.startswith("/oidc"):
                names = ("authorization_endpoint", "token_endpoint")
                ends = {name: f"{wire.url}/oidc/v1/{name.partition('_')[0]}" for name in names}
                return self.answer(200, json.dumps(ends).encode(), {"Content-Type": "application/json"})
            return self.answer(404, b"{}", {})

    return Requests
