"""What the test server cannot show: the real driver against constructed answers of a SQL warehouse on Unity Catalog."""

from __future__ import annotations

import _thread
import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from preflight.config import Connection, EnvRef, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import AccessAsk, Provider, TableRef
from preflight.source import Asked, Outcome
from preflight_adapters import databricks
from preflight_adapters.databricks import DatabricksAdapter
from servers.stand import Ports
from tests.until import PATIENCE_SECONDS
from tests.warehouses.databricks.wire import HANGS, ME, PATH, TOKEN, Refused, Rows, Wire

CONTACTS = TableRef("contacts", "crm", "main")
SYNTAX = Refused("[PARSE_SYNTAX_ERROR] Syntax error at or near 'AS'. SQLSTATE: 42601 (line 1, pos 9)")


def project(timeout: int | None = None, **options: Any) -> Connection:
    read = Introspect(options={"access_token": EnvRef("T"), **options}, timeout_seconds=timeout)
    return Connection("w", "W", Provider.DATABRICKS, {}, introspect=read)


@contextmanager
def opened(wire: Wire, timeout: int | None = None, **options: Any) -> Iterator[DatabricksAdapter]:
    adapter = connect(project(timeout, **wire.options, **options))
    try:
        yield adapter
    finally:
        adapter.close()


def connect(connection: Connection, token: str = TOKEN, asked: list[Asked] | None = None) -> DatabricksAdapter:
    seen = [] if asked is None else asked
    return databricks.connect(connection, root=Path(), environ={"T": token}, record=seen.append)


def failed(connection: Connection, token: str = TOKEN) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        connect(connection, token)
    assert caught.value.remedy
    return caught.value


# -- the session -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "sent"), [("30", []), ("60", []), ("172800", ["60"]), ("0", ["60"]), ("<undefined>", ["60"]), ("30s", [])]
)
def test_a_statement_timeout_is_only_ever_lowered(shown: str, sent: list[str]) -> None:
    with Wire({"SET STATEMENT_TIMEOUT": Rows(("key", "value"), [("STATEMENT_TIMEOUT", shown)])}) as wire:
        with opened(wire, timeout=60):
            pass
        assert [text.rpartition("= ")[2] for text in wire.statements if "TIMEOUT =" in text] == sent


def test_a_statement_timeout_that_cannot_be_read_is_left() -> None:
    with Wire({"SET STATEMENT_TIMEOUT": SYNTAX}) as wire, opened(wire):
        assert not [text for text in wire.statements if "TIMEOUT =" in text]


def test_the_session_is_in_utc_and_tagged_and_nothing_is_reported_elsewhere() -> None:
    with Wire() as wire:
        with opened(wire):
            pass
        [settings] = wire.settings
        assert "UTC" in settings.values()
        assert any("tool:preflight" in value for value in settings.values())
        assert set(wire.paths) == {PATH}


def test_a_session_in_another_zone_is_not_used() -> None:
    berlin = Rows(ME.names, [("me@example.com", "main", "default", "Europe/Berlin")])
    with Wire({"SELECT current_user()": berlin}) as wire:
        error = failed(project(**wire.options))
    assert error.cause is Cause.DRIVER
    assert "Europe/Berlin" in error.message


# -- the way there -----------------------------------------------------------------------------------------------------


def test_a_warehouse_that_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["preflight_adapters.databricks.connect"], "_WAIT_SECONDS", 0.1)
    with Wire() as wire:
        wire.broken += [(503, {"Retry-After": "0"})] * 5
        with opened(wire, timeout=30) as adapter:
            assert adapter.who.principal == "me@example.com"


def test_a_warehouse_that_does_not_start_is_given_up() -> None:
    with Wire() as wire:
        wire.broken += [(503, {"Retry-After": "0"})] * 50
        assert failed(project(2, **wire.options)).cause is Cause.NO_COMPUTE


@pytest.mark.parametrize(("status", "cause"), [(401, Cause.AUTH), (403, Cause.AUTH), (404, Cause.NO_COMPUTE)])
def test_a_refused_login_is_not_tried_again(status: int, cause: Cause) -> None:
    with Wire() as wire:
        wire.broken += [(status, {})] * 9
        assert failed(project(**wire.options)).cause is cause
        assert len(wire.broken) == 8


def test_a_token_that_the_server_echoes_is_scrubbed() -> None:
    with Wire() as wire:
        error = failed(project(**wire.options), "dapi-another-canary")
    assert "Invalid access token" in error.message
    assert "canary" not in error.message + error.remedy + repr(vars(error))


