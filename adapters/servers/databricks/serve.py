"""Spark's own Thrift server, and a front that makes it look like a SQL warehouse to databricks-sql-connector 4.9.

    serve.py spark PORT FOLDER      becomes Spark 4.3's HiveThriftServer2 over HTTP; takes Java 17 or later
    serve.py front PORT SPARK_PORT  speaks to it; the tokens come from READER_TOKEN and ADMIN_TOKEN

Why a front: Spark reads every Authorization header as Basic; it answers OpenSession with a protocol that the connector
refuses; its replies lack resultFormat and resultSetMetadata; its hasMoreRows means nothing; a statement without a
result set has a column and no values for it; a session's first settings are ignored.

What no Spark knows is canned, and so proves only what the adapter makes of it: SHOW GRANTS, DESCRIBE DETAIL, the
membership of groups, and the refusal of a table that /forbid named. A query of the reader's that names such a table is
refused as Databricks would refuse it, whatever it reads.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

READER, ADMIN = "reader", "admin"
ZONE = "set:hiveconf:spark.sql.session.timeZone"


def spark(port: int, folder: Path) -> None:
    """Become the Spark server; metastore and tables lie in ``folder``."""
    import pyspark

    home = Path(pyspark.__file__).resolve().parent
    command = [
        str(home / "bin" / "spark-submit"),
        *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
        # Generated code looks for no interrupt: a cancelled join goes on in its thread, and others have to be free.
        *("--master", "local[4]", "--driver-memory", "1g"),
        *("--conf", "spark.ui.enabled=false", "--conf", "spark.sql.shuffle.partitions=2"),
        *(
            "--conf",
            "spark.sql.catalogImplementation=hive",
            "--conf",
            f"spark.sql.warehouse.dir={folder / 'warehouse'}",
        ),
        *("--conf", f"spark.driver.extraJavaOptions=-Dderby.system.home={folder / 'derby'}"),
        "spark-internal",
        *("--hiveconf", "hive.server2.transport.mode=http", "--hiveconf", f"hive.server2.thrift.http.port={port}"),
        *("--hiveconf", "hive.server2.thrift.http.path=cliservice"),
        *("--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1"),
    ]
    environ = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    os.execve(command[0], command, environ)


class State:
    """What the tests set and read beside Thrift."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.forbidden: set[str] = set()
        self.lock = threading.Lock()

    def take(self, statement: str) -> None:
        """A statement of the reader's arrived."""
        with self.lock:
            self.arrived.append(statement)

    def refused(self, statement: str) -> str | None:
        """The forbidden table that the statement names."""
        text = statement.replace("`", "").lower()
        return next((t for t in sorted(self.forbidden) if re.search(rf"(?<![\w.]){re.escape(t)}(?!\w)", text)), None)


def canned(statement: str, state: State) -> str | None:
    """A query that gives Databricks' answer to a statement that Spark does not know; None: it knows it."""
    text = statement.replace("`", "").strip()
    if found := re.fullmatch(r"SHOW GRANTS ON (\w+) (\S+)", text):
        kind, name = found[1].upper(), found[2].lower()
        action = {"CATALOG": "USE CATALOG", "SCHEMA": "USAGE"}.get(kind, "SELECT")
        who = "analysts" if name in state.forbidden else READER
        return (
            f"SELECT '{who}' AS principal, '{action}' AS action_type, '{kind}' AS object_type, '{name}' AS object_key"
        )
    if found := re.fullmatch(r"DESCRIBE DETAIL (\S+)", text):
        return (
            f"SELECT 'delta' AS format, '{found[1].lower()}' AS name, TIMESTAMP '2026-11-19T12:00:00Z' AS lastModified,"
            " CAST(ARRAY() AS ARRAY<STRING>) AS partitionColumns, CAST(ARRAY() AS ARRAY<STRING>) AS clusteringColumns,"
            " 1L AS numFiles, 4096L AS sizeInBytes"
        )
    if "is_account_group_member(" in text:
        return re.sub(r"is_account_group_member\('[^']*'\)", "false", text)
    return None


