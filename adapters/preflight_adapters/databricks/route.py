"""The route to a SQL warehouse, step by step, for people who ask why it does not answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.source import Outcome, Step
from preflight_adapters.databricks.connect import driver_version
from preflight_adapters.databricks.login import Login, login

if TYPE_CHECKING:
    from preflight_adapters.databricks import DatabricksAdapter

_SECONDS = 10.0
_BEHIND = ("resolve", "TLS", "login", "principal", "warehouse", "describe", "grants")


def steps(
    connection: Connection, environ: Mapping[str, str], opened: Callable[[], DatabricksAdapter]
) -> Iterator[Step]:
    """Each step as soon as it is known; steps behind a failed one are unproven."""
    done: list[str] = []
    for step in _walk(connection, environ, opened):
        done.append(step.name)
        yield step
        if step.outcome is Outcome.FAIL:
            behind = f"not tried: {step.name} failed"
            yield from (Step(name, Outcome.UNPROVEN, behind) for name in _BEHIND if name not in done)
            return


def _walk(
    connection: Connection, environ: Mapping[str, str], opened: Callable[[], DatabricksAdapter]
) -> Iterator[Step]:
    name = "driver"
    try:
        yield Step(name, Outcome.PASS, f"databricks-sql-connector {driver_version()}")
        name = "login"
        made = login(connection, environ)
        yield from _network(made)
        adapter = opened()
    except WarehouseError as error:
        if error.cause is Cause.NO_COMPUTE and error.code:
            yield Step("login", Outcome.UNPROVEN, "the SQL warehouse did not answer, so the login was not judged")
            name = "warehouse"
        yield Step(name, Outcome.FAIL, error.message, error.remedy)
        return
    try:
        yield from _inside(adapter, made)
    finally:
        adapter.close()


def _network(made: Login) -> Iterator[Step]:
    if not made.base_url:
        yield Step("resolve", Outcome.UNPROVEN, f"{made.way} names the host, which only the login reads")
        yield Step("TLS", Outcome.UNPROVEN, f"{made.way} names the host, which only the login reads")
        return
    url = urlsplit(made.base_url)
    host = url.hostname or ""
    port = url.port or int(made.driver.get("_port") or (443 if url.scheme == "https" else 80))
    try:
        found = sorted({str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError):
        yield Step("resolve", Outcome.FAIL, f"no address is known for {host}", "check server_hostname and the network")
        return
    yield Step("resolve", Outcome.PASS, f"{host} is {', '.join(found[:3])}")
    if url.scheme == "http":
        yield Step("TLS", Outcome.UNPROVEN, "plain HTTP to this machine, so there is no certificate to verify")
        return
    yield _tls(host, port, made)


def _tls(host: str, port: int, made: Login) -> Step:
    from urllib.request import getproxies, proxy_bypass

    if "https" in getproxies() and not proxy_bypass(host):
        return Step("TLS", Outcome.UNPROVEN, "a proxy stands between, so only the login can tell")
    trusted = made.driver.get("_tls_trusted_ca_file")
    try:
        context = ssl.create_default_context(cafile=str(trusted) if trusted else None)
        with (
            socket.create_connection((host, port), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return Step("TLS", Outcome.PASS, f"{secure.version()}, with a certificate for {host}")
    except ssl.SSLCertVerificationError as error:
        return Step(
            "TLS", Outcome.FAIL, f"the certificate of {host} is not trusted: {error.verify_message}",
            "trust its issuer with _tls_trusted_ca_file, or check server_hostname",
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return Step(
            "TLS", Outcome.FAIL, f"{host}:{port} does not answer: {type(error).__name__}",
            "check server_hostname, and that the network lets preflight through",
        )  # fmt: skip


def _inside(adapter: DatabricksAdapter, made: Login) -> Iterator[Step]:
    who = adapter.who
    yield Step("login", Outcome.PASS, f"by {made.way}")
    yield Step("principal", Outcome.PASS, f"{who.principal}; bare names are looked up in {who.catalog}.{who.schema}")
    yield Step("warehouse", Outcome.PASS, f"a session is open on {adapter.http_path}")
    try:
        adapter.describe("SELECT 1 AS one")
    except WarehouseError as error:
        yield Step("describe", Outcome.FAIL, error.message, error.remedy)
        return
    yield Step("describe", Outcome.PASS, "DESCRIBE QUERY is answered")
    yield Step(
        "grants", Outcome.UNPROVEN, "grants are judged for the tables of a data model",
        f"grant USE CATALOG, USE SCHEMA and SELECT on them to {who.principal}, then run `preflight check`",
    )  # fmt: skip
