"""One session: read-only at the server, in UTC, capped, stopped when it must be, and silent about secrets."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import AccessAsk, HistogramAsk, IteratorKind, ProfileAsk, ProfileColumn, RehearsalAsk, TableRef
from preflight.source import Asked, Outcome
from preflight_adapters import redshift
from preflight_adapters.redshift import RedshiftAdapter, wire
from servers.redshift import READER, ROLE, RedshiftServer
from tests.until import until
from tests.warehouses.redshift.opening import Open

EVENTS = "dw.crm.events"


def slow(server: RedshiftServer) -> HistogramAsk:
    cross = ", ".join(f"{EVENTS} AS e{number}" for number in range(9))
    return HistogramAsk(f"SELECT e0.at_instant FROM {cross}", "at_instant", IteratorKind.INSTANT, 0, 0)


def busy(server: RedshiftServer, seconds: float = 0) -> bool:
    """Whether the reader has a statement that has run for so long."""
    found = (
        "SELECT 1 FROM pg_stat_activity"
        f" WHERE usename = '{READER}' AND state = 'active' AND query_start <= now() - interval '{seconds} s'"
    )
    try:
        server.sql(f"DO $$ BEGIN IF EXISTS ({found}) THEN RAISE 'busy'; END IF; END $$")
    except RuntimeError:
        return True
    return False


def until_idle(server: RedshiftServer) -> None:
    until(lambda: not busy(server), "the end of the reader's statement")


@contextmanager
def once_it_runs(server: RedshiftServer, do: Callable[[], object]) -> Iterator[None]:
    """``do``, from another thread, when the block's statement runs at the server."""
    over = threading.Event()

    def watch() -> None:
        until(lambda: over.is_set() or busy(server, 0.5), "the reader's statement")
        if not over.is_set():
            do()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


# -- what the server holds to ------------------------------------------------------------------------------------------


def test_a_function_that_writes_is_refused_by_the_server(cluster: RedshiftServer, adapter: RedshiftAdapter) -> None:
    cluster.sql(
        "CREATE TABLE crm.written (id integer); GRANT ALL ON crm.written TO public;"
        " CREATE FUNCTION crm.innocent() RETURNS integer LANGUAGE sql VOLATILE"
        " AS 'INSERT INTO crm.written VALUES (1) RETURNING id'"
    )
    ask = HistogramAsk("SELECT crm.innocent() AS id", None, None, 0, 0)
    profile = ProfileAsk(ask.sql, tuple(ProfileColumn(c.name, c.type) for c in adapter.describe(ask.sql).columns))
    with pytest.raises(WarehouseError, match="read-only") as caught:
        adapter.profile(profile)
    assert caught.value.cause is Cause.UNSUPPORTED
    assert adapter.histogram(HistogramAsk("SELECT w.id FROM crm.written AS w", None, None, 0, 0)).rows == 0


def test_every_statement_is_in_a_transaction_that_is_rolled_back(cluster: RedshiftServer, open_adapter: Open) -> None:
    cluster.forget()
    adapter = open_adapter()
    adapter.describe(f"SELECT e.id FROM {EVENTS} AS e")
    adapter.histogram(HistogramAsk(f"SELECT e.id FROM {EVENTS} AS e", None, None, 0, 0))
    settings, rest = cluster.arrived()[:3], cluster.arrived()[3:]
    assert settings == ["SET timezone TO 'UTC'", "SET query_group TO 'preflight'", "SET statement_timeout TO 300000"]
    assert len(rest) == 6
    assert set(rest[0::3]) == {"BEGIN READ ONLY"}
    assert set(rest[2::3]) == {"ROLLBACK"}


def test_texts_with_marks_of_parameters_pass_as_they_are(adapter: RedshiftAdapter) -> None:
    sql = "SELECT e.id AS \"%s\", '%% :name ?' AS t FROM dw.crm.events AS e WHERE 1 % 2 = 1"
    assert [column.name for column in adapter.describe(sql).columns] == ["%s", "t"]
    assert adapter.histogram(HistogramAsk(sql, None, None, 0, 0)).rows > 0


def test_a_parameter_that_nobody_fills_is_refused(adapter: RedshiftAdapter) -> None:
    with pytest.raises(WarehouseError) as caught:
        adapter.describe(f"SELECT e.id FROM {EVENTS} AS e WHERE e.id = $1")
    assert caught.value.cause in (Cause.INVALID, Cause.UNSUPPORTED)


