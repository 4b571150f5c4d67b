"""How the API is reached: TLS with a bundle of one's own, a proxy, spent rate limits, tokens that outlive a run."""

import contextlib
import gzip
import http.server
import json
import os
import socket
import ssl
import stat
import threading
import time

import pytest
import trustme

from preflight.config import EnvRef, WorkspaceConfig
from preflight.errors import UsageError, WorkspaceError
from preflight.sandbox.faults import Fault
from preflight.workspace.client import Client
from preflight.workspace.target import Settings, credentials, settings, target
from preflight.workspace.transport import MOST_BYTES

ENVIRON = {"MP_CLIENT_ID": "id", "MP_CLIENT_SECRET": "canary-secret"}


class Api(http.server.BaseHTTPRequestHandler):
    """Gives tokens, and lists that are empty."""

    protocol_version = "HTTP/1.1"

    def _answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self._answer({"access_token": "canary-token", "expires_in": 600})

    def do_GET(self):
        self._answer([])

    def log_message(self, *_):
        pass


SEEN = []
"""Where the proxy was asked to go, and with which login."""


class Tunnel(http.server.BaseHTTPRequestHandler):
    """A proxy that carries TLS, and remembers where to."""

    def do_CONNECT(self):
        SEEN.append((self.path, self.headers.get("proxy-authorization")))
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self._copy, args=(there, self.connection), daemon=True)
            back.start()
            self._copy(self.connection, there)
            back.join(5)

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def log_message(self, *_):
        pass


def serving(handler, context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def api(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = serving(Api, context)
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bundle(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return "ca.pem"


def opened(api, root, **fields):
    config = WorkspaceConfig("5328", api_url=api, token_url=f"{api}/oauth/token", **fields)
    how = settings(config, ENVIRON, root)
    return Client(target(config), credentials(config, ENVIRON), settings=how, environ=ENVIRON, sleep=lambda _: None)


def test_a_certificate_that_nobody_vouches_for_is_refused(api, tmp_path):
    with opened(api, tmp_path) as client, pytest.raises(WorkspaceError, match="cannot be reached"):
        client.listed("connections")


def test_a_bundle_of_ones_own_is_trusted(api, tmp_path, bundle):
    with opened(api, tmp_path, ca_bundle=bundle) as client:
        assert client.listed("connections") == ()


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_bundle_that_is_none_is_named(api, tmp_path, text):
    if text:
        (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(UsageError, match=r"ca\.pem"):
        opened(api, tmp_path, ca_bundle="ca.pem")


def test_a_proxy_carries_the_requests_and_its_password_is_not_shown(api, tmp_path, bundle, monkeypatch):
    proxy = serving(Tunnel)
    SEEN.clear()
    monkeypatch.setitem(ENVIRON, "PROXY", f"http://user:canary-proxy@127.0.0.1:{proxy.server_port}")
    with opened(api, tmp_path, ca_bundle=bundle, proxy=EnvRef("PROXY")) as client:
        assert client.listed("connections") == ()
        assert "canary" not in client.scrub("http://user:canary-proxy@127.0.0.1") + repr(settings(None, {}))
    assert SEEN[0][0] == api.removeprefix("https://")
    assert SEEN[0][1]
    proxy.shutdown()
    proxy.server_close()


def test_a_proxy_that_is_not_there_is_an_error(api, tmp_path, bundle):
    with (
        opened(api, tmp_path, ca_bundle=bundle, proxy="http://127.0.0.1:9") as client,
        pytest.raises(WorkspaceError, match="cannot be reached"),
    ):
        client.listed("connections")


@pytest.mark.parametrize(("proxy", "error"), [("nonsense", UsageError), (EnvRef("UNSET"), WorkspaceError)])
def test_a_proxy_that_cannot_be_meant_is_named(proxy, error):
    with pytest.raises(error, match=r"workspace\.proxy"):
        settings(WorkspaceConfig("1", proxy=proxy), {})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "gopher://user:canary@127.0.0.1:9"),
        ("ALL_PROXY", "socks5://user:canary@127.0.0.1:9"),
        ("NO_PROXY", "[::1"),
        ("SSL_CERT_FILE", "/nowhere/canary.pem"),
    ],
)
def test_an_environment_that_no_library_takes_is_named(api, tmp_path, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError) as caught:
        opened(api, tmp_path)
    assert "canary" not in caught.value.message
    assert variable in caught.value.remedy


def test_what_stays_on_this_machine_passes_no_proxy(tmp_path, bundle):
    """Plain http carries the credential in the clear, whatever the other address of the project is."""
    proxy, here = serving(Tunnel), serving(Api)
    SEEN.clear()
    config = WorkspaceConfig(
        "5328",
        api_url="https://api.invalid",
        token_url=f"http://127.0.0.1:{here.server_port}/oauth/token",
        proxy=f"http://127.0.0.1:{proxy.server_port}",
        ca_bundle=bundle,
    )
    how = settings(config, ENVIRON, tmp_path)
    with Client(target(config), credentials(config, ENVIRON), settings=how, environ=ENVIRON) as client:
        client.token()
    assert SEEN == []
    for server in (proxy, here):
        server.shutdown()
        server.server_close()


class Flood(Api):
    """Answers that have no end, or that are more than they seem."""

    def do_GET(self):
        kind = self.path.split("/")[1]
        self.send_response(200)
        if kind == "packed":
            body = gzip.compress(b"[" + b" " * (MOST_BYTES + 1) + b"]")
            self.send_header("content-encoding", "gzip")
        elif kind == "twice":
            body = gzip.compress(gzip.compress(b"[]"))
            self.send_header("content-encoding", "gzip, gzip")
        else:
            body = b" " * 200
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            for start in range(0, len(body), 1 if kind == "drip" else len(body)):
                self.wfile.write(body[start:] if kind != "drip" else b" ")
                self.wfile.flush()
                time.sleep(0.05 if kind == "drip" else 0)


@pytest.mark.parametrize(
    ("kind", "said"), [("packed", "had no end"), ("drip", "had no end"), ("twice", "cut its answer")]
)
def test_an_answer_without_measure_is_given_up(kind, said):
    server = serving(Flood)
    base = f"http://127.0.0.1:{server.server_port}"
    config = WorkspaceConfig("1", api_url=f"{base}/{kind}", token_url=f"{base}/oauth/token")
    how = Settings(20.0) if kind == "packed" else Settings(0.3, whole_seconds=0.4)
    with (
        Client(target(config), credentials(config, ENVIRON), settings=how, sleep=lambda _: None) as client,
        pytest.raises(WorkspaceError, match=said),
    ):
        client.listed("connections")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("used", "wait"), [("12", []), ("80", []), ("90", [1.0]), ("250", [2.0]), ("odd", [])])
