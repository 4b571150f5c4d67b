"""What redshift-connector does not offer by itself: to compile without running, to cancel, to look at TLS.

It speaks PostgreSQL's wire protocol (https://www.postgresql.org/docs/8.0/protocol-message-formats.html), over the
driver's own calls where a session is open. Those are private to the driver, so that another version may lack them.
"""
# ruff: noqa: SLF001 - see above

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from preflight.errors import Cause, WarehouseError

_CANCEL_SECONDS, _CONNECT_SECONDS = 5, 20
_SSL_REQUEST, _CANCEL_REQUEST = 80877103, 80877102


class AnyType(dict[int, Any]):
    """The driver's types by object id; one that it does not know is read as text."""

    def __missing__(self, oid: int) -> tuple[int, Callable[[bytes, int, int], str]]:
        return 0, lambda data, start, length: str(data[start : start + length], "utf-8", "replace")


class NoWireCallsError(Exception):
    """The driver has other names for its wire calls."""


def prepare(connection: Any, seconds: int) -> None:
    """Let a connection read every type, and give up a server that is silent for ``seconds``."""
    with suppress(AttributeError):
        connection.redshift_types = AnyType(connection.redshift_types)
        connection._usock.settimeout(seconds)


def compiled(connection: Any, sql: str) -> list[dict[str, Any]]:
    """The row description of a statement that is parsed and described, and neither bound nor executed.

    Raises what the driver raises, NoWireCallsError, and WarehouseError (INVALID) for a statement with parameters.
    """
    try:
        send, write, flush = connection._send_message, connection._write, connection._flush
        handle, message_types = connection.handle_messages, connection.message_types
    except AttributeError:
        raise NoWireCallsError from None
    cursor = connection.cursor()
    cursor.ps = {"row_desc": [], "param_funcs": ()}
    parameters: list[int] = []
    usual = message_types[b"t"]
    message_types[b"t"] = lambda data, _: parameters.append(int.from_bytes(data[:2], "big"))
    try:
        send(b"P", b"\0" + sql.encode() + b"\0" + struct.pack("!h", 0))
        send(b"D", b"S\0")
        write(b"S" + struct.pack("!i", 4))
        flush()
        handle(cursor)
    finally:
        message_types[b"t"] = usual
    if any(parameters):
        raise WarehouseError(
            Cause.INVALID,
            "the query has a parameter such as $1, for which nobody gives a value",
            remedy="write the value in its place",
        )
    return list(cursor.ps["row_desc"])


def cancel(connection: Any) -> None:
    """Send a CancelRequest on a connection of its own, encrypted as the usual one is."""
    with suppress(OSError, AttributeError):  # a server that is gone runs nothing
        usual, key = connection._usock, connection._backend_key_data
        if key is None:
            return
        with socket.create_connection(usual.getpeername()[:2], timeout=_CANCEL_SECONDS) as plain:
            context = getattr(usual, "context", None)
            if context is None:
                _send_cancel(plain, key)
                return
            plain.sendall(struct.pack("!ii", 8, _SSL_REQUEST))
            if plain.recv(1) == b"S":
                with context.wrap_socket(plain, server_hostname=usual.server_hostname) as encrypted:
                    _send_cancel(encrypted, key)


def _send_cancel(channel: socket.socket, key: bytes) -> None:
    channel.sendall(struct.pack("!ii", 8 + len(key), _CANCEL_REQUEST) + key)
    with suppress(OSError):
        channel.recv(1)  # the server closes the connection once it has read the request


def drop(connection: Any) -> None:
    """Close the socket without another word: a statement was left in the middle of its answer."""
    with suppress(Exception):
        connection._usock.shutdown(socket.SHUT_RDWR)
    with suppress(Exception):  # what it has still to send does not arrive any more
        connection._sock.close()  # a buffer, without which the socket stays open
    with suppress(Exception):
        connection._usock.close()


def close_after(error: BaseException) -> None:
    """Close the socket of a login that failed with ``error``: the driver leaves it to the garbage collector."""
    trace = error.__traceback__
    while trace is not None:
        half_open = getattr(trace.tb_frame.f_locals.get("self"), "_usock", None)
        if half_open is not None:
            half_open.close()
        trace = trace.tb_next


def handshake(host: str, port: int, bundle: Path) -> str:
    """The version of TLS and the cipher that the server takes, its certificate verified; raises WarehouseError.

    ``bundle`` is what the driver trusts beside the system's own certificates.
    """
    from ssl import SSLError, create_default_context

    context = create_default_context()
    if bundle.is_file():
        context.load_verify_locations(bundle)
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as plain:
            plain.sendall(struct.pack("!ii", 8, _SSL_REQUEST))
            if plain.recv(1) != b"S":
                raise WarehouseError(Cause.NETWORK, f"{host}:{port} speaks no TLS", remedy="check host and port")
            with context.wrap_socket(plain, server_hostname=host) as encrypted:
                cipher = encrypted.cipher()
                return f"{encrypted.version()}, {cipher[0] if cipher else 'no cipher'}"
    except SSLError as error:
        raise WarehouseError(
            Cause.NETWORK,
            f"the certificate of {host} is not accepted: {getattr(error, 'verify_message', '') or error.reason}",
            remedy="write the endpoint's own name as the host; name your own authority's file in SSL_CERT_FILE",
        ) from None
    except OSError as error:
        raise WarehouseError(
            Cause.NETWORK,
            f"{host}:{port} does not answer: {error.strerror or type(error).__name__}",
            remedy="check the security group, and whether the cluster can be reached from here",
        ) from None