@pytest.mark.parametrize("text", ['SELECT 1 AS "a\0b"', "SELECT '\ud800' AS a"])
def test_text_that_no_wire_carries_is_refused_and_the_session_goes_on(adapter: RedshiftAdapter, text: str) -> None:
    with pytest.raises(WarehouseError):
        adapter.describe(text)
    assert adapter.describe("SELECT 1 AS a").columns


def test_a_long_and_wide_query_is_described(adapter: RedshiftAdapter) -> None:
    sql = "SELECT " + ", ".join(f"{number} AS column_{number}" for number in range(1600))
    assert len(adapter.describe(sql).columns) == 1600


def test_the_place_of_an_error_within_a_nested_model_is_in_its_own_text(adapter: RedshiftAdapter) -> None:
    sql = "SELECT 'Grüße' AS t, n.nothing FROM dw.crm.events AS n"
    with pytest.raises(WarehouseError) as caught:
        adapter.profile(ProfileAsk(sql, ()))
    assert caught.value.offset == sql.index("n.nothing")
    [_, count, _] = adapter.rehearse(RehearsalAsk(sql, None))
    assert "nothing" in count.refusal


def test_a_driver_without_its_wire_calls_runs_the_query_for_no_rows(
    adapter: RedshiftAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object) -> None:
        raise wire.NoWireCallsError

    sql = "SELECT p.email, p.spent FROM dw.crm.people AS p;"
    compiled = adapter.describe(sql)
    monkeypatch.setattr(wire, "compiled", absent)
    assert adapter.describe(sql + " ") == compiled
    with pytest.raises(WarehouseError) as caught:
        adapter.rehearse(RehearsalAsk(sql[:-1], None))
    assert caught.value.cause is Cause.UNSUPPORTED


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_a_cancelled_statement_ends_at_the_server(cluster: RedshiftServer, open_adapter: Open) -> None:
    adapter = open_adapter(timeout_seconds=600)
    with once_it_runs(cluster, adapter.cancel), pytest.raises(WarehouseError) as caught:
        adapter.histogram(slow(cluster))
    assert caught.value.cause is Cause.TIMEOUT
    until_idle(cluster)
    assert adapter.describe("SELECT 1 AS a").columns


def test_cancelling_where_nothing_runs_is_harmless(adapter: RedshiftAdapter) -> None:
    adapter.cancel()
    assert adapter.describe("SELECT 1 AS a").columns
    adapter.close()
    adapter.cancel()
    with pytest.raises(WarehouseError, match="closed"):
        adapter.describe("SELECT 2 AS a")


def test_an_interrupt_ends_the_statement_at_once(cluster: RedshiftServer, open_adapter: Open) -> None:
    adapter = open_adapter(timeout_seconds=600)
    channel = adapter._session._connection._usock
    with once_it_runs(cluster, lambda: os.kill(os.getpid(), signal.SIGINT)), pytest.raises(KeyboardInterrupt) as caught:
        adapter.histogram(slow(cluster))
    assert caught.tb  # whose frames still hold the driver's objects
    assert channel.fileno() == -1
    until_idle(cluster)
    adapter.close()


# -- logging in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("introspect", "cause"),
    [
        ({"password": "canary-wrong"}, Cause.AUTH),
        ({"user": "nobody-here"}, Cause.AUTH),
        ({"database": "no_such_database"}, Cause.AUTH),
        ({"host": "no-such-host.invalid"}, Cause.AUTH),
        ({"host": "no-such-host.invalid", "ssl": True}, Cause.NETWORK),
        ({"port": 1}, Cause.NETWORK),
        ({"ssl": True}, Cause.NETWORK),
        ({"no_such_option": 1}, Cause.DRIVER),
        ({"iam": True}, Cause.DRIVER),
        (
            {"iam": True, "ssl": True, "profile": "no-such-profile", "region": "x", "cluster_identifier": "c"},
            Cause.AUTH,
        ),
        (
            {
                "credentials_provider": "NoSuchPlugin",
                "ssl": True,
                "iam": True,
                "cluster_identifier": "c",
                "region": "x",
            },
            None,
        ),
    ],
)
def test_a_login_that_fails_says_why(open_adapter: Open, introspect: dict[str, object], cause: Cause | None) -> None:
    with pytest.raises(WarehouseError) as caught:
        open_adapter(**introspect)
    assert cause in (caught.value.cause, None)
    assert not caught.value.cause.blames_query
    assert "canary" not in caught.value.message + caught.value.remedy


