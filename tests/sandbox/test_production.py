"""The sandbox's pipelines run with the counts that the project's stand-in holds, and verify agrees with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from preflight.config import Project, load
from preflight.errors import UsageError
from preflight.sandbox.faults import Fault, parsed
from preflight.sandbox.production import produce
from preflight.sandbox.state import State
from preflight.workspace import wire
from tests.cli.command import PROJECT, project

NOW = datetime(2026, 12, 3, 12, tzinfo=UTC)
DDL = """
CREATE SCHEMA PUBLIC;
CREATE TABLE PUBLIC.CONTACTS AS
SELECT i AS CUSTOMER_ID, TIMESTAMP '2026-11-30 03:05:00' + INTERVAL (i) HOUR AS UPDATED_AT FROM range(96) AS r(i);
"""


@pytest.fixture
def sound(tmp_path: Path) -> Project:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(DDL)
    text = PROJECT.replace('exampleId="}', 'exampleId="}\n    introspect: {local: w.duckdb}')
    return load(project(tmp_path, text=text))


def held(found: Project) -> State:
    state = State()
    for resource in (*found.connections, *found.data_models, *found.pipelines):
        state.create(wire.kind(resource), wire.reveal(wire.body(resource), {"SNOWFLAKE_PASSWORD": "x"}))
    return state


def test_a_run_reads_the_rows_of_its_window_with_both_ends(sound: Project) -> None:
    state = held(sound)
    assert produce(state, sound, NOW) == ("contacts",)
    run = state.latest_run("contacts")
    assert run is not None
    assert (run["data_interval_start"], run["data_interval_end"]) == ("2026-12-02T03:05:00Z", "2026-12-03T03:05:00Z")
    assert run["records_extracted"] == 25


def test_a_run_happens_once_and_the_next_when_it_is_due(sound: Project) -> None:
    state = held(sound)
    assert produce(state, sound, NOW)
    assert produce(state, sound, NOW) == ()
    assert produce(state, sound, NOW + timedelta(days=1)) == ("contacts",)


def test_the_first_run_reads_all_that_came_before(sound: Project) -> None:
    state = held(sound)
    produce(state, sound, datetime(2026, 12, 1, 4, tzinfo=UTC))
    run = state.latest_run("contacts")
    assert run is not None
    assert run["records_extracted"] == 25


def test_nothing_runs_before_it_is_due_or_while_it_is_paused(sound: Project) -> None:
    state = held(sound)
    assert produce(state, sound, datetime(2026, 11, 30, tzinfo=UTC)) == ()
    state.replace("pipelines", "contacts", {**state.stored("pipelines", "contacts"), "state": "paused"})
    assert produce(state, sound, NOW) == ()


@pytest.mark.parametrize(
    ("text", "fault", "times"),
    [
        ("POST */connections 500", Fault(status=500), 1),
        ("POST */connections after-409*3", Fault(status=409, after=True), 3),
        ("GET * hang", Fault(hang=True), 1),
        ("* * after-reset*2", Fault(reset=True, after=True), 2),
        ("GET * slow", Fault(slow=True), 1),
        ("GET * truncate", Fault(truncate=True, after=True), 1),
    ],
)
def test_a_fault_is_written_as_method_path_and_kind(text: str, fault: Fault, times: int) -> None:
    method, path, *rest = parsed(text)
    assert [method, path] == text.split()[:2]
    assert rest == [fault, times]


@pytest.mark.parametrize("text", ["", "GET *", "GET * nothing", "GET * 200", "GET * 500*x", "GET * 500 extra"])
def test_what_is_no_fault_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="is no fault"):
        parsed(text)
