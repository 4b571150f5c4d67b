"""Logging in with IAM: the driver gets user and password from a local server in AWS's place, then logs in with TLS."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from preflight.errors import Cause, WarehouseError
from preflight.model import AccessAsk
from preflight_adapters.redshift.connect import driver_version
from servers.redshift import DATABASE, READER, RedshiftServer
from tests.warehouses.redshift.opening import Open

SECRET = "canary-aws-secret"
CLUSTER = {"cluster_identifier": "acme", "region": "eu-central-1"}
KEYS = {"iam": True, "access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET}


class Aws(ThreadingHTTPServer):
    """Answers GetClusterCredentials and GetCredentials, and keeps what it was asked."""

    def __init__(self, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.password = password
        self.asked: list[dict[str, str]] = []
        self.refuse = False


class _Handler(BaseHTTPRequestHandler):
    server: Aws

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        target = self.headers.get("X-Amz-Target", "")
        asked = json.loads(body) if target else {name: values[0] for name, values in parse_qs(body).items()}
        self.server.asked.append({"target": target, **asked})
        self.server.asked[-1]["key"] = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        until = datetime.now(UTC) + timedelta(hours=1)
        if self.server.refuse:
            error = "<Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>"
            self._send(403, f"<ErrorResponse>{error}</ErrorResponse>", "text/xml")
        elif target:
            found = {"dbUser": READER, "dbPassword": self.server.password, "expiration": until.timestamp()}
            self._send(200, json.dumps(found), "application/x-amz-json-1.1")
        else:
            found = f"<DbUser>{READER}</DbUser><DbPassword>{self.server.password}</DbPassword>"
            found += f"<Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
            result = f"<GetClusterCredentialsResult>{found}</GetClusterCredentialsResult>"
            self._send(200, f"<GetClusterCredentialsResponse>{result}</GetClusterCredentialsResponse>", "text/xml")

    def _send(self, status: int, text: str, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def aws(cluster: RedshiftServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    """The server in AWS's place; nothing of the machine's own AWS settings is read."""
    from redshift_connector.iam_helper import IamHelper

    IamHelper.credentials_cache.clear()
    credentials = tmp_path / "credentials"
    credentials.write_text(f"[sync]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("SSL_CERT_FILE", str(cluster.certificate))
    server = Aws(cluster.environ["REDSHIFT_PASSWORD"])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("introspect", "key", "request_of"),
    [
        ({**CLUSTER, **KEYS}, "AKIDEXAMPLE", {"Action": "GetClusterCredentials", "DbName": DATABASE}),
        ({**CLUSTER, "profile": "sync"}, "AKIDPROFILE", {"Action": "GetClusterCredentials", "DbUser": READER}),
        (
            {
                **KEYS,
                "serverless_work_group": "sync-wg",
                "serverless_acct_id": "111122223333",
                "region": "eu-central-1",
            },
            "AKIDEXAMPLE",
            {"target": "RedshiftServerless.GetCredentials", "workgroupName": "sync-wg", "dbName": DATABASE},
        ),
    ],
    ids=["keys", "profile", "serverless"],
)
def test_the_driver_gets_its_password_from_aws(
    cluster: RedshiftServer,
    open_adapter: Open,
    aws: Aws,
    introspect: dict[str, object],
    key: str,
    request_of: dict[str, str],
) -> None:
    address = f"http://127.0.0.1:{aws.server_address[1]}"
    adapter = open_adapter(host="localhost", port=cluster.tls, ssl=True, endpoint_url=address, **introspect)
    assert adapter.describe("SELECT 1 AS a").columns
    access = adapter.access(AccessAsk(()))
    assert (access.principal, access.assumed) == (READER, True)
    asked = [one for one in aws.asked if request_of.items() <= one.items()]
    assert [one["key"] for one in asked] == [key]
    assert SECRET not in str(aws.asked)


def test_a_refusal_of_aws_is_one_of_the_login(cluster: RedshiftServer, open_adapter: Open, aws: Aws) -> None:
    aws.refuse = True
    address = f"http://127.0.0.1:{aws.server_address[1]}"
    with pytest.raises(WarehouseError) as caught:
        open_adapter(host="localhost", port=cluster.tls, ssl=True, endpoint_url=address, **CLUSTER, **KEYS)
    assert (caught.value.cause, caught.value.code) == (Cause.AUTH, "AccessDenied")
    assert SECRET not in caught.value.message
    assert driver_version()