@pytest.fixture(
    params=[b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 64, b"E\0\0\0\x04", b"R\0\0\0\x08\0\0\0\x63"]
)
def impostor(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port where something else listens, and answers so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.recv(4096)
                        client.sendall(request.param)
            except OSError:
                pass

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        server.join()


def test_something_else_at_the_port_is_no_crash(open_adapter: Open, impostor: int) -> None:
    with pytest.raises(WarehouseError) as caught:
        open_adapter(port=impostor, timeout=3)
    assert not caught.value.cause.blames_query


def test_tls_is_verified_and_statements_are_cancelled_over_it(
    cluster: RedshiftServer, open_adapter: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cluster.certificate))
    adapter = open_adapter(host="localhost", port=cluster.tls, ssl=True, timeout_seconds=600)
    assert adapter.describe("SELECT 1 AS a").columns
    with once_it_runs(cluster, adapter.cancel), pytest.raises(WarehouseError) as caught:
        adapter.histogram(slow(cluster))
    assert caught.value.cause is Cause.TIMEOUT
    until_idle(cluster)
    with pytest.raises(WarehouseError) as caught:
        open_adapter(host="127.0.0.1", port=cluster.tls, ssl=True)
    assert caught.value.cause is Cause.NETWORK


def test_a_certificate_that_nobody_signed_is_refused(cluster: RedshiftServer, open_adapter: Open) -> None:
    with pytest.raises(WarehouseError) as caught:
        open_adapter(host="localhost", port=cluster.tls, ssl=True)
    assert caught.value.cause is Cause.NETWORK


# -- the route ---------------------------------------------------------------------------------------------------------


def walk(server: RedshiftServer, **introspect: object) -> dict[str, tuple[Outcome, str]]:
    connection = server.connection(**introspect)
    steps = redshift.diagnose(connection, root=Path(), environ=server.environ, record=lambda _: None)
    found = {step.name: (step.outcome, f"{step.detail} {step.remedy}") for step in steps}
    assert "canary" not in str(found)
    return found


def test_the_route_names_user_database_and_case(cluster: RedshiftServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cluster.certificate))
    found = walk(cluster, host="localhost", port=cluster.tls, ssl=True)
    assert {outcome for outcome, _ in found.values()} == {Outcome.PASS}
    assert "TLSv1" in found["TLS"][1]
    assert READER in found["user"][1]
    assert "lower case" in found["names"][1]


@pytest.mark.parametrize(
    ("introspect", "failed"),
    [
        ({"password": "canary-wrong"}, "login"),
        ({"host": "no-such-host.invalid"}, "resolve"),
        ({"ssl": True}, "TLS"),
        ({"port": "many"}, "login"),
    ],
)
def test_the_steps_behind_a_failed_one_are_unproven(
    cluster: RedshiftServer, introspect: dict[str, object], failed: str
) -> None:
    found = walk(cluster, **introspect)
    assert found[failed][0] is Outcome.FAIL
    behind = list(found)[list(found).index(failed) + 1 :]
    assert behind
    assert {found[name][0] for name in behind} == {Outcome.UNPROVEN}


def test_the_route_says_that_names_keep_their_case(cluster: RedshiftServer) -> None:
    cluster.sql(f"ALTER ROLE {READER} SET redshift.enable_case_sensitive_identifier = 'on'")
    try:
        assert "keep their case" in walk(cluster)["names"][1]
    finally:
        cluster.sql(f"ALTER ROLE {READER} RESET redshift.enable_case_sensitive_identifier")


def test_a_variable_that_is_not_set_ends_the_route(cluster: RedshiftServer) -> None:
    steps = list(redshift.diagnose(cluster.connection(), root=Path(), environ={}, record=lambda _: None))
    assert [(step.name, step.outcome) for step in steps][:2] == [("driver", Outcome.PASS), ("options", Outcome.FAIL)]
    assert "REDSHIFT_PASSWORD" in steps[1].detail


# -- the catalog and rights --------------------------------------------------------------------------------------------


