"""``preflight lock`` on a real stand-in, and the check without credentials that rests on what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import msgspec
import pytest

from preflight.config import load
from preflight.engine import Options, check, clear
from preflight.finding import Depth, Grade, State, Verdict
from preflight.model import Access, Right, TableRef
from preflight.source import FULL, Capability
from preflight_adapters.local import SUPPORT, LocalAdapter
from tests.cli.command import CLEAN, PROJECT, environment, project, run

DDL = """
CREATE SCHEMA PUBLIC;
CREATE TABLE PUBLIC.CONTACTS AS SELECT i AS CUSTOMER_ID, 'canary-' || i AS SECRET_NAME,
  now()::TIMESTAMP - INTERVAL (i) HOUR AS UPDATED_AT FROM range(1, 100) AS r(i)
"""
STAND_IN = "    introspect: {local: w.duckdb}\ndata_models:\n"
WITH_STAND_IN = PROJECT.replace("data_models:\n", STAND_IN)


def warehouse(folder: Path, statements: str = DDL) -> None:
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute(statements)


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A project that was locked through a stand-in, and that names none any more."""
    warehouse(project(tmp_path, text=WITH_STAND_IN))
    done = run("lock", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    project(tmp_path)
    return tmp_path


def document(*arguments: Any) -> dict[str, Any]:
    done = run("check", "--offline", "-o", "json", *arguments)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def verdict(found: dict[str, Any], code: str) -> list[str]:
    """The states in which a rule ended."""
    return [s["outcomes"] for s in found["verdicts"] if code in json.dumps(s)]


def states(folder: Path, name: str) -> set[State]:
    report = check(load(folder), Options(offline=True), environ={})
    return {v.state for v in report.verdicts if v.name == name}


def test_a_check_without_credentials_rests_on_the_lock_and_says_so(locked: Path) -> None:
    (locked / "w.duckdb").unlink()
    report = check(load(locked), Options(offline=True), environ={})
    assert report.depth is Depth.LOCKED
    assert report.weakest.grade is Grade.LOCKED
    assert [column.name for column in report.schemas["contacts"].columns] == ["CUSTOMER_ID", "UPDATED_AT"]
    counted = next(v for v in report.verdicts if v.name == "window-over-record-limit")
    assert counted.state is State.PASS
    assert {m.basis.grade for m in counted.measures} == {Grade.LOCKED}
    assert states(locked, "missing-table") == {State.PASS}
    assert "locked" in run("check", "--offline", locked).stdout


def test_a_table_whose_entry_is_spoilt_proves_nothing(locked: Path) -> None:
    file = locked / "preflight.lock"
    head, tables = file.read_text("utf-8").split('"tables": [')
    file.write_text(head + '"tables": [' + tables.replace('{"name": "CUSTOMER_ID"', '{"name": 7', 1), "utf-8")
    report = check(load(locked), Options(offline=True), environ={})
    assert not report.bugs
    assert states(locked, "missing-table") == {State.UNPROVEN}
    assert "cannot be used" in next(v.reason for v in report.verdicts if v.name == "missing-table")
    assert "is no lock" in run("lock", locked, "--check", "--offline").stderr


def test_it_answers_as_the_warehouse_did(locked: Path) -> None:
    offline = check(load(locked), Options(offline=True), environ={})
    live = check(load(project(locked, text=WITH_STAND_IN)), Options(offline=True), environ={})
    assert offline.schemas == live.schemas

    def counted(verdicts: tuple[Verdict, ...]) -> list[object]:
        return [m.value for v in verdicts if v.name == "window-over-record-limit" for m in v.measures]

    assert counted(offline.verdicts) == counted(live.verdicts) != []


def test_neither_secrets_nor_row_values_get_into_it(tmp_path: Path) -> None:
    sql = "SELECT c.CUSTOMER_ID, c.SECRET_NAME, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c\n"
    warehouse(project(tmp_path, sql, WITH_STAND_IN))
    assert run("lock", tmp_path, env=environment(SNOWFLAKE_PASSWORD="hunter2-canary")).returncode == 0
    text = (tmp_path / "preflight.lock").read_text("utf-8")
    assert "SECRET_NAME" in text
    assert "canary" not in text
    assert "hunter2" not in text


def test_a_clearance_that_rests_on_it_opens_a_loopback_target_alone(locked: Path) -> None:
    report = check(load(locked), Options(offline=True), environ={})
    proven = tuple(v for v in report.verdicts if not v.gating or v.state is State.PASS)
    report = msgspec.structs.replace(report, verdicts=proven, findings=())
    assert clear(report, "http://127.0.0.1:1/workspaces/1").loopback_only


@pytest.mark.parametrize(
    ("change", "name", "unproven"),
    [
        (("", CLEAN.replace("c.CUSTOMER_ID", "c.CUSTOMER_ID AS ID")), "stale-lock", "missing-table"),
        (("role: R", "role: OTHER"), "stale-lock", "missing-table"),
        (("03:05:00Z", "04:06:00Z"), "stale-lock", "window-over-record-limit"),
        (("id: contacts", "id: others"), "missing-from-lock", None),
    ],
    ids=["sql", "connection", "windows", "another pipeline"],
)
def test_what_was_asked_otherwise_is_unproven_and_a_finding(
    locked: Path, change: tuple[str, str], name: str, unproven: str | None
) -> None:
    old, new = change
    project(locked, new) if not old else project(locked, text=PROJECT.replace(old, new))
    found = document(locked)
    assert name in {finding["name"] for finding in found["findings"]}
    if unproven == "missing-table" and old == "":
        assert states(locked, "query-refused-by-warehouse") == {State.UNPROVEN}
    elif unproven:
        assert states(locked, unproven) == {State.UNPROVEN}


def test_what_is_too_old_proves_nothing(locked: Path) -> None:
    lock = locked / "preflight.lock"
    seen = json.loads(lock.read_text("utf-8"))["models"][0]["seen"]["on"]
    lock.write_text(lock.read_text("utf-8").replace(seen, "2020-01-01"), "utf-8")
    assert "old-lock" in {finding["name"] for finding in document(locked)["findings"]}
    assert states(locked, "window-over-record-limit") == {State.UNPROVEN}


# -- --check -----------------------------------------------------------------------------------------------------------


def test_rows_that_move_are_no_change_and_a_retyped_column_is_one(tmp_path: Path) -> None:
    warehouse(project(tmp_path, text=WITH_STAND_IN))
    assert run("lock", "--check", tmp_path).returncode == 7
    assert not (tmp_path / "preflight.lock").exists()
    assert run("lock", tmp_path).returncode == 0
    before = (tmp_path / "preflight.lock").read_bytes()
    warehouse(tmp_path, "DELETE FROM PUBLIC.CONTACTS WHERE CUSTOMER_ID > 50")
    assert run("lock", "--check", tmp_path) == (0, "nothing but days and counts has changed\n", "")
    warehouse(tmp_path, "ALTER TABLE PUBLIC.CONTACTS ALTER CUSTOMER_ID TYPE VARCHAR")
    done = run("lock", "--check", tmp_path)
    assert done.returncode == 7
    assert "data model model over warehouse: column CUSTOMER_ID retyped: BIGINT → VARCHAR\n" in done.stdout
    assert (tmp_path / "preflight.lock").read_bytes() == before


def test_the_offline_check_asks_only_whether_the_lock_answers(locked: Path) -> None:
    assert run("lock", "--check", "--offline", locked) == (0, "preflight.lock answers the project\n", "")
    done = run("lock", "--check", "--offline", project(locked, CLEAN.replace("c.CUSTOMER_ID,", "")))
    assert done.returncode == 7
    assert "The SQL of model has changed" in done.stdout


def test_a_warehouse_that_cannot_be_reached_leaves_its_entries(tmp_path: Path) -> None:
    warehouse(project(tmp_path, text=WITH_STAND_IN))
    run("lock", tmp_path)
    before = (tmp_path / "preflight.lock").read_bytes()
    (tmp_path / "w.duckdb").unlink()
    done = run("lock", tmp_path)
    assert done.returncode == 3
    assert (tmp_path / "preflight.lock").read_bytes() == before


def test_what_the_warehouse_refuses_is_not_locked_and_is_told(tmp_path: Path) -> None:
    warehouse(project(tmp_path, "SELECT c.NOPE, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c", WITH_STAND_IN))
    done = run("lock", tmp_path)
    assert done.returncode == 4
    assert "NOPE" in done.stderr
    assert not (tmp_path / "preflight.lock").exists()


def test_a_lock_cannot_be_written_offline(tmp_path: Path) -> None:
    assert run("lock", "--offline", project(tmp_path)).returncode == 2
    assert not (tmp_path / "preflight.lock").exists()


def test_a_broken_project_is_not_locked(tmp_path: Path) -> None:
    project(tmp_path, text=PROJECT.replace("frequency: daily", "frequency: dayly"))
    assert run("lock", tmp_path).returncode == 2
    assert not (tmp_path / "preflight.lock").exists()


def test_it_is_not_written_through_a_link(tmp_path: Path) -> None:
    warehouse(project(tmp_path / "sync", text=WITH_STAND_IN))
    mine = tmp_path / "mine"
    mine.write_text("mine", "utf-8")
    for name in ("preflight.lock", ".preflight.lock.new"):
        (tmp_path / "sync" / name).symlink_to(mine)
    assert run("lock", tmp_path / "sync").returncode == 0
    assert mine.read_text("utf-8") == "mine"
    assert not (tmp_path / "sync" / "preflight.lock").is_symlink()


# -- grants ------------------------------------------------------------------------------------------------------------


def test_grants_are_locked_by_connection_and_their_absence_is_unproven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = TableRef("CONTACTS", "PUBLIC", "CRM")
    right = Right("SELECT", "table", "CRM.PUBLIC.CONTACTS", held=True, table=table)
    monkeypatch.setattr(LocalAdapter, "support", {**SUPPORT, Capability.ACCESS: FULL})
    monkeypatch.setattr(LocalAdapter, "access", lambda self, ask: Access("MPARTICLE_READER", True, (right,)))
    warehouse(project(tmp_path, text=WITH_STAND_IN))
    assert run("lock", tmp_path).returncode == 0
    lock = json.loads((tmp_path / "preflight.lock").read_text("utf-8"))
    assert lock["access"][0]["seen"]["by"] == "MPARTICLE_READER"
    assert lock["access"][0]["tables"] == ["CRM.PUBLIC.CONTACTS"]
    assert states(project(tmp_path), "missing-grant") == {State.PASS}
    lock["access"] = []
    (tmp_path / "preflight.lock").write_text(json.dumps(lock), "utf-8")
    assert states(tmp_path, "missing-grant") == {State.UNPROVEN}


def test_where_nothing_could_be_read_nothing_is_locked(tmp_path: Path) -> None:
    project(tmp_path)
    done = run("lock", tmp_path)
    assert done.returncode in (3, 4)
    assert "nothing is locked" in done.stderr
    assert not (tmp_path / "preflight.lock").exists()


def test_the_published_schema_takes_what_is_written_and_refuses_what_is_not(locked: Path) -> None:
    schema = json.loads(run("schema", "--lock").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    found = json.loads((locked / "preflight.lock").read_text("utf-8"))
    assert found["models"]
    assert found["counts"]
    validator.validate(found)
    found["models"][0]["columns"][0]["name"] = 7
    assert not validator.is_valid(found)
    assert not validator.is_valid({**found, "version": "one"})
