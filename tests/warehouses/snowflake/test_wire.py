"""The real driver against a wire answered by hand: what an emulator does not do, or does quietly wrong.

The answers are written after Snowflake's documentation; none was recorded from an account.
"""

from __future__ import annotations

import base64
import json
import stat
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("snowflake.connector", reason="the driver is not installed")

from preflight.config import Connection, EnvRef, Introspect
from preflight.errors import Cause, WarehouseError
from preflight.model import (
    AccessAsk,
    Column,
    HistogramAsk,
    IteratorKind,
    Kind,
    Provider,
    RehearsalAsk,
    TableRef,
    Type,
    Window,
)
from preflight.source import Asked, Outcome, Step
from preflight_adapters import snowflake
from preflight_adapters.snowflake import SnowflakeAdapter
from tests.until import PATIENCE_SECONDS
from tests.warehouses.snowflake.wire import LOGGED_IN, Answer, Wire, column, refusal, result, serving

CONFIG: dict[str, Any] = {
    "account_identifier": "xy98765",
    "region": "eu-central-1",
    "warehouse": "SYNC_WH",
    "database": "CRM",
    "role": "MPARTICLE_READER",
    "user": "MP",
    "password": EnvRef("PW"),
}
CANARIES = {"PW": "canary-password", "TOKEN": "canary-token", "PASSCODE": "987321", "SECRET": "canary-secret"}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving() as found:
        yield found


class Bench:
    """One connection to a wire, and what was recorded of it."""

    def __init__(self, wire: Wire, root: Path, *, timeout: int | None = None, **introspect: Any) -> None:
        local = {"host": "127.0.0.1", "port": wire.port, "protocol": "http", "retry_max_attempts": 1}
        options = introspect if "connection_name" in introspect else {**local, **introspect}
        read = Introspect(options=options, timeout_seconds=timeout)
        self.connection = Connection("w", "W", Provider.SNOWFLAKE, CONFIG, introspect=read)
        self.root = root
        self.environ = dict(CANARIES)
        self.asked: list[Asked] = []

    def open(self) -> SnowflakeAdapter:
        return snowflake.connect(self.connection, root=self.root, environ=self.environ, record=self.asked.append)

    def walk(self) -> list[Step]:
        walked = snowflake.diagnose(self.connection, root=self.root, environ=self.environ, record=self.asked.append)
        return list(walked)


@pytest.fixture
def bench(wire: Wire, tmp_path: Path) -> Bench:
    return Bench(wire, tmp_path)


# -- the session -------------------------------------------------------------------------------------------------------


def test_the_login_asks_for_caps_and_for_one_role(wire: Wire, bench: Bench) -> None:
    bench.open().close()
    [login] = wire.logins
    session = login["SESSION_PARAMETERS"]
    assert session["QUERY_TAG"] == "mparticle-preflight"
    assert str(session["STATEMENT_TIMEOUT_IN_SECONDS"]) == "300"
    assert session["TIMEZONE"] == "UTC"
    assert str(session["MULTI_STATEMENT_COUNT"]) == "1"
    assert "NONE" in json.dumps([login, wire.parameters])
    assert wire.parameters[0]["roleName"] == "MPARTICLE_READER"
    assert wire.parameters[0]["warehouse"] == "SYNC_WH"


def test_an_answer_that_is_none_is_an_error(wire: Wire, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = bench.open()
    wire.answer = lambda _: refusal("390114", "08001", "Authentication token has expired.")
    with pytest.raises(WarehouseError) as caught:
        adapter.describe("SELECT 1 AS id")
    assert (caught.value.cause, bool(caught.value.remedy)) == (Cause.AUTH, True)

    def broken(self: object, *_: object) -> None:
        raise RuntimeError("the core panicked over canary-password")

    monkeypatch.setattr("snowflake.connector.cursor.SnowflakeCursor.describe", broken)
    with pytest.raises(WarehouseError, match=r"panicked over \*\*\*") as caught:
        adapter.describe("SELECT 2 AS id")
    assert caught.value.cause is Cause.DRIVER
    adapter.close()


def test_only_a_scan_is_run(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.answer = lambda _: result([column("ID", "fixed", precision=38, scale=0)], [])
    adapter.describe("SELECT 1 AS id")
    adapter.rehearse(RehearsalAsk("SELECT 1 AS id", "ID", Window(0, 3600)))
    assert [bool(one.get("describeOnly")) for one in wire.statements] == [True] * 4
    wire.answer = lambda _: result([column("N", "fixed", precision=18, scale=0)], [["7"]])
    assert adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0)).rows == 7
    assert not wire.statements[-1].get("describeOnly")
    assert [one.purpose for one in bench.asked] == [
        "describe", "rehearse discover columns", "rehearse count", "rehearse extract", "rows",
    ]  # fmt: skip
    adapter.close()


