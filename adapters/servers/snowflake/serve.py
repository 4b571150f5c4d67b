"""Runs fakesnow behind an ASGI wrapper that gives connector 5.x what it needs; run with this folder's own environment.

``python serve.py PORT [--key USER=PUBLIC.pem]``. fakesnow keeps the tables and runs the SQL.
Written here, after Snowflake's documentation: the login check, SHOW GRANTS and SHOW OBJECTS, statements that are
submitted and asked for later, the session's functions, NULL timestamps. It is an emulator: what it says about SQL is
DuckDB's word.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import json
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import fakesnow.server as emulator
import jwt
import pyarrow
import uvicorn

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

USER, PASSWORD, TOKEN = "U", "p-canary-5c1d", "t-canary-77aa"
ROLE = "MPARTICLE_READER"

KEYS: dict[str, str] = {}
GRANTS: list[list[str]] = []
"""Rows of SHOW GRANTS TO ROLE, without the first and the two last columns."""
FORBIDDEN: list[str] = []
"""Tables by their full names in upper case that nobody may read."""
ARRIVED: list[str] = []
SUBMITTED: dict[str, dict[str, Any]] = {}
RUNNING: dict[str, asyncio.Task[None]] = {}
SESSIONS: dict[str, dict[str, Any]] = {}

_GRANT_COLUMNS = "created_on privilege granted_on name granted_to grantee_name grant_option granted_by"
_OBJECT_COLUMNS = "created_on name database_name schema_name kind comment cluster_by rows bytes owner"
_to_sf = emulator.to_sf


def _nullable(table: pyarrow.Table) -> pyarrow.Table:
    """The table with structs whose members may be NULL; connector 5.x stops at a NULL timestamp otherwise."""
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        if pyarrow.types.is_struct(field.type):
            members = [pyarrow.field(member.name, member.type) for member in field.type]
            chunks = [
                pyarrow.StructArray.from_arrays(
                    [chunk.field(index) for index in range(field.type.num_fields)],
                    fields=members,
                    mask=chunk.field(0).is_null(),
                )
                for chunk in column.chunks
            ]
            column = pyarrow.chunked_array(chunks, type=pyarrow.struct(members))
            field = pyarrow.field(field.name, column.type, metadata=field.metadata)
        columns.append(column)
        fields.append(field)
    return pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields))


emulator.to_sf = lambda table, rowtype: _nullable(_to_sf(table, rowtype))


def _login_error(data: dict[str, Any]) -> tuple[str, str] | None:
    user, way = str(data.get("LOGIN_NAME", "")).upper(), str(data.get("AUTHENTICATOR", "")).upper()
    if way == "SNOWFLAKE_JWT":
        try:
            jwt.decode(data["TOKEN"], KEYS[user], algorithms=["RS256"])
        except (KeyError, jwt.PyJWTError):
            return "390144", "JWT token is invalid."
        return None
    if way in ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"):
        return None if data.get("TOKEN") == TOKEN else ("390303", "Invalid OAuth access token.")
    if user != USER or data.get("PASSWORD") != PASSWORD:
        return "390100", "Incorrect username or password was specified."
    return None


def _text(names: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    """A result of text columns."""
    rowtype = [
        {"name": name, "database": "", "schema": "", "table": "", "type": "text", "length": 16777216,
         "byteLength": 16777216, "precision": None, "scale": None, "nullable": True, "collation": None}
        for name in names
    ]  # fmt: skip
    data = {"parameters": [], "rowtype": rowtype, "rowset": rows, "total": len(rows), "returned": len(rows),
            "queryId": str(uuid.uuid4()), "queryResultFormat": "json", "statementTypeId": 4096,
            "finalDatabaseName": None, "finalSchemaName": None}  # fmt: skip
    return {"data": data, "success": True}


def _refusal(code: str, state: str, message: str) -> dict[str, Any]:
    data = {"errorCode": code, "sqlState": state, "queryId": str(uuid.uuid4())}
    return {"data": data, "code": code, "message": message, "success": False}


def _grants(sql: str) -> dict[str, Any] | None:
    found = re.fullmatch(r'(?is)show\s+grants\s+to\s+role\s+"?(\w+)"?\s*;?', sql.strip())
    if not found:
        return None
    role = found[1]
    rows = [["2024-01-01", *row, "false", "SECURITYADMIN"] for row in GRANTS if row[4] == role]
    if not rows and role != "PUBLIC":
        return _refusal("002003", "02000", f"SQL compilation error:\nRole '{role}' does not exist or not authorized.")
    return _text(_GRANT_COLUMNS.split(), rows)


def _listed(sql: str) -> dict[str, Any] | None:
    """DESCRIBE INTEGRATION and SHOW WAREHOUSES, of the one that the sync has of each."""
    if re.fullmatch(r'(?is)describe\s+integration\s+"?MP_EU1_12_345_S3"?\s*;?', sql.strip()):
        rows = [
            ["ENABLED", "Boolean", "true", "false"],
            ["STORAGE_PROVIDER", "String", "S3", ""],
            ["STORAGE_AWS_IAM_USER_ARN", "String", "arn:aws:iam::111122223333:user/ext/stage-abc", ""],
            ["STORAGE_AWS_EXTERNAL_ID", "String", "XY98765_SFCRole=2_exampleId=", ""],
        ]
        return _text(["property", "property_type", "property_value", "property_default"], rows)
    if re.fullmatch(r"(?is)show\s+warehouses\s+like\s+'SYNC_WH'\s*;?", sql.strip()):
        return _text(
            ["name", "state", "type", "size", "auto_resume"], [["SYNC_WH", "SUSPENDED", "STANDARD", "X-Small", "true"]]
        )
    return None


_NAME = r'"((?:[^"]|"")+)"'
_OBJECTS = re.compile(rf"(?is)show\s+objects\s+like\s+'((?:[^']|'')+)'\s+in\s+schema\s+(?:{_NAME}\.)?{_NAME}\s*;?")


async def _objects(scope: Message, found: re.Match[str], database: str) -> dict[str, Any]:
    """SHOW OBJECTS from the emulator's information schema, which counts rows right where its own SHOW says 0."""
    pattern, schema = found[1].replace("''", "'"), found[3].replace('""', '"')
    database = (found[2] or database).replace('""', '"')
    sql = (
        f'SELECT TABLE_NAME, TABLE_TYPE, ROW_COUNT::VARCHAR FROM "{database}".INFORMATION_SCHEMA.TABLES'
        f" WHERE TABLE_SCHEMA = '{schema}' AND TABLE_NAME ILIKE '{pattern.replace(chr(92) * 2, chr(92))}' ESCAPE '\\\\'"
    )
    answer = await _emulated(scope, {"sqlText": sql})
    if not answer.get("success"):
        return _refusal(
            "002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed."
        )
    rows = []
    for name, kind, count in _fetched(answer):
        plain = "VIEW" if kind == "VIEW" else "TABLE"
        rows.append(["2024-01-01", name, database, schema, plain, "", "", None if plain == "VIEW" else count, "0", "R"])
    return _text(_OBJECT_COLUMNS.split(), rows)


