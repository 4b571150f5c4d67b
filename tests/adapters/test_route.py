"""The first steps of the route to a warehouse, on sockets of this machine."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from preflight.source import Outcome, Step
from preflight_adapters._route import handshake, proxy_for, resolve, route
from servers.stand import Ports


@pytest.fixture
def listening() -> Iterator[Callable[[ssl.SSLContext | None], int]]:
    """Opens a port that answers each connection with a TLS handshake, or with some plain bytes."""
    opened: list[socket.socket] = []

    def serve(server: socket.socket, context: ssl.SSLContext | None) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                try:
                    if context is None:
                        client.sendall(b"220 not what you think\r\n" * 20)
                        client.recv(100)
                    else:
                        context.wrap_socket(client, server_side=True).close()
                except OSError:
                    continue

    def open_(context: ssl.SSLContext | None) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)
        threading.Thread(target=serve, args=(server, context), daemon=True).start()
        return int(server.getsockname()[1])

    yield open_
    for server in opened:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    x509: Any = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "localhost.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + private)
    return file


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


Listening = Callable[[ssl.SSLContext | None], int]


def test_a_trusted_certificate(listening: Listening, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = listening(server_side(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    steps = list(route("localhost", port, environ={}))
    assert [(step.name, step.outcome) for step in steps] == [("resolve", Outcome.PASS), ("TLS", Outcome.PASS)]
    assert "127.0.0.1" in steps[0].detail
    assert "TLSv1.3" in steps[1].detail


def test_a_certificate_that_nobody_signed(listening: Listening, certificate: Path) -> None:
    step = handshake("localhost", listening(server_side(certificate)))
    assert step.outcome is Outcome.FAIL
    assert "not trusted" in step.detail


def test_a_port_that_speaks_no_tls(listening: Listening) -> None:
    assert handshake("localhost", listening(None)).outcome is Outcome.FAIL


def test_a_closed_port() -> None:
    with closing(Ports()) as ports:
        step = handshake("127.0.0.1", ports.take())
    assert (step.outcome, "refused" in step.detail) == (Outcome.FAIL, True)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70 + ".invalid", "a..b", ""])
def test_a_name_without_an_address(host: str) -> None:
    if host:
        assert resolve(host).outcome is Outcome.FAIL
    steps = list(route(host or "no.such.host.invalid", environ={}))
    assert [step.outcome for step in steps] == [Outcome.FAIL, Outcome.UNPROVEN]


def test_plain_http_has_no_tls_to_prove(listening: Listening) -> None:
    steps = list(route("127.0.0.1", listening(None), environ={"HTTPS_PROXY": "proxy.example"}, tls=False))
    assert [step.outcome for step in steps] == [Outcome.PASS, Outcome.UNPROVEN]


def test_behind_a_proxy_nothing_is_asked() -> None:
    environ = {"HTTPS_PROXY": "http://me:canary@proxy.example:3128"}
    steps: list[Step] = list(route("no.such.host.invalid", environ=environ))
    assert {step.outcome for step in steps} == {Outcome.UNPROVEN}
    assert "proxy.example:3128" in steps[0].detail
    assert "canary" not in repr(steps)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, ""),
        ({"https_proxy": "proxy.example"}, "proxy.example"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example, .snowflakecomputing.com"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*.snowflakecomputing.com"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "computing.com"}, "p:1"),
        ({"HTTPS_PROXY": "http://p:no"}, "of HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://[p"}, "of HTTPS_PROXY"),
        ({"HTTPS_PROXY": "//"}, "of HTTPS_PROXY"),
    ],
)
def test_the_proxy_of_the_environment(environ: dict[str, str], wanted: str) -> None:
    assert proxy_for("xy98765.snowflakecomputing.com", environ) == wanted