# -- what an emulator tells wrong --------------------------------------------------------------------------------------


def test_types_and_whether_null_may_stand(wire: Wire, bench: Bench) -> None:
    wire.answer = lambda _: result(
        [
            column("ID", "fixed", precision=38, scale=0, nullable=False),
            column("AT", "timestamp_ltz", precision=0, scale=9),
            column("TAGS", "array"),
            column("RAW", "variant"),
            column("ADDRESS", "object"),
            column("NAME", "text", length=40, byteLength=160),
        ],
        [],
    )
    adapter = bench.open()
    assert adapter.describe("SELECT * FROM crm.public.t").columns == (
        Column("ID", Type(Kind.INTEGER, "NUMBER(38,0)", 38, 0), nullable=False),
        Column("AT", Type(Kind.INSTANT, "TIMESTAMP_LTZ(9)"), nullable=True),
        Column("TAGS", Type(Kind.ARRAY, "ARRAY"), nullable=True),
        Column("RAW", Type(Kind.JSON, "VARIANT"), nullable=True),
        Column("ADDRESS", Type(Kind.STRUCT, "OBJECT"), nullable=True),
        Column("NAME", Type(Kind.TEXT, "VARCHAR(40)"), nullable=True),
    )
    adapter.close()


def test_a_place_that_snowflake_gives_is_one_in_the_model(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    text = "SQL compilation error: error line 3 at position 2\ninvalid identifier 'C.CUSTMER_ID'"
    wire.answer = lambda _: refusal("000904", "42000", text)
    sql = "SELECT\n  c.id,\n  c.custmer_id\nFROM crm.public.contacts AS c"
    with pytest.raises(WarehouseError) as caught:
        adapter.describe(sql)
    assert caught.value.offset == sql.index("c.custmer_id")
    adapter.close()


def test_a_value_of_a_row_is_not_told(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.statuses = ["RUNNING", "QUEUED", "FAILED_WITH_ERROR"]
    wire.answer = lambda _: refusal("100038", "22018", "Numeric value 'ann@example.com' is not recognized")
    with pytest.raises(WarehouseError) as caught:
        adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0))
    assert caught.value.cause is Cause.INVALID
    assert "ann@example.com" not in repr([caught.value.message, bench.asked])
    adapter.close()


@pytest.mark.parametrize(
    ("code", "state", "cause"),
    [
        ("000606", "57P03", Cause.NO_COMPUTE),
        ("090073", "22000", Cause.COST_CAP),
        ("000630", "57014", Cause.TIMEOUT),
        ("003001", "42501", Cause.PERMISSION),
        ("390114", "08001", Cause.AUTH),
    ],
)
def test_errors_by_their_codes(wire: Wire, bench: Bench, code: str, state: str, cause: Cause) -> None:
    adapter = bench.open()
    wire.statuses = ["FAILED_WITH_ERROR"]
    wire.answer = lambda _: refusal(code, state, "it is so")
    with pytest.raises(WarehouseError) as caught:
        adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0))
    assert caught.value.cause is cause
    adapter.close()


def test_a_statement_that_runs_is_aborted_at_the_warehouse(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.statuses = ["RUNNING"]
    canceller = threading.Thread(target=lambda: wire.watched.wait(PATIENCE_SECONDS) and adapter.cancel())
    canceller.start()
    with pytest.raises(WarehouseError) as caught:
        adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0))
    canceller.join()
    assert caught.value.cause is Cause.TIMEOUT
    assert len(wire.aborted) == 1
    adapter.cancel()
    assert len(wire.aborted) == 1
    adapter.close()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_time_in_a_queue_is_the_warehouses_to_end(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(import_module("preflight_adapters.snowflake.connect"), "time", clock)
    adapter = Bench(wire, tmp_path, timeout=3).open()
    wire.answer = lambda _: result([column("N", "fixed", precision=18, scale=0)], [["7"]])
    wire.statuses = [*["QUEUED"] * 30, *["RUNNING"] * 3, "SUCCESS"]
    assert adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0)).rows == 7
    assert clock.now > 20
    wire.statuses, clock.now = ["RUNNING"], 0
    with pytest.raises(WarehouseError) as caught:
        adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0))
    assert caught.value.cause is Cause.TIMEOUT
    assert clock.now < 10
    assert wire.aborted
    adapter.close()


# -- access ------------------------------------------------------------------------------------------------------------

GRANT_COLUMNS = [column(name, "text", length=200) for name in ("privilege", "granted_on", "name", "granted_to")]