def _fetched(answer: dict[str, Any]) -> list[list[Any]]:
    raw = base64.b64decode(answer["data"].get("rowsetBase64") or "")
    if not raw:
        return []
    table = pyarrow.ipc.open_stream(raw).read_all()
    return [list(row.values()) for row in table.to_pylist()]


def _with_session(sql: str, session: dict[str, Any]) -> str:
    """The text with the session's functions answered."""
    for function, value in session.items():
        literal = "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
        sql = re.sub(rf"(?i)\b{function}\s*\(\s*\)", lambda _, literal=literal: literal, sql)
    return sql


async def _body(receive: Receive) -> dict[str, Any]:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    return json.loads(body) if body else {}


async def _emulated(scope: Message, request: dict[str, Any]) -> dict[str, Any]:
    """The emulator's answer; what it cannot do is an SQL error, since the connector tries an HTTP 500 six times."""
    body = json.dumps(request).encode()
    headers = [pair for pair in scope["headers"] if pair[0] not in (b"content-encoding", b"content-length")]
    path = scope["path"]
    if path not in (_LOGIN, _QUERY):
        path = _QUERY
    inner = {**scope, "path": path, "raw_path": path.encode(), "method": "POST",
             "headers": [*headers, (b"content-length", str(len(body)).encode())]}  # fmt: skip
    sent, out = False, b""

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal out
        out += message.get("body", b"")

    try:
        await emulator.app(inner, receive, send)
        answer = json.loads(gzip.decompress(out) if out[:2] == b"\x1f\x8b" else out)
    except Exception as error:  # whatever the emulator cannot do
        answer = {"code": "261000", "message": f"{type(error).__name__}: {error}"}
    if answer.get("code") == "261000":
        return _refusal("000002", "0A000", f"Unsupported feature of the emulator: {str(answer['message'])[:300]}")
    return answer if answer.get("success") else _as_snowflake(answer, request.get("sqlText", ""))


