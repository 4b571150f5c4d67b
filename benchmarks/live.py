"""S11: many pipelines on a warehouse that takes its time. Run: ``python -m benchmarks.live``."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import Goal, Spread, finish
from preflight import registry
from preflight.config import Connection, load
from preflight.engine import check
from preflight.facts import WORKERS
from preflight.finding import Grade, Report
from preflight.source import Record
from tests.facts.slow import Slow

PIPELINES, DELAY, ROUNDS = 50, 0.05, 3


def _connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Slow:  # noqa: ARG001
    return Slow(connection.id, record, lambda _: time.sleep(DELAY))


def goals(*, peers: bool = False) -> Iterator[Goal]:  # noqa: ARG001 - no peer asks a warehouse for these
    """The goals, as they are measured."""
    registry.connect_for = lambda connection, plugins=(): _connect  # type: ignore[assignment]  # noqa: ARG005
    with tempfile.TemporaryDirectory() as folder:
        project = load(_project(Path(folder)))
        walls, reports = [], []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            reports.append(check(project))
            walls.append(time.perf_counter() - begin)
    per_pipeline, total = _statements(reports[-1])
    ideal = per_pipeline * DELAY + total * DELAY / WORKERS
    figure = Spread.of(wall / ideal for wall in walls)
    what = f"{PIPELINES} pipelines, {DELAY * 1000:.0f} ms a statement: wall / (slowest pipeline + total / {WORKERS})"
    yield Goal("S11", what, figure, 1.3, note=f"{total} statements")
    yield Goal("S11", "statements a pipeline that scan", Spread.of([_scans(reports[-1])]), 2)
    yield Goal("S11", "statements a pipeline that only compile", Spread.of([_compiles(reports[-1])]), 4)


def _statements(report: Report) -> tuple[int, int]:
    """The statements of one pipeline alone, and of all."""
    total = len(report.statements)
    return -(-total // PIPELINES), total


def _scans(report: Report) -> float:
    return sum(asked.basis is Grade.COUNTED for asked in report.statements) / PIPELINES


def _compiles(report: Report) -> float:
    wanted = ("describe", "rehearse")
    return sum(asked.purpose.startswith(wanted) for asked in report.statements) / PIPELINES


def _project(folder: Path) -> Path:
    head = (
        "version: 1\nconnections:\n  - {id: w, name: W, service_provider: snowflake, config: {account_identifier: a,"
        " region: r, warehouse: w, database: D, role: R, user: u, password: {env: P}, aws_iam_user_arn: a,"
        " aws_external_id: e}}\n"
    )
    models = "".join(
        f"  - {{id: m{n}, name: M{n}, type: sql, sql_query: 'SELECT t.customer_id, t.updated_at FROM d.s.t{n} AS t'}}\n"
        for n in range(PIPELINES)
    )
    pipelines = "".join(
        f"  - {{id: p{n}, name: P{n}, connection_id: w, data_model_id: m{n}, partner_feed_id: {n + 1},"
        " environment: development, sync_mode: {type: incremental, iterator_field: UPDATED_AT,"
        " iterator_data_type: timestamp_ltz},"
        " schedule: {type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}}\n"
        for n in range(PIPELINES)
    )
    (folder / "preflight.yml").write_text(f"{head}data_models:\n{models}pipelines:\n{pipelines}", "utf-8")
    return folder


if __name__ == "__main__":
    sys.exit(finish(goals()))