def session_row(role: str, secondary: str = '{"roles":"","value":""}') -> Answer:
    names = ("ROLE_NAME", "SECONDARY_ROLES", "WAREHOUSE_NAME", "DATABASE_NAME", "USER_NAME")
    return result([column(name, "text", length=99) for name in names], [[role, secondary, "SYNC_WH", "CRM", "MP"]])


def granting(role: str, listed: dict[str, list[list[str | None]]], secondary: str = "") -> Any:
    def answer(sql: str) -> Answer:
        if "CURRENT_ROLE" in sql:
            return session_row(role, secondary or '{"roles":"","value":""}')
        if sql.startswith("SHOW GRANTS TO ROLE"):
            name = sql.split('"')[1]
            if name not in listed:
                return refusal("003001", "42501", f"Insufficient privileges to operate on role '{name}'.")
            return result(GRANT_COLUMNS, listed[name])
        return result([column("N", "fixed", precision=18, scale=0)], [])

    return answer


LISTED: dict[str, list[list[str | None]]] = {
    "MPARTICLE_READER": [
        ["USAGE", "WAREHOUSE", "SYNC_WH", "ROLE"],
        ["USAGE", "ROLE", "READERS", "ROLE"],
    ],
    "READERS": [
        ["USAGE", "DATABASE", "CRM", "ROLE"],
        ["USAGE", "SCHEMA", "CRM.PUBLIC", "ROLE"],
        ["SELECT", "TABLE", "CRM.PUBLIC.CONTACTS", "ROLE"],
    ],
    "PUBLIC": [],
}
ASK = AccessAsk((TableRef("CONTACTS", "PUBLIC", "CRM"), TableRef("ORDERS", "PUBLIC", "CRM")))


