"""The stand-in adapter: what it says of a file, and how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from preflight.config import Connection
from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import Bucket, Histogram, HistogramAsk, IteratorKind, Kind, Provider, TableRef
from preflight.source import Capability, Level
from preflight_adapters import local
from preflight_adapters._guard import Gate
from preflight_adapters.local import LocalAdapter
from preflight_adapters.local.connect import Session
from tests.adapters.stand_ins import Open

GATE = Gate("w", "duckdb", lambda _: None)

DDL = """
CREATE SCHEMA PUBLIC;
CREATE TABLE PUBLIC.Contacts (
  customer_id INTEGER NOT NULL, email VARCHAR, updated_at TIMESTAMPTZ, clock TIMESTAMP, fine TIMESTAMP_NS, day DATE,
  seconds BIGINT, huge HUGEINT, amount DECIMAL(10, 2), whole DECIMAL(38, 0), tags VARCHAR[], attributes JSON,
  ok BOOLEAN, ratio DOUBLE
);
INSERT INTO PUBLIC.Contacts (customer_id, email, updated_at)
  SELECT i, 'c' || i, TIMESTAMPTZ '2026-01-01 00:00:00Z' + to_minutes(i * 30) FROM range(10) AS r (i);
DELETE FROM PUBLIC.Contacts WHERE customer_id = 9;
CREATE VIEW PUBLIC.recent AS SELECT customer_id, updated_at FROM PUBLIC.Contacts;
CREATE TABLE plain AS SELECT 1 AS a;
"""
START = 1767225600  # 2026-01-01T00:00:00Z
FAR = 4102444800  # 2100-01-01T00:00:00Z


def ask(sql: str, iterator: str | None, kind: IteratorKind | None = None, **more: Any) -> HistogramAsk:
    return HistogramAsk(sql, iterator, kind, **{"anchor": START, "now": FAR, **more})


def refusal(act: Any, *arguments: Any, **named: Any) -> WarehouseError:
    with pytest.raises(WarehouseError) as raised:
        act(*arguments, **named)
    assert "\n" not in raised.value.message
    return raised.value


# What it is


def test_it_says_that_it_stands_in_and_what_it_cannot_answer(stand_in: Open) -> None:
    adapter = stand_in(DDL)
    assert adapter.stand_in
    assert adapter.dialect == "snowflake"
    assert adapter.support[Capability.HISTOGRAM].level is Level.FULL
    assert adapter.support[Capability.ACCESS].level is Level.NONE
    assert adapter.support[Capability.ACCESS].note


# describe


def names(adapter: Any, sql: str) -> list[str]:
    return [column.name for column in adapter.describe(sql).columns]


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("snowflake", ["ID", "Mixed", "EMAIL"]),
        ("redshift", ["id", "mixed", "email"]),
    ],
)
def test_names_are_folded_as_the_warehouse_folds_them(stand_in: Open, dialect: str, expected: list[str]) -> None:
    sql = 'SELECT c.customer_id AS Id, c.customer_id AS "Mixed", c.email FROM crm.public.contacts AS c'
    assert names(stand_in(DDL, dialect), sql) == expected


@pytest.mark.parametrize("dialect", ["bigquery", "databricks"])
def test_names_keep_their_case_where_the_warehouse_keeps_it(stand_in: Open, dialect: str) -> None:
    sql = "SELECT c.customer_id AS Id, c.customer_id AS `Mixed` FROM crm.PUBLIC.contacts AS c"
    assert names(stand_in(DDL, dialect), sql) == ["Id", "Mixed"]


def test_a_stars_columns_are_folded_and_its_neighbours_keep_their_places(stand_in: Open) -> None:
    adapter = stand_in(DDL)
    assert names(adapter, 'SELECT 1 AS "First", v.*, 2 AS Last FROM public.recent AS v') == [
        "First",
        "CUSTOMER_ID",
        "UPDATED_AT",
        "LAST",
    ]


def test_a_star_passes_a_quoted_name_on(stand_in: Open) -> None:
    sql = 'WITH final AS (SELECT customer_id AS "customerId", email AS mail FROM public.contacts) SELECT * FROM final'
    assert names(stand_in(DDL), sql) == ["customerId", "MAIL"]


def test_equal_names_are_described_as_they_are(stand_in: Open) -> None:
    assert names(stand_in(DDL), "SELECT 1 AS a, 2 AS a") == ["A", "A"]


def test_types_are_the_files_own(stand_in: Open) -> None:
    columns = stand_in(DDL).describe("SELECT * FROM public.contacts").columns
    assert [column.type.kind for column in columns] == [
        Kind.INTEGER,
        Kind.TEXT,
        Kind.INSTANT,
        Kind.TIMESTAMP,
        Kind.TIMESTAMP,
        Kind.DATE,
        Kind.INTEGER,
        Kind.INTEGER,
        Kind.DECIMAL,
        Kind.DECIMAL,
        Kind.ARRAY,
        Kind.JSON,
        Kind.BOOLEAN,
        Kind.FLOAT,
    ]
    amount, tags = columns[8].type, columns[10].type
    assert (amount.precision, amount.scale) == (10, 2)
    assert tags.element is not None
    assert tags.element.kind is Kind.TEXT


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("STRUCT(a INTEGER, b VARCHAR)", Kind.STRUCT),
        ("MAP(VARCHAR, INTEGER)", Kind.MAP),
        ("STRUCT(a INTEGER)[]", Kind.ARRAY),
        ("INTEGER[3]", Kind.ARRAY),
        ("TIME WITH TIME ZONE", Kind.TIME),
        ("INTERVAL", Kind.INTERVAL),
        ("BLOB", Kind.BINARY),
        ("ENUM('a', 'b')", Kind.TEXT),
        ('"NULL"', Kind.NULL),
        ("A_TYPE_OF_TOMORROW", Kind.OTHER),
    ],
)
def test_every_type_has_a_kind(raw: str, kind: Kind) -> None:
    from preflight_adapters.local.rows import type_of

    assert type_of(raw).kind is kind
    assert type_of(raw).raw == raw


@pytest.mark.parametrize(
    ("sql", "cause", "name", "points_at"),
    [
        ("SELECT a FROM crm.public.nope", Cause.NOT_FOUND, "CRM.PUBLIC.NOPE", "nope"),
        ("SELECT a FROM nowhere.contacts", Cause.NOT_FOUND, "NOWHERE.CONTACTS", "contacts"),
        ("SELECT c.nope FROM public.contacts AS c", Cause.BAD_COLUMN, "nope", "nope"),
        ("SELECT nope FROM public.contacts", Cause.BAD_COLUMN, "nope", "nope"),
        ("SELECT x.email FROM public.contacts AS c", Cause.BAD_COLUMN, "x", "x.email"),
        ("SELECT nope, 'nope' AS b FROM public.contacts", Cause.BAD_COLUMN, "nope", None),
        ("SELECT email, COUNT(*) AS n FROM public.contacts", Cause.INVALID, "", None),
        ("SELECT email FROM public.contacts AS a JOIN public.contacts AS b ON TRUE", Cause.INVALID, "", None),
        ("SELECT email + 1 AS a FROM public.contacts WHERE email > updated_at", Cause.UNSUPPORTED, "", None),
    ],
)
def test_an_error_is_classed_and_points_where_it_surely_can(
    stand_in: Open, sql: str, cause: Cause, name: str, points_at: str | None
) -> None:
    error = refusal(stand_in(DDL).describe, sql)
    assert (error.cause, error.name) == (cause, name)
    assert error.offset == (None if points_at is None else sql.index(points_at))
    assert "preflight_stand_in" not in error.message
    assert "Error" not in error.message


def test_a_function_that_duckdb_lacks_is_named(stand_in: Open) -> None:
    error = refusal(stand_in(DDL).describe, "SELECT my_udf(email) AS a FROM public.contacts")
    assert error.cause is Cause.UNSUPPORTED
    assert "MY_UDF" in error.message


# table


def test_a_table_is_found_without_case_and_its_rows_are_exact(stand_in: Open) -> None:
    ref = TableRef("CONTACTS", "PUBLIC", "CRM")
    found = stand_in(DDL).table(ref)
    assert (found.ref, found.kind, found.rows) == (ref, "table", 9)
    assert found.columns[0].name == "CUSTOMER_ID"
    assert found.columns[0].nullable is False
    assert found.columns[1].nullable is True


def test_a_view_has_columns_and_no_count(stand_in: Open) -> None:
    found = stand_in(DDL).table(TableRef("RECENT", "PUBLIC"))
    assert (found.kind, found.rows) == ("view", None)
    assert [column.name for column in found.columns] == ["CUSTOMER_ID", "UPDATED_AT"]


def test_a_table_without_a_schema_is_in_main(stand_in: Open) -> None:
    assert stand_in(DDL).table(TableRef("PLAIN")).rows == 1


@pytest.mark.parametrize(
    "ref", [TableRef("NOPE", "PUBLIC"), TableRef("CONTACTS"), TableRef("x'; DROP TABLE y; --", "PUBLIC")]
)
def test_a_table_that_is_not_there_is_not_found(stand_in: Open, ref: TableRef) -> None:
    error = refusal(stand_in(DDL).table, ref)
    assert (error.cause, error.name) == (Cause.NOT_FOUND, str(ref))


# histogram


def test_rows_are_counted_by_hour_from_the_anchor(stand_in: Open) -> None:
    found = stand_in(DDL).histogram(ask("SELECT c.* FROM crm.public.contacts AS c", "UPDATED_AT", IteratorKind.INSTANT))
    assert found.buckets == (*(Bucket(hour, 2, 1) for hour in range(4)), Bucket(4, 1, 1))
    assert (found.null_rows, found.future_rows) == (0, 0)


def test_without_an_iterator_every_row_is_one_without_its_value(stand_in: Open) -> None:
    found = stand_in(DDL).histogram(ask("SELECT c.* FROM public.contacts AS c", None))
    assert (found.buckets, found.rows) == ((), 9)


@pytest.mark.parametrize("iterator", ["UPDATED_AT", "updated_at", "Updated_At"])
def test_the_iterator_is_found_without_case(stand_in: Open, iterator: str) -> None:
    sql = "SELECT email, updated_at FROM public.contacts ORDER BY email LIMIT 3"
    assert stand_in(DDL).histogram(ask(sql, iterator, IteratorKind.INSTANT)).rows == 3


def test_an_iterator_that_is_not_put_out_is_named(stand_in: Open) -> None:
    error = refusal(
        stand_in(DDL).histogram, ask("SELECT email FROM public.contacts", "UPDATED_AT", IteratorKind.INSTANT)
    )
    assert (error.cause, error.name) == (Cause.BAD_COLUMN, "UPDATED_AT")


@pytest.mark.parametrize("twin", ["updated_at", '"updated_at"'])
def test_two_iterators_but_for_case_are_refused(stand_in: Open, twin: str) -> None:
    sql = f"SELECT updated_at, clock AS {twin} FROM public.contacts"
    error = refusal(stand_in(DDL).histogram, ask(sql, "UPDATED_AT", IteratorKind.INSTANT))
    assert error.cause is Cause.UNSUPPORTED


def test_an_iterator_of_another_kind_is_refused(stand_in: Open) -> None:
    sql = "SELECT clock FROM public.contacts"
    error = refusal(stand_in(DDL).histogram, ask(sql, "CLOCK", IteratorKind.INSTANT))
    assert error.cause is Cause.UNSUPPORTED
    assert "TIMESTAMP" in error.message
    assert error.remedy


def counted(
    stand_in: Open, type_: str, values: list[str], kind: IteratorKind, **more: Any
) -> tuple[list[tuple[int, int, int]], int, int]:
    rows = ", ".join(f"({value})" for value in values)
    adapter = stand_in(f"CREATE OR REPLACE TABLE t (v {type_}); INSERT INTO t VALUES {rows};")
    found = adapter.histogram(ask("SELECT v FROM t", "V", kind, **more))
    adapter.close()
    assert found.rows == len(values) or "lower" in more or "upper" in more
    return (
        [(bucket.index, bucket.rows, bucket.at_start) for bucket in found.buckets],
        found.null_rows,
        found.future_rows,
    )


@pytest.mark.parametrize(
    ("clock", "zone", "instant"),
    [
        ("2026-06-01 02:30:00", "Europe/Berlin", "2026-06-01 00:30:00+00"),
        ("2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25 01:30:00+00"),  # shown twice: the later
        ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29 01:30:00+00"),  # skipped: the offset before
        ("2026-10-04 02:15:00", "Australia/Lord_Howe", "2026-10-03 15:45:00+00"),  # skipped, by half an hour
        ("2026-01-01 05:30:00", "Asia/Kolkata", "2026-01-01 00:00:00+00"),
    ],
)
def test_a_zoneless_time_is_read_in_its_zone(stand_in: Open, clock: str, zone: str, instant: str) -> None:
    read = counted(stand_in, "TIMESTAMP", [f"'{clock}'"], IteratorKind.ZONELESS, time_zone=zone)
    assert read == counted(stand_in, "TIMESTAMPTZ", [f"'{instant}'"], IteratorKind.INSTANT)


def test_a_nanosecond_is_not_the_instant(stand_in: Open) -> None:
    values = ["'2026-01-01 00:00:00'", "'2026-01-01 00:00:00.000000001'", "'2025-12-31 23:59:59.999999999'"]
    assert counted(stand_in, "TIMESTAMP_NS", values, IteratorKind.ZONELESS)[0] == [(-1, 1, 0), (0, 2, 1)]
    berlin = counted(stand_in, "TIMESTAMP_NS", values, IteratorKind.ZONELESS, time_zone="Europe/Berlin")
    assert berlin[0] == [(-2, 1, 0), (-1, 2, 1)]


def test_a_clip_and_now_include_their_own_instants_and_no_fraction_more(stand_in: Open) -> None:
    values = [f"'2026-01-01 0{hour}:00:00{rest}'" for hour in (1, 2, 3) for rest in ("", ".000001")]
    read = counted(
        stand_in, "TIMESTAMP", values, IteratorKind.ZONELESS, lower=START + 3600, upper=START + 10800, now=START + 7200
    )
    assert read == ([(1, 2, 1), (2, 1, 1)], 0, 2)


def table_of(columns: dict[str, list[str]]) -> str:
    """DDL of a table ``t`` with the columns ``v0``, ``v1`` … of these types, holding these values."""
    types = ", ".join(f"v{number} {type_}" for number, type_ in enumerate(columns))
    rows = ", ".join(f"({', '.join(row)})" for row in zip(*columns.values(), strict=True))
    return f"CREATE TABLE t ({types}); INSERT INTO t VALUES {rows};"


def histogram_of(adapter: LocalAdapter, number: int, kind: IteratorKind, **more: Any) -> Histogram:
    return adapter.histogram(ask(f"SELECT v{number} AS v FROM t", "V", kind, **more))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_infinity_lies_in_the_future_and_before_everything(stand_in: Open, zone: str) -> None:
    kinds = {
        "TIMESTAMP": IteratorKind.ZONELESS,
        "TIMESTAMP_S": IteratorKind.ZONELESS,
        "TIMESTAMP_MS": IteratorKind.ZONELESS,
        "TIMESTAMP_NS": IteratorKind.ZONELESS,
        "TIMESTAMPTZ": IteratorKind.INSTANT,
        "DATE": IteratorKind.DATE,
    }
    adapter = stand_in(table_of({type_: ["'infinity'", "'-infinity'", "NULL"] for type_ in kinds}))
    for number, kind in enumerate(kinds.values()):
        found = histogram_of(adapter, number, kind, time_zone=zone)
        assert (found.null_rows, found.future_rows) == (1, 1)
        assert [(bucket.rows, bucket.at_start) for bucket in found.buckets] == [(1, 0)]
        assert found.buckets[0].index < -(10**9)


def test_dates_beyond_any_timestamp_are_counted(stand_in: Open) -> None:
    values = ["DATE '5000000-01-01'", "DATE '5000000-01-01 (BC)'", "DATE '2026-01-01'"]
    buckets, _, future = counted(stand_in, "DATE", values, IteratorKind.DATE, time_zone="Asia/Kolkata")
    assert future == 1
    assert [bucket[1] for bucket in buckets] == [1, 1]
    assert buckets[1][0] == -6


@pytest.mark.parametrize(("kind", "unit"), [(IteratorKind.EPOCH_S, 1), (IteratorKind.EPOCH_MS, 1000)])
def test_an_epoch_of_any_number_type_is_rounded_down(stand_in: Open, kind: IteratorKind, unit: int) -> None:
    values = [str(START * unit), str((START + 3600) * unit), "-1", str(-3600 * unit), "NULL"]
    types = ["BIGINT", "HUGEINT", "DECIMAL(38, 0)", "DECIMAL(38, 3)", "DOUBLE"]
    adapter = stand_in(table_of(dict.fromkeys(types, values)))
    hours = START // 3600
    for number in range(len(types)):
        found = histogram_of(adapter, number, kind)
        assert found.buckets == (Bucket(-hours - 1, 2, 1), Bucket(0, 1, 1), Bucket(1, 1, 1))
        assert found.null_rows == 1


@pytest.mark.parametrize("kind", [IteratorKind.EPOCH_S, IteratorKind.EPOCH_MS])
def test_an_epoch_that_overflows_lies_at_the_ends_of_time(stand_in: Open, kind: IteratorKind) -> None:
    most = {
        "BIGINT": str(2**63 - 1),
        "HUGEINT": str(2**127 - 1),
        "DECIMAL(38, 0)": "9" * 38,
        "DOUBLE": "1e300",
        "DOUBLE ": "'infinity'",
    }
    least = {type_: f"-{value}" if "'" not in value else "'-infinity'" for type_, value in most.items()}
    adapter = stand_in(table_of({type_: [most[type_], least[type_]] for type_ in most}))
    for number in range(len(most)):
        found = histogram_of(adapter, number, kind)
        assert found.future_rows == 1
        assert [bucket.rows for bucket in found.buckets] == [1]
        assert found.buckets[0].index < -(10**9)


def test_a_fraction_of_an_epochs_unit_is_not_the_instant(stand_in: Open) -> None:
    values = [f"{START}.000", f"{START}.001", f"{START - 1}.999"]
    assert counted(stand_in, "DECIMAL(38, 3)", values, IteratorKind.EPOCH_S)[0] == [(-1, 1, 0), (0, 2, 1)]


@pytest.mark.parametrize("zone", ["Nowhere/Zone", "x'); DROP TABLE t; --"])
def test_a_zone_that_does_not_exist_is_named(stand_in: Open, zone: str) -> None:
    adapter = stand_in("CREATE TABLE t AS SELECT TIMESTAMP '2026-01-01' AS v")
    error = refusal(adapter.histogram, ask("SELECT v FROM t", "V", IteratorKind.ZONELESS, time_zone=zone))
    assert error.cause is Cause.UNSUPPORTED
    assert zone in error.message


# Files


def test_one_file_stands_for_every_catalog_but_not_for_two_at_once(stand_in: Open) -> None:
    adapter = stand_in(DDL)
    assert adapter.describe("SELECT email FROM a.public.contacts").columns
    sql = "SELECT x.email FROM a.public.contacts AS x JOIN b.public.contacts AS y ON x.email = y.email"
    error = refusal(adapter.describe, sql)
    assert error.cause is Cause.UNSUPPORTED
    assert "introspect" in error.remedy


def test_each_catalog_may_have_a_file(stand_in: Open, tmp_path: Path) -> None:
    for name, rows in (("crm", 2), ("ref", 3)):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(f"CREATE SCHEMA public; CREATE TABLE public.t AS SELECT range AS a FROM range({rows})")
    adapter = stand_in(files={"CRM": "crm.duckdb", "REF": "ref.duckdb"}, config={"database": "crm"})
    both = "SELECT x.a FROM crm.public.t AS x CROSS JOIN ref.public.t AS y"
    assert adapter.histogram(ask(both, None)).rows == 6
    assert adapter.histogram(ask("SELECT a FROM public.t", None)).rows == 2
    assert adapter.histogram(ask("SELECT REF.public.t.a FROM REF.public.t", None)).rows == 3
    assert adapter.table(TableRef("T", "PUBLIC", "REF")).rows == 3
    assert refusal(adapter.describe, "SELECT a FROM other.public.t").cause is Cause.UNSUPPORTED
    assert refusal(adapter.table, TableRef("T", "PUBLIC", "OTHER")).cause is Cause.UNSUPPORTED


def test_a_file_that_is_not_there_is_named(stand_in: Open) -> None:
    error = refusal(stand_in, files="data/none.duckdb")
    assert error.cause is Cause.DRIVER
    assert "data/none.duckdb" in error.remedy


def test_a_file_outside_the_project_is_refused(stand_in: Open, tmp_path: Path) -> None:
    assert refusal(stand_in, files="../other.duckdb").cause is Cause.DRIVER
    outside = tmp_path.parent / f"{tmp_path.name}-outside.duckdb"
    duckdb.connect(str(outside)).close()
    (tmp_path / "link.duckdb").symlink_to(outside)
    assert "outside" in refusal(stand_in, files="link.duckdb").message


@pytest.mark.parametrize("content", [b"", b"hello" * 5000, b"\x00" * 8192])
def test_a_file_that_is_no_database_is_named(stand_in: Open, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "junk.duckdb").write_bytes(content)
    error = refusal(stand_in, files="junk.duckdb")
    assert error.cause is Cause.DRIVER
    assert "junk.duckdb" in error.message
    assert str(tmp_path) not in error.message


def test_a_folder_in_place_of_a_file_is_named(stand_in: Open, tmp_path: Path) -> None:
    (tmp_path / "folder.duckdb").mkdir()
    assert "folder.duckdb" in refusal(stand_in, files="folder.duckdb").message


def test_a_file_that_another_process_writes_is_named(stand_in: Open, tmp_path: Path) -> None:
    stand_in(DDL).close()
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(tmp_path / "warehouse.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        error = refusal(stand_in, files="warehouse.duckdb")
        process.communicate()
    assert "open for writing elsewhere" in error.message
    assert stand_in(files="warehouse.duckdb").table(TableRef("PLAIN")).rows == 1


def test_the_driver_may_be_missing(stand_in: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(DDL)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    error = refusal(stand_in, files="warehouse.duckdb")
    assert error.cause is Cause.DRIVER
    assert error.remedy == "pip install 'mparticle-preflight[local]'"


def test_a_connection_without_a_file_is_named(tmp_path: Path) -> None:
    connection = Connection("w", "W", Provider.SNOWFLAKE, {})
    error = refusal(local.connect, connection, root=tmp_path, environ={}, record=lambda _: None)
    assert error.cause is Cause.DRIVER


def test_closing_releases_the_file_and_may_be_done_twice(stand_in: Open, tmp_path: Path) -> None:
    adapter = stand_in(DDL)
    adapter.close()
    adapter.close()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("CREATE TABLE later AS SELECT 1 AS a")
    assert refusal(adapter.table, TableRef("PLAIN")).cause is Cause.DRIVER


def test_importing_the_adapter_imports_no_driver() -> None:
    code = "import sys, preflight_adapters.local; sys.exit('duckdb' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_connect_stays_a_function(stand_in: Open) -> None:
    stand_in(DDL)
    assert callable(local.connect)


def test_two_adapters_read_one_file_at_the_same_time(stand_in: Open) -> None:
    adapters = [
        stand_in(DDL),
        stand_in(files="warehouse.duckdb"),
        stand_in(files="warehouse.duckdb", dialect="redshift"),
    ]
    found: list[int] = []

    def work(adapter: Any) -> None:
        asked = ask("SELECT * FROM public.contacts", "updated_at", IteratorKind.INSTANT)
        found.extend(adapter.histogram(asked).rows for _ in range(5))

    threads = [threading.Thread(target=work, args=(adapter,)) for adapter in adapters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [9] * 15


# Harm


def test_a_timeout_stops_the_statement(stand_in: Open) -> None:
    adapter = stand_in("CREATE TABLE n AS SELECT range AS i FROM range(20000)", timeout_seconds=2)
    hours = "SELECT SUM(a.i * b.i * c.i) AS s FROM n AS a JOIN n AS b ON a.i <> b.i JOIN n AS c ON b.i <> c.i"
    error = refusal(adapter.histogram, ask(f"SELECT s FROM ({hours}) AS q WHERE s > 0", None))
    assert error.cause is Cause.TIMEOUT
    assert adapter.histogram(ask("SELECT i FROM n", None)).rows == 20000


def test_a_statement_that_has_hardly_begun_is_stopped_too(stand_in: Open, tmp_path: Path) -> None:
    stand_in("CREATE TABLE n AS SELECT range AS i FROM range(60000)").close()
    session = Session(GATE, tmp_path, "", {"": "warehouse.duckdb"}, home="", timeout_seconds=None)
    session._timeout = 0
    seconds = "SELECT SUM(a.i * b.i) AS s FROM n AS a JOIN n AS b ON a.i <> b.i"
    assert refusal(session.rows, seconds, "any", Grade.COUNTED).cause is Cause.TIMEOUT
    session.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a; DROP TABLE plain",
        "DELETE FROM plain",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM plain UNION ALL SELECT * FROM duckdb_settings",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_class",
        "SELECT getenv('HOME') AS a",
        "SELECT a FROM secret_frame",
    ],
)
def test_a_hostile_model_reaches_nothing(stand_in: Open, sql: str) -> None:
    secret_frame = [1, 2, 3]
    adapter = stand_in(DDL)
    assert refusal(adapter.describe, sql).cause in (Cause.UNSUPPORTED, Cause.NOT_FOUND)
    assert adapter.table(TableRef("PLAIN")).rows == 1
    assert secret_frame


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO main.plain VALUES (2)",
        "CREATE TABLE main.x AS SELECT 1 AS a",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "ATTACH '/tmp/other.duckdb'",
        "COPY plain TO '/tmp/preflight-harm.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 8",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET memory_limit",
        "PRAGMA enable_profiling",
        "EXPORT DATABASE '/tmp/preflight-harm'",
        "SELECT * FROM secret_frame",
    ],
)
def test_the_engine_itself_refuses_what_a_gate_might_miss(stand_in: Open, statement: str, tmp_path: Path) -> None:
    secret_frame = [1, 2, 3]
    stand_in(DDL).close()
    session = Session(GATE, tmp_path, "", {"": "warehouse.duckdb"}, home="", timeout_seconds=None)
    with pytest.raises(duckdb.Error):
        session._connection.execute(statement)
    session.close()
    assert secret_frame
    assert not Path("/tmp/preflight-harm.csv").exists()


@pytest.mark.parametrize("statement", ["SELECT 1; SELECT 2", "PIVOT plain ON a", "SET x = 1", "CALL pragma_version()"])
def test_duckdbs_own_reading_must_be_one_query(
    stand_in: Open, statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(DDL).close()
    monkeypatch.setattr("preflight_adapters._guard.allow", lambda sql, dialect: None)
    session = Session(GATE, tmp_path, "", {"": "warehouse.duckdb"}, home="", timeout_seconds=None)
    assert refusal(session.rows, statement, "any", Grade.COUNTED).cause is Cause.UNSUPPORTED
    session.close()