class Handler:
    """One upstream client for each call: simple, and safe across threads."""

    def __init__(self, port: int, user: str, state: State) -> None:
        self._port = port
        self._user = user
        self._state = state

    def __getattr__(self, name: str):
        from databricks.sql.thrift_api.TCLIService import TCLIService

        if not name[0].isupper() or not hasattr(TCLIService.Iface, name):
            raise AttributeError(name)
        return lambda request: self._call(name, request)

    def _call(self, name: str, request):
        from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
        from thrift.protocol import TBinaryProtocol
        from thrift.transport import THttpClient

        if name == "OpenSession":
            _open(request)
        elif name == "ExecuteStatement" and (answer := self._statement(request)) is not None:
            return answer
        transport = THttpClient.THttpClient(f"http://127.0.0.1:{self._port}/cliservice")
        login = base64.b64encode(f"{self._user}:x".encode()).decode()
        transport.setCustomHeaders({"Authorization": f"Basic {login}"})
        transport.setTimeout(120_000)
        client = TCLIService.Client(TBinaryProtocol.TBinaryProtocol(transport))
        try:
            reply = getattr(client, name)(request)
            if name == "FetchResults" and reply.results is not None:
                wanted = ttypes.TGetResultSetMetadataReq(request.operationHandle)
                _fetched(reply, client.GetResultSetMetadata(wanted), request.maxRows)
        finally:
            transport.close()
        if name == "OpenSession":
            reply.serverProtocolVersion = ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7
            reply.canUseMultipleCatalogs = True
            reply.initialNamespace = ttypes.TNamespace("spark_catalog", "default")
        elif name == "GetResultSetMetadata" and reply.resultFormat is None:
            reply.resultFormat = ttypes.TSparkRowSetType.COLUMN_BASED_SET
        return reply

    def _statement(self, request):
        """The refusal of the reader's statement, which is otherwise noted, and replaced where it is canned."""
        if self._user == ADMIN:
            return None
        from databricks.sql.thrift_api.TCLIService import ttypes

        self._state.take(request.statement)
        known = canned(request.statement, self._state)
        if known is None and (table := self._state.refused(request.statement)):
            said = (
                "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\n"
                f"User does not have SELECT on Table '{table}'. SQLSTATE: 42501"
            )
            status = ttypes.TStatus(ttypes.TStatusCode.ERROR_STATUS, sqlState="42501", errorMessage=said)
            return ttypes.TExecuteStatementResp(status=status)
        request.statement = known or request.statement
        return None


def _open(request) -> None:
    from databricks.sql.thrift_api.TCLIService import ttypes

    request.initialNamespace = None
    request.client_protocol = ttypes.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V10
    request.client_protocol_i64 = None
    said = request.configuration or {}
    request.configuration = {ZONE: said["TIMEZONE"]} if "TIMEZONE" in said else {}


def _fetched(reply, meta, most: int | None) -> None:
    from databricks.sql.thrift_api.TCLIService import ttypes

    meta.resultFormat = ttypes.TSparkRowSetType.COLUMN_BASED_SET
    reply.resultSetMetadata = meta
    if not reply.results.columns and meta.schema is not None:
        nothing = ttypes.TStringColumn(values=[], nulls=b"")
        reply.results.columns = [ttypes.TColumn(stringVal=nothing) for _ in meta.schema.columns]
    columns = reply.results.columns or []
    count = len(next(v for v in vars(columns[0]).values() if v is not None).values) if columns else 0
    reply.hasMoreRows = bool(columns) and count >= (most or 1)


def front(port: int, spark_port: int) -> None:
    """Serve the front for ever."""
    from databricks.sql.thrift_api.TCLIService import TCLIService
    from thrift.protocol import TBinaryProtocol
    from thrift.transport import TTransport

    state = State()
    users = {f"Bearer {os.environ['READER_TOKEN']}": READER, f"Bearer {os.environ['ADMIN_TOKEN']}": ADMIN}
    processors = {user: TCLIService.Processor(Handler(spark_port, user, state)) for user in (READER, ADMIN)}

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing: statements may hold anything."""

        def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            user = users.get(self.headers.get("Authorization", ""))
            if user is None:
                said = "Invalid access token."
                return self.answer(403, x_databricks_error_or_redirect_message=said)
            if user == ADMIN and self.path.startswith("/-/"):
                return self.control(body.decode())
            taken, given = TTransport.TMemoryBuffer(body), TTransport.TMemoryBuffer()
            processors[user].process(TBinaryProtocol.TBinaryProtocol(taken), TBinaryProtocol.TBinaryProtocol(given))
            return self.answer(200, given.getvalue(), Content_Type="application/x-thrift")

        def control(self, body: str) -> None:
            with state.lock:
                if self.path == "/-/forget":
                    state.arrived.clear()
                elif self.path == "/-/forbid":
                    state.forbidden.add(body.lower())
                said = json.dumps(state.arrived).encode()
            self.answer(200, said, Content_Type="application/json")

        def do_GET(self) -> None:
            self.answer(404, b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", port), Requests)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "spark":
        spark(int(sys.argv[2]), Path(sys.argv[3]).resolve())
    else:
        front(int(sys.argv[2]), int(sys.argv[3]))