def test_a_right_by_way_of_another_role_is_held(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.answer = granting("SOMEBODY_ELSE", LISTED)
    access = adapter.access(ASK)
    assert (access.principal, access.assumed) == ("MPARTICLE_READER", False)
    held = {right.name: right.held for right in access.rights}
    assert held["CRM.PUBLIC.CONTACTS"] is True
    assert held["CRM.PUBLIC.ORDERS"] is False
    count = len(wire.statements)
    adapter.access(ASK)
    assert len(wire.statements) == count + 1
    adapter.close()


def test_as_the_syncs_own_role_what_compiles_counts(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.answer = granting("MPARTICLE_READER", LISTED)
    access = adapter.access(ASK)
    assert access.assumed
    assert {right.name: right.held for right in access.rights}["CRM.PUBLIC.ORDERS"] is True
    adapter.close()


def test_secondary_roles_would_hide_what_is_missing(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.answer = granting("MPARTICLE_READER", LISTED, secondary='{"roles":"A","value":"ALL"}')
    access = adapter.access(ASK)
    assert not access.assumed
    assert {right.name: right.held for right in access.rights}["CRM.PUBLIC.ORDERS"] is False
    adapter.close()


def test_grants_that_cannot_be_listed_are_not_known(wire: Wire, bench: Bench) -> None:
    adapter = bench.open()
    wire.answer = granting("SOMEBODY_ELSE", {"PUBLIC": []})
    rights = adapter.access(ASK).rights
    assert {right.held for right in rights} == {None}
    assert all("could not be listed" in right.note for right in rights[:-1])
    adapter.close()


# -- ways to log in ----------------------------------------------------------------------------------------------------


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


@pytest.fixture
def key(tmp_path: Path) -> Path:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    file = tmp_path / "me.p8"
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(CANARIES["SECRET"].encode()),
        )
    )
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return file


def test_a_key_pair(wire: Wire, tmp_path: Path, key: Path) -> None:
    options = {"authenticator": "snowflake_jwt", "private_key_file": key.name, "private_key_file_pwd": EnvRef("SECRET")}
    Bench(wire, tmp_path, **options).open().close()
    [login] = wire.logins
    assert login["AUTHENTICATOR"] == "SNOWFLAKE_JWT"
    assert "MP" in claims(login["TOKEN"])["sub"]
    assert "PASSWORD" not in login


@pytest.mark.parametrize(
    ("authenticator", "sent"), [("oauth", "OAUTH"), ("programmatic_access_token", "PROGRAMMATIC_ACCESS_TOKEN")]
)
def test_a_token(wire: Wire, tmp_path: Path, authenticator: str, sent: str) -> None:
    Bench(wire, tmp_path, authenticator=authenticator, token=EnvRef("TOKEN")).open().close()
    [login] = wire.logins
    assert (login["AUTHENTICATOR"], login["TOKEN"]) == (sent, CANARIES["TOKEN"])


def test_a_profile_of_the_driver(wire: Wire, tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(
        f'[dev]\naccount = "acc"\nuser = "DEV"\npassword = "canary-profile"\nhost = "127.0.0.1"\nport = {wire.port}\n'
        'protocol = "http"\nrole = "ANALYST"\n'
    )
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    bench = Bench(wire, tmp_path, connection_name="dev")
    bench.environ["SNOWFLAKE_HOME"] = str(tmp_path)
    bench.open().close()
    [login] = wire.logins
    assert login["LOGIN_NAME"] == "DEV"
    assert wire.parameters[0]["roleName"] == "ANALYST"


CREDENTIALS: list[dict[str, Any]] = [
    {},
    {"password": EnvRef("PW"), "passcode": EnvRef("PASSCODE"), "authenticator": "username_password_mfa"},
    {"authenticator": "oauth", "token": EnvRef("TOKEN")},
    {"authenticator": "programmatic_access_token", "token": EnvRef("TOKEN")},
    {"authenticator": "snowflake_jwt", "private_key": EnvRef("SECRET")},
    {"authenticator": "no such way", "token": EnvRef("TOKEN")},
    {"proxy_password": EnvRef("SECRET"), "no_such_option": EnvRef("TOKEN")},
]


@pytest.mark.parametrize("number", range(len(CREDENTIALS)))
def test_a_canary_is_nowhere(wire: Wire, tmp_path: Path, number: int, capfd: pytest.CaptureFixture[str]) -> None:
    def echo(login: dict[str, Any]) -> Answer:
        return {"success": False, "code": "390100", "message": f"no: {json.dumps(login)}", "data": {}}

    wire.enter = echo
    bench = Bench(wire, tmp_path, **CREDENTIALS[number])
    with pytest.raises(WarehouseError) as caught:
        bench.open()
    steps = bench.walk()
    assert Outcome.FAIL in {step.outcome for step in steps}
    out = capfd.readouterr()
    told = repr([caught.value.message, caught.value.remedy, steps, bench.asked, out.out, out.err])
    assert not [canary for canary in CANARIES.values() if canary in told]


# -- the route ---------------------------------------------------------------------------------------------------------


def test_the_steps_of_a_sound_route(wire: Wire, bench: Bench) -> None:
    wire.answer = granting("MPARTICLE_READER", LISTED)
    steps = {step.name: step for step in bench.walk()}
    assert list(steps) == ["driver", "resolve", "TLS", "login", "role", "warehouse", "describe", "grants"]
    passed = {name for name, step in steps.items() if step.outcome is Outcome.PASS}
    assert passed >= {"driver", "resolve", "login", "role", "warehouse", "describe"}
    assert steps["TLS"].outcome is Outcome.UNPROVEN


def test_the_steps_behind_a_login_that_fails(wire: Wire, bench: Bench) -> None:
    wire.enter = lambda _: {"success": False, "code": "390100", "message": "Incorrect username", "data": {}}
    steps = {step.name: step.outcome for step in bench.walk()}
    assert steps["login"] is Outcome.FAIL
    assert {steps[name] for name in ("role", "warehouse", "describe", "grants")} == {Outcome.UNPROVEN}


def test_another_role_than_the_syncs_is_said(wire: Wire, bench: Bench) -> None:
    wire.answer = granting("ANALYST", LISTED)
    [role] = [step for step in bench.walk() if step.name == "role"]
    assert role.outcome is Outcome.UNPROVEN
    assert "MPARTICLE_READER" in role.remedy


def test_a_session_without_a_warehouse_fails(wire: Wire, bench: Bench) -> None:
    def answer(sql: str) -> Answer:
        found = granting("MPARTICLE_READER", LISTED)(sql)
        if "CURRENT_ROLE" in sql:
            found["data"]["rowset"][0][2] = None
        return found

    wire.answer = answer
    [warehouse] = [step for step in bench.walk() if step.name == "warehouse"]
    assert warehouse.outcome is Outcome.FAIL


def test_no_server(tmp_path: Path) -> None:
    with serving() as wire:
        pass
    bench = Bench(wire, tmp_path)
    with pytest.raises(WarehouseError) as caught:
        bench.open()
    assert caught.value.cause is Cause.NETWORK


ANSWERS: list[Answer] = [{}, {"success": True}, {"success": True, "data": {}}, {"success": False}, LOGGED_IN]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_an_answer_that_is_none(wire: Wire, bench: Bench, number: int) -> None:
    adapter = bench.open()
    wire.answer = lambda _: ANSWERS[number]
    for call in (
        lambda: adapter.table(TableRef("T", "S", "D")),
        lambda: adapter.histogram(HistogramAsk("SELECT 1 AS id", None, None, 0, 0)),
        lambda: adapter.histogram(HistogramAsk("SELECT 1 AS id", "ID", IteratorKind.EPOCH_S, 0, 0)),
        lambda: adapter.access(ASK),
    ):
        with pytest.raises(WarehouseError):
            call()
    adapter.close()