def test_a_table_without_a_schema_is_found_on_the_search_path(cluster: RedshiftServer, open_adapter: Open) -> None:
    cluster.sql(
        f"CREATE SCHEMA second; GRANT USAGE ON SCHEMA second TO {READER}; CREATE TABLE second.twice (b integer);"
        f" CREATE TABLE crm.twice (a integer); CREATE TABLE second.alone (c varchar(7));"
        f" ALTER ROLE {READER} SET search_path TO '$user', crm, second"
    )
    try:
        adapter = open_adapter()
        assert [column.name for column in adapter.table(TableRef("twice")).columns] == ["a"]
        assert [str(column.type) for column in adapter.table(TableRef("alone")).columns] == ["varchar(7)"]
    finally:
        cluster.sql(f"ALTER ROLE {READER} RESET search_path")


def test_names_that_differ_by_case_are_told_apart(cluster: RedshiftServer, adapter: RedshiftAdapter) -> None:
    cluster.sql('CREATE TABLE crm.cased (a integer); CREATE TABLE crm."Cased" (b integer)')
    assert [c.name for c in adapter.table(TableRef("cased", "crm")).columns] == ["a"]
    assert [c.name for c in adapter.table(TableRef("Cased", "crm", "DW")).columns] == ["b"]
    assert [c.name for c in adapter.table(TableRef("CASED", "CRM")).columns] in (["a"], ["b"])


def test_sort_keys_and_views(cluster: RedshiftServer, adapter: RedshiftAdapter) -> None:
    cluster.sql(
        "CREATE TABLE crm.sorted (a integer NOT NULL, b timestamp); CREATE VIEW crm.seen AS SELECT a FROM crm.sorted;"
        " INSERT INTO sort_keys VALUES ('crm', 'sorted', 'b', 1), ('crm', 'sorted', 'a', 2)"
    )
    table = adapter.table(TableRef("sorted", "crm", "dw"))
    assert (table.kind, table.keys, table.rows) == ("table", ("b", "a"), 0)
    assert [column.nullable for column in table.columns] == [False, True]
    view = adapter.table(TableRef("seen", "crm"))
    assert (view.kind, view.rows, view.keys) == ("view", None, ())


def test_rows_are_unknown_where_the_view_of_sizes_may_not_be_read(cluster: RedshiftServer, open_adapter: Open) -> None:
    cluster.sql("REVOKE SELECT ON svv_table_info FROM public")
    try:
        asked: list[Asked] = []
        adapter = open_adapter(asked)
        assert adapter.table(TableRef("people", "crm")).rows is None
        assert adapter.table(TableRef("events", "crm")).rows is None
        assert len([one for one in asked if "has_table_privilege" in one.text]) == 1
        assert walk(cluster)["grants"][0] is Outcome.UNPROVEN
    finally:
        cluster.sql("GRANT SELECT ON svv_table_info TO public")


def test_tables_that_the_catalog_of_this_database_does_not_hold(
    cluster: RedshiftServer, adapter: RedshiftAdapter
) -> None:
    cluster.sql(
        "INSERT INTO far_tables VALUES ('shared', 'sales', 'orders', 'TABLE'),"
        " ('dw', 'lake', 'clicks', 'EXTERNAL TABLE');"
        " INSERT INTO far_columns VALUES ('shared', 'sales', 'orders', 'id', 1, 'bigint', NULL, 64, 0, 'NO'),"
        " ('dw', 'lake', 'clicks', 'url', 1, 'character varying', 2048, NULL, NULL, 'YES')"
    )
    shared = adapter.table(TableRef("orders", "sales", "shared"))
    assert [(c.name, str(c.type), c.nullable) for c in shared.columns] == [("id", "bigint", False)]
    lake = adapter.table(TableRef("clicks", "lake"))
    assert (lake.kind, [str(c.type) for c in lake.columns]) == ("external table", ["varchar(2048)"])
    access = adapter.access(AccessAsk((shared.ref, lake.ref)))
    by_table = {right.table: right for right in access.rights if right.table}
    assert by_table[shared.ref].held is None
    assert by_table[lake.ref].held is None
    assert all(right.note for right in by_table.values())


