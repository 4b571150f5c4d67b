"""Facts over several connections at once: what is shared is asked once, and what fails leaves the others alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Barrier

import pytest

from preflight import registry
from preflight.config import load
from preflight.config.project import Connection
from preflight.engine import Options, check
from preflight.errors import Cause, WarehouseError
from preflight.facts import WORKERS
from preflight.finding import Report, State
from preflight.source import Record
from tests.facts.slow import Slow
from tests.until import PATIENCE_SECONDS

PIPELINE = """
  - id: p{n}
    name: P{n}
    connection_id: {connection}
    data_model_id: m{n}
    partner_feed_id: {feed}
    environment: development
    sync_mode: {{type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ltz}}
    schedule: {{type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}}
"""
DELAY = 0.05


class Warehouse:
    """What the connections of a project lead to; the connection ``broken`` refuses the password."""

    def __init__(self) -> None:
        self.adapters: list[Slow] = []
        self.wait: Callable[[str], object] = lambda _: time.sleep(DELAY)
        """Called with each statement's purpose before it is answered."""


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    found = Warehouse()
    attempts: list[str] = []

    def connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Slow:
        attempts.append(connection.id)
        if connection.id == "broken":
            assert attempts.count("broken") == 1, "a refused password was tried again"
            time.sleep(DELAY)
            raise WarehouseError(Cause.AUTH, "incorrect username or password")
        found.adapters.append(Slow(connection.id, record, found.wait))
        return found.adapters[-1]

    monkeypatch.setattr(registry, "connect_for", lambda connection, plugins=(): connect)
    return found


def project(folder: Path, tables: list[tuple[str, str]]) -> Path:
    """A project with a pipeline for each (connection, table)."""
    connections = "".join(
        f"\n  - {{id: {name}, name: {name}, service_provider: snowflake, config: {{account_identifier: a, region: r,"
        " warehouse: w, database: CRM, role: R, user: u, password: {env: P}, aws_iam_user_arn: a,"
        " aws_external_id: e}}"
        for name in dict.fromkeys(connection for connection, _ in tables)
    )
    models = "".join(
        f"\n  - {{id: m{n}, name: M{n}, type: sql, sql_query: 'SELECT t.customer_id, t.updated_at FROM {table} AS t'}}"
        for n, (_, table) in enumerate(tables)
    )
    pipelines = "".join(
        PIPELINE.format(n=n, connection=connection, feed=n + 1) for n, (connection, _) in enumerate(tables)
    )
    text = f"version: 1\nconnections:{connections}\ndata_models:{models}\npipelines:{pipelines}"
    (folder / "preflight.yml").write_text(text)
    return folder


def run(folder: Path) -> Report:
    return check(load(folder), Options(), environ={"P": "x"})


def test_pipelines_wait_for_the_warehouse_at_the_same_time(tmp_path: Path, warehouse: Warehouse) -> None:
    together = Barrier(WORKERS, timeout=PATIENCE_SECONDS)
    warehouse.wait = lambda purpose: purpose == "describe" and together.wait()
    report = run(project(tmp_path, [("main", f"crm.public.t{n}") for n in range(WORKERS)]))
    assert [one.purpose for one in report.statements].count("describe") == WORKERS
    assert len(warehouse.adapters) <= WORKERS
    assert all(adapter.closed for adapter in warehouse.adapters)


def test_each_pipeline_scans_twice_and_compiles_four_times(tmp_path: Path, warehouse: Warehouse) -> None:
    report = run(project(tmp_path, [("main", f"crm.public.t{n}") for n in range(5)]))
    purposes = [one.purpose for one in report.statements]
    assert {purpose: purposes.count(purpose) for purpose in set(purposes)} == {
        "describe": 5,
        "rehearse discover columns": 5,
        "rehearse count": 5,
        "rehearse extract": 5,
        "histogram": 5,
        "profile": 5,
        "table": 5,
        "grants of a role": 1,
    }


def test_a_table_of_many_pipelines_is_asked_for_once(tmp_path: Path, warehouse: Warehouse) -> None:
    report = run(project(tmp_path, [("main", "crm.public.t")] * 6))
    assert [one.purpose for one in report.statements].count("table") == 1


def test_a_connection_that_fails_leaves_the_others_alone(tmp_path: Path, warehouse: Warehouse) -> None:
    wanted = [(("broken", "main")[n % 2], f"crm.public.t{n}") for n in range(6)]
    report = run(project(tmp_path, wanted))
    assert [failure.subject for failure in report.failures] == ["connection broken"]
    states = {v.subject.id: v.state for v in report.verdicts if v.name == "query-refused-by-warehouse"}
    assert {states[f"p{n}"] for n in (0, 2, 4)} == {State.UNPROVEN}
    assert {states[f"p{n}"] for n in (1, 3, 5)} == {State.PASS}


def test_a_query_that_is_refused_leaves_the_others_alone(tmp_path: Path, warehouse: Warehouse) -> None:
    report = run(project(tmp_path, [("main", "crm.public.gone"), ("main", "crm.public.t")]))
    states = {v.subject.id: v.state for v in report.verdicts if v.name == "query-refused-by-warehouse"}
    assert states == {"p0": State.FINDINGS, "p1": State.PASS}


def test_a_schema_without_a_column_is_no_answer(tmp_path: Path, warehouse: Warehouse) -> None:
    report = run(project(tmp_path, [("main", "crm.public.hollow"), ("main", "crm.public.t")]))
    states = {v.subject.id: v.state for v in report.verdicts if v.name == "query-refused-by-warehouse"}
    assert states == {"p0": State.UNPROVEN, "p1": State.PASS}
    assert ["no column" in failure.cause for failure in report.failures] == [True]


def test_an_answer_that_makes_no_sense_leaves_the_others_alone(tmp_path: Path, warehouse: Warehouse) -> None:
    report = run(project(tmp_path, [("main", "crm.public.garbled"), ("main", "crm.public.t")]))
    states = {v.subject.id: v.state for v in report.verdicts if v.name == "query-refused-by-warehouse"}
    assert states == {"p0": State.UNPROVEN, "p1": State.PASS}
    [failure] = report.failures
    assert "ValueError in facts/slow.py" in failure.cause
    assert "canary" not in failure.cause


def test_who_watches_is_told_what_has_been_read(tmp_path: Path, warehouse: Warehouse) -> None:
    told: list[tuple[str, str]] = []
    folder = project(tmp_path, [("main", "crm.public.t")])
    check(load(folder), Options(), environ={"P": "x"}, watch=lambda subject, step: told.append((subject.id, step)))
    assert [step for subject, step in told if subject == "p0" and "read so far" in step] == [
        "512.0 KiB read so far",
        "1.0 MiB read so far",
    ]