def test_a_port_that_nobody_listens_on_is_given_up_soon() -> None:
    start = time.monotonic()
    with closing(Ports()) as ports:
        uri = f"http://127.0.0.1:{ports.take()}{PATH}"
        error = failed(project(server_hostname="127.0.0.1", http_path=PATH, _connection_uri=uri))
    assert error.cause is Cause.NETWORK
    assert time.monotonic() - start < PATIENCE_SECONDS


def test_the_route_names_the_step_that_fails() -> None:
    with Wire() as wire:
        connection = project(**wire.options)
        walked = databricks.diagnose(connection, root=Path(), environ={"T": "wrong"}, record=lambda _: None)
        steps = {step.name: step.outcome for step in walked}
    assert steps["resolve"] is Outcome.PASS
    assert steps["login"] is Outcome.FAIL
    assert steps["describe"] is Outcome.UNPROVEN


# -- statements --------------------------------------------------------------------------------------------------------


def test_a_statement_over_its_time_is_cancelled_at_the_warehouse() -> None:
    with Wire({"DESCRIBE QUERY": HANGS}) as wire, opened(wire, timeout=1) as adapter:
        with pytest.raises(WarehouseError) as caught:
            adapter.describe("SELECT 1 AS one")
        assert caught.value.cause is Cause.TIMEOUT
        assert wire.cancelled.is_set()


def test_a_statement_is_cancelled_from_another_thread_at_the_warehouse() -> None:
    with Wire({"DESCRIBE QUERY": HANGS}) as wire, opened(wire, timeout=60) as adapter:
        canceller = threading.Thread(target=lambda: wire.hangs.wait(PATIENCE_SECONDS) and adapter.cancel())
        canceller.start()
        with pytest.raises(WarehouseError) as caught:
            adapter.describe("SELECT 1 AS one")
        canceller.join()
        assert "cancelled" in caught.value.message
        assert wire.cancelled.is_set()


# An interrupt that breaks into the driver while it reads an answer leaves that answer's socket to the collector. Within
# a run statements are sent from threads, which no interrupt breaks into.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_cancels_at_the_warehouse() -> None:
    with Wire({"DESCRIBE QUERY": HANGS}) as wire, opened(wire, timeout=60) as adapter:
        interrupter = threading.Thread(target=lambda: wire.hangs.wait(PATIENCE_SECONDS) and _thread.interrupt_main())
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            adapter.describe("SELECT 1 AS one")
        interrupter.join()
        assert wire.cancelled.is_set()
    gc.collect()


def test_cancelling_where_nothing_runs_is_harmless() -> None:
    with Wire() as wire, opened(wire) as adapter:
        adapter.cancel()
        assert adapter.describe("SELECT 1 AS one").columns == ()


EXTENDED = Rows(("col_name", "data_type", "comment"), [("id", "bigint", None), ("", "", "")])
DETAIL = Rows(("format", "sizeInBytes", "lastModified"), [("delta", 4096, "2026-11-19 12:00:00")])


def test_an_older_runtime_is_asked_for_a_table_in_rows_and_only_once_in_json() -> None:
    said = {"DESCRIBE TABLE EXTENDED": EXTENDED, "DESCRIBE DETAIL": DETAIL}
    named = {f"DESCRIBE TABLE EXTENDED `main`.`crm`.`{name}` AS JSON": SYNTAX for name in ("contacts", "orders")}
    with Wire({**said, **named}) as wire, opened(wire) as adapter:
        info = adapter.table(CONTACTS)
        adapter.table(TableRef("orders", "crm", "main"))
        assert ([column.name for column in info.columns], info.bytes, info.changed) == (["id"], 4096, 1_795_089_600)
        assert len([text for text in wire.statements if text.endswith("AS JSON")]) == 1


# -- grants ------------------------------------------------------------------------------------------------------------

GRANTS = ("Principal", "ActionType", "ObjectType", "ObjectKey")


def held(adapter: DatabricksAdapter, *tables: TableRef) -> dict[tuple[str, str], bool | None]:
    access = adapter.access(AccessAsk(tables or (CONTACTS,)))
    assert all(right.grant for right in access.rights if not right.held)
    return {(right.privilege, right.name): right.held for right in access.rights}


