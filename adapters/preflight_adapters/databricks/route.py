"""The route to a SQL warehouse, step by step, for people who ask why it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.source import Outcome, Step
from preflight_adapters._route import resolve, route, unproven
from preflight_adapters.databricks.connect import driver_version
from preflight_adapters.databricks.login import Login, login

if TYPE_CHECKING:
    from preflight_adapters.databricks import DatabricksAdapter

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
            yield from unproven(tuple(name for name in _BEHIND if name not in done), f"not tried: {step.name} failed")
            return


def _walk(
    connection: Connection, environ: Mapping[str, str], opened: Callable[[], DatabricksAdapter]
) -> Iterator[Step]:
    name = "driver"
    try:
        yield Step(name, Outcome.PASS, f"databricks-sql-connector {driver_version()}")
        name = "login"
        made = login(connection, environ)
        yield from _network(made, environ)
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


def _network(made: Login, environ: Mapping[str, str]) -> Iterator[Step]:
    if not made.base_url:
        yield from unproven(("resolve", "TLS"), f"{made.way} names the host, which only the login reads")
        return
    url = urlsplit(made.base_url)
    secure = url.scheme == "https"
    port = url.port or int(made.driver.get("_port") or (443 if secure else 80))
    host = url.hostname or ""
    if secure and any(name.startswith("_tls_") for name in made.driver):
        yield resolve(host, port)
        yield from unproven(("TLS",), "the connection sets how the driver judges certificates, so only the login tells")
        return
    yield from route(host, port, environ=environ, tls=secure)


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
