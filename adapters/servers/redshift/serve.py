"""A PostgreSQL behind a proxy that lets redshift-connector talk to it. Run by the environment of requirements.txt.

The driver sends start-up parameters that PostgreSQL refuses, and cannot read the version that Debian's reports: the
proxy drops the ones and rewrites the other. Two of Redshift's settings become settings of PostgreSQL with a prefix. On
the plain port every other statement passes as it is, so that the positions that the server names hold; on the other one
sqlglot writes it for PostgreSQL first. Every statement that arrives is written to the log, one JSON text a line.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102
KEPT = {b"user", b"database", b"application_name", b"options", b"client_encoding"}
VERSION = b"server_version\0" + b"8.0.2\0"  # what Redshift reports
SETTINGS = re.compile(r"^\s*(SET|SHOW)\s+(query_group|enable_case_sensitive_identifier)\b", re.IGNORECASE)


class Log:
    """The statements that arrived, with the user who sent each."""

    def __init__(self, file: Path) -> None:
        self._out = file.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def add(self, user: str, sql: str) -> None:
        """Write one down; from any thread."""
        with self._lock:
            self._out.write(json.dumps([user, sql]) + "\n")


def exact(channel: socket.socket, count: int) -> bytes:
    """The next ``count`` bytes; raises EOFError."""
    found = b""
    while len(found) < count:
        more = channel.recv(count - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def message(channel: socket.socket) -> tuple[bytes, bytes]:
    """The next message: its kind and its body."""
    kind = exact(channel, 1)
    return kind, exact(channel, struct.unpack("!i", exact(channel, 4))[0] - 4)


def packed(kind: bytes, body: bytes) -> bytes:
    """A message as it goes over the wire."""
    return kind + struct.pack("!i", len(body) + 4) + body


def copy(source: socket.socket, target: socket.socket) -> None:
    """Everything from one to the other, until either ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for channel in (source, target):
        with suppress(OSError):
            channel.shutdown(socket.SHUT_RDWR)


def transpiled(sql: str) -> str:
    """Redshift's SQL as PostgreSQL's, as far as sqlglot can."""
    import sqlglot

    if not re.match(r"\s*(SELECT|WITH|\()", sql, re.IGNORECASE):
        return sql
    try:
        return sqlglot.transpile(sql, read="redshift", write="postgres")[0]
    except sqlglot.errors.SqlglotError:
        return sql


class Proxy:
    """One listening port in front of PostgreSQL."""

    def __init__(self, port: int, upstream: int, log: Log, *, transpile: bool, tls: ssl.SSLContext | None) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._upstream, self._log, self._transpile, self._tls = upstream, log, transpile, tls

    def serve(self) -> None:
        """Take clients for ever, each in a thread of its own."""
        while True:
            client, _ = self._server.accept()
            threading.Thread(target=self._client, args=(client,), daemon=True).start()

    def _client(self, client: socket.socket) -> None:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            length, code = struct.unpack("!ii", exact(client, 8))
            if code == SSL_REQUEST:
                client.sendall(b"S" if self._tls else b"N")
                if self._tls:
                    client = self._tls.wrap_socket(client, server_side=True)
                length, code = struct.unpack("!ii", exact(client, 8))
            body = exact(client, length - 8)
            server = socket.create_connection(("127.0.0.1", self._upstream))
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            user = ""
            if code != CANCEL_REQUEST:
                parts = body.split(b"\0")
                pairs = {parts[i]: parts[i + 1] for i in range(0, len(parts) - 1, 2) if parts[i]}
                user = pairs.get(b"user", b"").decode()
                body = b"".join(key + b"\0" + value + b"\0" for key, value in pairs.items() if key in KEPT) + b"\0"
            server.sendall(struct.pack("!ii", len(body) + 8, code) + body)
            threading.Thread(target=self._down, args=(server, client), daemon=True).start()
            self._up(client, server, user)
        except (EOFError, OSError):
            client.close()

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        """From the server: the start-up messages with another version, then everything as it is."""
        with suppress(EOFError, OSError):
            kind = b""
            while kind != b"Z":
                kind, body = message(server)
                if kind == b"S" and body.startswith(b"server_version\0"):
                    body = VERSION
                client.sendall(packed(kind, body))
        copy(server, client)

    def _up(self, client: socket.socket, server: socket.socket, user: str) -> None:
        """From the client: the statements of Parse messages, which is how the driver sends all of its own."""
        try:
            while True:
                kind, body = message(client)
                if kind == b"P":
                    name, sql, rest = body.split(b"\0", 2)
                    body = name + b"\0" + self._statement(sql.decode("utf-8", "replace"), user).encode() + b"\0" + rest
                server.sendall(packed(kind, body))
        except (EOFError, OSError):
            copy(client, server)

    def _statement(self, sql: str, user: str) -> str:
        self._log.add(user, sql)
        if SETTINGS.match(sql):
            return SETTINGS.sub(r"\1 redshift.\2", sql)
        return transpiled(sql) if self._transpile else sql


def main() -> None:
    """Start PostgreSQL and the proxies, and end with PostgreSQL."""
    options = argparse.ArgumentParser(description=__doc__)
    for name in ("--plain", "--transpiling", "--tls", "--postgres"):
        options.add_argument(name, type=int, required=True)
    for name in ("--data", "--log", "--certificate", "--key"):
        options.add_argument(name, type=Path, required=True)
    options.add_argument("--postmaster", required=True)
    options.add_argument("--user", default=None)
    given = options.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate, given.key)
    settings = {
        "port": given.postgres,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": given.data,
        "password_encryption": "md5",  # the driver speaks no SCRAM of PostgreSQL's
        "fsync": "off",
        "redshift.enable_case_sensitive_identifier": "off",
        "redshift.query_group": "default",
    }
    command = [given.postmaster, "-D", str(given.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    owner = {"user": given.user, "group": given.user, "extra_groups": []} if given.user else {}
    postgres = subprocess.Popen(command, **owner)

    signal.signal(signal.SIGTERM, lambda *_: postgres.send_signal(signal.SIGINT))  # do not wait for its clients
    log = Log(given.log)
    for port, transpile, tls in (
        (given.plain, False, None),
        (given.transpiling, True, None),
        (given.tls, False, context),
    ):
        proxy = Proxy(port, given.postgres, log, transpile=transpile, tls=tls)
        threading.Thread(target=proxy.serve, daemon=True).start()
    sys.exit(postgres.wait())


if __name__ == "__main__":
    main()