def test_a_table_that_is_read_proves_what_reading_takes() -> None:
    with Wire() as wire, opened(wire) as adapter:
        assert held(adapter) == {
            ("CAN USE", "0123456789abcdef"): True,
            ("USE CATALOG", "main"): True,
            ("USE SCHEMA", "main.crm"): True,
            ("SELECT", "main.crm.contacts"): True,
        }
        assert not [
            text for text in wire.statements if text.startswith(("SHOW GRANTS ON CATALOG", "SHOW GRANTS ON SCHEMA"))
        ]


def test_a_refusal_names_the_missing_privilege_and_the_listings_show_the_others() -> None:
    refused = Refused(
        "[INSUFFICIENT_PERMISSIONS] No:\nUser does not have USE SCHEMA on Schema 'main.crm'. SQLSTATE: 42501"
    )
    said = {
        "SELECT * FROM `main`.`crm`.`contacts`": refused,
        "SHOW GRANTS ON CATALOG": Rows(GRANTS, [("account users", "USE CATALOG", "CATALOG", "main")]),
        "SHOW GRANTS ON SCHEMA": refused,
        "SHOW GRANTS ON TABLE": Rows(GRANTS, [("analysts", "SELECT", "TABLE", "main.crm.contacts")]),
        "SELECT is_account_group_member('analysts')": Rows(("g0",), [(1,)]),
    }
    with Wire(said) as wire, opened(wire) as adapter:
        found = held(adapter)
    assert found["USE CATALOG", "main"] is True
    assert found["USE SCHEMA", "main.crm"] is False
    assert found["SELECT", "main.crm.contacts"] is True


def test_rights_to_change_a_table_are_to_spare() -> None:
    mine = [("me@example.com", what, "TABLE", "main.crm.contacts") for what in ("SELECT", "MODIFY")]
    shown = Rows(GRANTS, [*mine, ("ann@example.com", "OWN", "TABLE", "main.crm.contacts")])
    with Wire({"SHOW GRANTS ON TABLE": shown}) as wire, opened(wire) as adapter:
        excess = adapter.access(AccessAsk((CONTACTS,))).excess
    assert [(right.privilege, right.name) for right in excess] == [("MODIFY", "main.crm.contacts")]


def test_another_principals_rights_are_read_from_the_listings() -> None:
    said = {
        "SHOW GRANTS ON CATALOG": Rows(GRANTS, [("sync-app", "USE CATALOG", "CATALOG", "main")]),
        "SHOW GRANTS ON SCHEMA": Rows(GRANTS, [("crm-readers", "USE SCHEMA", "SCHEMA", "main.crm")]),
        "SHOW GRANTS ON TABLE": Rows(GRANTS, [("ann@example.com", "MODIFY", "TABLE", "main.crm.contacts")]),
    }
    with Wire(said) as wire, opened(wire, principal="sync-app") as adapter:
        access = adapter.access(AccessAsk((CONTACTS,)))
    assert (access.principal, access.assumed) == ("sync-app", False)
    assert [right.held for right in access.rights] == [None, True, None, False]
    assert access.rights[-1].grant == "GRANT SELECT ON TABLE `main`.`crm`.`contacts` TO `sync-app`"


# -- databricks-sdk ----------------------------------------------------------------------------------------------------


def test_without_the_sdk_a_service_principal_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "databricks.sdk.core", None)
    with Wire() as wire:
        error = failed(project(**{**wire.options, "client_id": "app", "client_secret": "s", "access_token": None}))
    assert error.cause is Cause.DRIVER
    assert "databricks-sdk" in error.remedy


def test_a_service_principal_logs_in_through_the_sdk() -> None:
    pytest.importorskip("databricks.sdk.core", reason="databricks-sdk is not installed")
    secret = "canary-of-an-oauth-secret"
    with Wire() as wire:
        options = {**wire.options, "client_id": "app", "client_secret": EnvRef("T"), "access_token": None}
        adapter = connect(project(**options), secret)
        adapter.close()
        assert "/oidc/v1/token" in wire.paths


def test_a_profile_logs_in_through_the_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("databricks.sdk.core", reason="databricks-sdk is not installed")
    with Wire() as wire:
        file = tmp_path / "databrickscfg"
        file.write_text(f"[dev]\nhost = {wire.url}\ntoken = {TOKEN}\nwarehouse_id = 0123456789abcdef\n")
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(file))
        uri = wire.options["_connection_uri"]
        adapter = connect(project(profile="dev", _connection_uri=uri, access_token=None))
        adapter.close()
        assert adapter.http_path == PATH
