"""A hand-written server that speaks as Redshift does where PostgreSQL does not: its protocol version, its type ids.

It is no emulator: it answers each statement with what a test wrote for it, over the wire, to the real driver.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

SUPER, VARBYTE, HLLSKETCH, VARCHAR, TIMESTAMP, NUMERIC, BIGINT = 4000, 6551, 2935, 1043, 1114, 1700, 20


class Field(msgspec.Struct, frozen=True):
    """One column of a row description in Redshift's extended form."""

    name: str
    oid: int
    modifier: int = -1
    table: int = 0
    nullable: int = 1


class Refusal(msgspec.Struct, frozen=True):
    """An error instead."""

    state: str
    message: str
    position: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """The columns of a statement, and the rows as texts."""

    fields: Sequence[Field]
    rows: Sequence[Sequence[str | None]] = ()


class WireServer:
    """Answers ``answers[statement]``; settings and transactions are taken, anything else is a syntax error."""

    def __init__(self, answers: Mapping[str, Answer | Refusal]) -> None:
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.executed: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes who waits for a client
        self._listener.close()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._client, args=(client,), daemon=True).start()
        except OSError:
            return

    def _client(self, client: socket.socket) -> None:
        stream = client.makefile("rwb")
        try:
            (length,) = struct.unpack("!i", stream.read(4))
            stream.read(length - 4)
            statuses = {"server_version": "8.0.2", "server_protocol_version": "2", "client_encoding": "UNICODE"}
            stream.write(_message(b"R", struct.pack("!i", 0)))
            for name, value in statuses.items():
                stream.write(_message(b"S", f"{name}\0{value}\0".encode()))
            stream.write(_message(b"K", struct.pack("!ii", 1, 2)) + _message(b"Z", b"I"))
            stream.flush()
            self._talk(stream)
        except (OSError, struct.error):
            pass
        finally:
            stream.close()
            client.close()

    def _talk(self, stream: socket.SocketIO) -> None:  # type: ignore[name-defined]
        sql, failed = "", False
        while kind := stream.read(1):
            (length,) = struct.unpack("!i", stream.read(4))
            body = stream.read(length - 4)
            if kind == b"P":
                sql = body.split(b"\0")[1].decode()
            answer = self._answer(sql)
            if kind == b"S":
                failed = False
                stream.write(_message(b"Z", b"T"))
                stream.flush()
            elif kind == b"X":
                return
            elif failed:
                continue
            elif isinstance(answer, Refusal):
                failed = True
                stream.write(_refused(answer))
            else:
                stream.write(self._reply(kind, sql, answer))

    def _answer(self, sql: str) -> Answer | Refusal | None:
        if sql.startswith(("SET ", "BEGIN", "ROLLBACK")):
            return None
        return self._answers.get(sql, Refusal("42601", "syntax error"))

    def _reply(self, kind: bytes, sql: str, answer: Answer | None) -> bytes:
        if kind == b"P":
            return _message(b"1")
        if kind == b"D":
            described = _message(b"T", _described(answer.fields)) if answer else _message(b"n")
            return _message(b"t", struct.pack("!h", 0)) + described
        if kind == b"B":
            return _message(b"2")
        if kind != b"E":
            return b""
        self.executed.append(sql)
        rows = b"".join(_message(b"D", _row(row)) for row in answer.rows) if answer else b""
        return rows + _message(b"C", b"SELECT\0")


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _described(fields: Sequence[Field]) -> bytes:
    found = struct.pack("!h", len(fields))
    for field in fields:
        found += field.name.encode() + b"\0"
        found += struct.pack("!ihihih", field.table, 0, field.oid, -1, field.modifier, 0)
        found += b"crm\0t\0" + field.name.encode() + b"\0dw\0" + struct.pack("!h", field.nullable)
    return found


def _row(row: Sequence[str | None]) -> bytes:
    found = struct.pack("!h", len(row))
    for value in row:
        found += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value.encode())) + value.encode()
    return found


def _refused(refusal: Refusal) -> bytes:
    parts = {"S": "ERROR", "C": refusal.state, "M": refusal.message}
    if refusal.position is not None:
        parts["P"] = str(refusal.position)
    return _message(b"E", b"".join(f"{key}{value}\0".encode() for key, value in parts.items()) + b"\0")