def test_requests_are_spaced_out_when_most_of_a_limit_is_spent(sandbox, open_client, waits, used, wait):
    client = open_client(sandbox)
    client.listed("connections")
    headers = (("X-mp-rate-limit-percentage-used", used),)
    sandbox.fail("GET", "*/connections", Fault(status=200, body="[]", headers=headers))
    client.listed("connections")
    assert waits == pytest.approx(wait)


@pytest.fixture
def cached(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path)}


def tokens(sandbox):
    return [path for _, path in sandbox.requests].count("/oauth/token")


def keeping(open_client, sandbox, cached, **keywords):
    return open_client(sandbox, environ=cached, settings=Settings(keep_token=True), **keywords)


def kept(tmp_path):
    return list(tmp_path.glob("preflight/tokens/*.json"))


def test_a_token_stays_in_memory_unless_asked(sandbox, open_client, cached, tmp_path):
    open_client(sandbox, environ=cached).listed("connections")
    assert not list(tmp_path.rglob("*"))


def test_a_kept_token_serves_the_next_run(sandbox, open_client, cached, tmp_path):
    for _ in range(3):
        keeping(open_client, sandbox, cached).listed("connections")
    assert tokens(sandbox) == 1
    [file] = kept(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_kept_token_that_is_refused_is_replaced(sandbox, open_client, cached):
    keeping(open_client, sandbox, cached).listed("connections")
    sandbox.state.expire_tokens()
    keeping(open_client, sandbox, cached).listed("connections")
    assert tokens(sandbox) == 2
    keeping(open_client, sandbox, cached).listed("connections")
    assert tokens(sandbox) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_text("{"),
        lambda file: file.write_text(json.dumps({"text": "old", "until": time.time() - 1})),
        lambda file: file.write_text(json.dumps({"text": "two\nlines", "until": time.time() + 600})),
        lambda file: file.chmod(0o644),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), os.mkfifo(file, 0o600)),
        lambda file: file.symlink_to(file.rename(file.with_name("elsewhere"))),
        lambda file: file.write_text(json.dumps({"text": "a" * 90_000, "until": 9e99})),
    ],
    ids=["cut short", "expired", "no token", "readable by others", "gone", "a pipe", "a link", "longer than any"],
)
def test_a_token_file_that_cannot_be_believed_counts_as_none(sandbox, open_client, cached, tmp_path, spoil):
    keeping(open_client, sandbox, cached).listed("connections")
    spoil(kept(tmp_path)[0])
    keeping(open_client, sandbox, cached).listed("connections")
    assert tokens(sandbox) == 2


def test_a_token_is_not_written_through_a_link(sandbox, open_client, cached, tmp_path):
    keeping(open_client, sandbox, cached).listed("connections")
    [file] = kept(tmp_path)
    file.unlink()
    theirs = tmp_path / "theirs"
    theirs.touch(0o666)
    file.with_name(f".{file.name}.{os.getpid()}").symlink_to(theirs)
    keeping(open_client, sandbox, cached).listed("connections")
    assert theirs.read_text() == ""
    assert len(kept(tmp_path)) == 1


def test_another_credential_has_another_file(sandbox, open_client, cached, tmp_path):
    keeping(open_client, sandbox, cached).listed("connections")
    sandbox.state.credentials = ("another", "canary")
    keeping(open_client, sandbox, {**cached, "MP_CLIENT_ID": "another", "MP_CLIENT_SECRET": "canary"}).listed(
        "connections"
    )
    assert len(kept(tmp_path)) == 2
    assert not [file for file in kept(tmp_path) if "canary" in file.read_text() or "another" in file.name]


def test_a_folder_that_cannot_be_made_keeps_nothing(sandbox, open_client, tmp_path):
    (tmp_path / "file").touch()
    for _ in range(2):
        keeping(open_client, sandbox, {"XDG_CACHE_HOME": str(tmp_path / "file")}).listed("connections")
    assert tokens(sandbox) == 2