def test_a_schema_that_may_not_be_used_comes_with_its_grant(cluster: RedshiftServer, adapter: RedshiftAdapter) -> None:
    cluster.sql('CREATE SCHEMA "Closed"; CREATE TABLE "Closed".t (a integer)')
    rights = adapter.access(AccessAsk((TableRef("t", "Closed", "dw"),))).rights
    found = [(right.kind, right.held, right.grant) for right in rights]
    assert found == [
        ("schema", False, f'GRANT USAGE ON SCHEMA "Closed" TO {READER};'),
        ("table", None, f'GRANT SELECT ON TABLE "Closed".t TO {READER};'),
        ("IAM role", True, ""),
    ]


def test_an_iam_role_that_may_not_be_used_comes_with_its_grant(
    cluster: RedshiftServer, adapter: RedshiftAdapter
) -> None:
    cluster.sql(f"INSERT INTO refused_roles VALUES ('{READER}', '{ROLE}')")
    try:
        [right] = [one for one in adapter.access(AccessAsk(())).rights if one.kind == "IAM role"]
        assert (right.held, right.grant) == (False, f"GRANT ASSUMEROLE ON '{ROLE}' TO {READER} FOR UNLOAD;")
    finally:
        cluster.sql("DELETE FROM refused_roles")


def test_rights_are_those_of_the_syncs_user_whoever_asks(cluster: RedshiftServer, open_adapter: Open) -> None:
    cluster.sql("DROP ROLE IF EXISTS analyst; CREATE ROLE analyst LOGIN PASSWORD 'canary-analyst'")
    adapter = open_adapter(user="analyst", password="canary-analyst")
    access = adapter.access(AccessAsk((cluster.ref("people"),)))
    assert (access.principal, access.assumed) == (READER, False)
    assert next(right for right in access.rights if right.kind == "schema").held is True
    table = next(right for right in access.rights if right.table)
    assert (table.held, bool(table.note)) == (None, True)


def test_the_syncs_user_may_be_written_in_any_case(adapter: RedshiftAdapter) -> None:
    access = RedshiftAdapter(adapter._session, READER.upper()).access(AccessAsk((TableRef("people", "crm"),)))
    assert (access.principal, access.assumed) == (READER, True)
    assert [right.held for right in access.rights] == [True, True]


def test_a_user_whom_the_database_does_not_know_leaves_the_rights_unasked(adapter: RedshiftAdapter) -> None:
    stranger = RedshiftAdapter(adapter._session, "IAM:stranger")
    rights = stranger.access(AccessAsk((TableRef("people", "crm"),))).rights
    assert {right.held for right in rights} == {None}
    assert all("stranger" in right.note for right in rights)


def test_the_record_tells_of_every_statement(open_adapter: Open) -> None:
    asked: list[Asked] = []
    adapter = open_adapter(asked)
    adapter.describe("SELECT 1 AS a")
    with pytest.raises(WarehouseError):
        adapter.describe("SELECT nope")
    assert [(one.purpose, one.basis, bool(one.error)) for one in asked] == [
        ("describe", Grade.DESCRIBED, False),
        ("describe", Grade.DESCRIBED, True),
    ]


# -- Redshift's own SQL ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT e.id, DATEADD(month, 1, e.at_local) AS at_local FROM dw.crm.events AS e",
        "SELECT NVL2(e.at_day, 1, 0) AS i, DATEDIFF(day, e.at_day, GETDATE()) AS n, e.at_local FROM dw.crm.events AS e",
        "SELECT TOP 5 e.id, e.at_local FROM dw.crm.events AS e ORDER BY 1",
        "SELECT e.id, e.at_local FROM crm.events e QUALIFY ROW_NUMBER() OVER (PARTITION BY e.id ORDER BY e.at_s) < 2",
        "SELECT DECODE(e.id, 1, 'one', 'other') AS id, e.at_local FROM dw.crm.events AS e",
    ],
)
def test_redshifts_own_words_go_through_every_statement(cluster: RedshiftServer, open_adapter: Open, sql: str) -> None:
    """Through sqlglot's rendering for PostgreSQL, so that no position is looked at."""
    adapter = open_adapter(port=cluster.transpiling)
    columns = adapter.describe(sql).columns
    histogram = adapter.histogram(
        HistogramAsk(sql, "at_local", IteratorKind.ZONELESS, 0, 2_000_000_000, "UTC", 0, 10**10)
    )
    profile = adapter.profile(ProfileAsk(sql, tuple(ProfileColumn(c.name, c.type) for c in columns)))
    assert histogram.rows == profile.rows > 0
    assert {one.refusal for one in adapter.rehearse(RehearsalAsk(sql, None))} == {""}