_MISSING = (
    (re.compile(r'Referenced (?:column|table) "(.+?)" not found|have a column named "(.+?)"'), "000904", "42000",
     "SQL compilation error: error line {line} at position {position}\ninvalid identifier '{}'"),
    (re.compile(r"(?:Table|View) with name (\S+) does not exist"), "002003", "42S02",
     "SQL compilation error:\nObject '{}' does not exist or not authorized."),
)  # fmt: skip


def _as_snowflake(answer: dict[str, Any], sql: str) -> dict[str, Any]:
    """DuckDB's word for a missing name under the code that Snowflake has for it; the place is the name's first use."""
    for pattern, code, state, message in _MISSING:
        if found := pattern.search(str(answer.get("message"))):
            name = found[found.lastindex or 1]
            at = max(sql.upper().find(name.upper()), 0)
            line, position = sql.count("\n", 0, at) + 1, at - (sql.rfind("\n", 0, at) + 1)
            return _refusal(code, state, message.format(name, line=line, position=position))
    return answer


_LOGIN, _QUERY = "/session/v1/login-request", "/queries/v1/query-request"


async def _answer(scope: Message, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one statement."""
    sql, session = request["sqlText"], SESSIONS.get(_token(scope), {})
    for table in FORBIDDEN:
        if table in sql.upper().replace('"', ""):
            message = f"SQL compilation error:\nObject '{table}' does not exist or not authorized."
            return _refusal("002003", "42S02", message)
    if (canned := _grants(sql) or _listed(sql)) is not None:
        return canned
    if found := _OBJECTS.fullmatch(sql.strip()):
        return await _objects(scope, found, str(session.get("current_database") or ""))
    if re.match(r"(?i)\s*select\s+system\$wait\s*\(\s*(\d+)", sql):
        await asyncio.sleep(float(re.findall(r"\d+", sql)[0]))
        return _text(["WAIT"], [["waited"]])
    return await _emulated(scope, {**request, "sqlText": _with_session(sql, session)})


def _token(scope: Message) -> str:
    return dict(scope["headers"]).get(b"authorization", b"").decode()[17:-1]


async def _login(scope: Message, receive: Receive) -> dict[str, Any]:
    request = await _body(receive)
    if bad := _login_error(request["data"]):
        return {"data": {}, "code": bad[0], "message": bad[1], "success": False}
    answer = await _emulated(scope, request)
    data = answer.get("data") or {}
    token = data.get("token")
    extra = {"masterToken": f"m-{token}", "validityInSeconds": 3600, "masterValidityInSeconds": 14400, "sessionId": 1}
    for key, value in extra.items():
        data.setdefault(key, value)
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    SESSIONS[token] = {
        "current_role": query.get("roleName") or ROLE,
        "current_secondary_roles": '{"roles":"","value":""}',
        "current_warehouse": query.get("warehouse"),
        "current_user": USER,
        "current_database": query.get("databaseName"),
        "current_schema": query.get("schemaName") or "PUBLIC",
    }
    return answer


async def _query(scope: Message, receive: Receive) -> dict[str, Any]:
    request = await _body(receive)
    ARRIVED.append(request["sqlText"])
    if not request.get("asyncExec"):
        return await _answer(scope, request)
    number = str(uuid.uuid4())
    SUBMITTED[number] = {"status": "RUNNING", "answer": None}

    async def run() -> None:
        try:
            answer = await _answer(scope, {**request, "asyncExec": False})
        except asyncio.CancelledError:
            answer = _refusal("000604", "57014", "SQL execution canceled")
        status = "SUCCESS" if answer.get("success") else "FAILED_WITH_ERROR"
        SUBMITTED[number] = {"status": status, "answer": answer}

    RUNNING[number] = asyncio.create_task(run())
    data = {"queryId": number, "getResultUrl": f"/queries/{number}/result", "queryAbortsAfterSecs": 300,
            "progressDesc": None, "databaseProvider": None}  # fmt: skip
    return {"data": data, "code": "333334", "message": "Query execution in progress.", "success": True}


def _status(number: str) -> dict[str, Any]:
    entry = SUBMITTED.get(number)
    if entry is None:
        return {"data": {"queries": []}, "code": None, "message": None, "success": True}
    answer = entry["answer"] or {}
    row = {"id": number, "status": entry["status"], "state": "FILE_SET_INITIALIZATION"}
    if answer and not answer.get("success"):
        row |= {"errorCode": answer["code"], "errorMessage": answer["message"]}
    return {"data": {"queries": [row]}, "code": None, "message": None, "success": True}


async def _for_tests(path: str, request: dict[str, Any]) -> dict[str, Any]:
    """What a test asks of its own server: tables made, rights given and taken, statements that came."""
    if path == "/test/run":
        connection = emulator.shared_fs.connect("CRM", "PUBLIC")
        for statement in request["statements"]:
            connection.cursor().execute(statement)
    elif path == "/test/fill":
        raw = emulator.shared_fs.connect("CRM", "PUBLIC")._duck_conn  # noqa: SLF001 - the emulator has no other way in
        raw.execute(f"INSERT INTO {request['table']} FROM {request['source']}")
    elif path == "/test/rights":
        GRANTS[:], FORBIDDEN[:] = request["grants"], request["forbidden"]
    elif path == "/test/forget":
        ARRIVED.clear()
    return {"arrived": ARRIVED}


async def app(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    path = scope.get("path", "")
    if scope["type"] != "http":
        await emulator.app(scope, receive, send)
    elif path == _LOGIN:
        await _reply(send, await _login(scope, receive))
    elif path == _QUERY:
        await _reply(send, await _query(scope, receive))
    elif path.startswith("/test/"):
        await _reply(send, await _for_tests(path, await _body(receive)))
    elif found := re.fullmatch(r"/monitoring/queries/+([0-9a-f-]+)", path):
        await _reply(send, _status(found[1]))
    elif found := re.fullmatch(r"/queries/+([0-9a-f-]+)/result", path):
        await RUNNING[found[1]]
        await _reply(send, SUBMITTED[found[1]]["answer"])
    elif found := re.fullmatch(r"/queries/+([0-9a-f-]+)/abort-request", path):
        emulator.sessions[_token(scope)]._duck_conn.interrupt()  # noqa: SLF001 - as above
        RUNNING[found[1]].cancel()
        await _reply(send, {"data": None, "code": None, "message": None, "success": True})
    else:
        await emulator.app(scope, receive, send)


async def _reply(send: Send, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve on 127.0.0.1 until the process is stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--key", action="append", default=[])
    arguments = parser.parse_args()
    for pair in arguments.key:
        user, _, file = pair.partition("=")
        KEYS[user.upper()] = Path(file).read_text()
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
