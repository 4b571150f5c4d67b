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
from preflight.model import (
    Access,
    AccessAsk,
    Column,
    Histogram,
    HistogramAsk,
    Kind,
    Profile,
    ProfileAsk,
    RehearsalAsk,
    Rehearsed,
    Right,
    Schema,
    TableInfo,
    TableRef,
    Type,
)
from preflight.source import FULL, Capability, Record, Support
from preflight_adapters._guard import Gate

PIPELINES, DELAY, ROUNDS = 50, 0.05, 3


class Slow:
    """A warehouse that answers each statement after DELAY seconds."""

    dialect = "snowflake"
    stand_in = False
    support: Mapping[Capability, Support] = dict.fromkeys(Capability, FULL)

    def __init__(self, connection: str, record: Record) -> None:
        self._gate = Gate(connection, "snowflake", record)

    def _send(self, sql: str, purpose: str, basis: Grade) -> None:
        self._gate.send(sql, lambda _: time.sleep(DELAY), purpose=purpose, basis=basis)

    def describe(self, sql: str) -> Schema:
        """Two columns."""
        self._send(sql, "describe", Grade.DESCRIBED)
        return Schema((Column("CUSTOMER_ID", Type(Kind.TEXT)), Column("UPDATED_AT", Type(Kind.INSTANT))))

    def table(self, ref: TableRef) -> TableInfo:
        """Nothing but that it is there."""
        self._send(f"DESCRIBE TABLE {ref}", "table", Grade.METADATA)
        return TableInfo(ref)

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """No rows."""
        self._send(ask.sql, "histogram", Grade.COUNTED)
        return Histogram(ask.anchor, ())

    def profile(self, ask: ProfileAsk) -> Profile:
        """Of no rows."""
        self._send(ask.sql, "profile", Grade.COUNTED)
        return Profile(0, False, ())

    def access(self, ask: AccessAsk) -> Access:
        """Every right."""
        self._send("SHOW GRANTS TO ROLE r", "grants of a role", Grade.DESCRIBED)
        return Access("role R", True, tuple(Right("SELECT", "table", str(ref), True, table=ref) for ref in ask.tables))

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """As the platform's three statements."""
        for purpose in ("discover columns", "count", "extract"):
            self._send(ask.sql, f"rehearse {purpose}", Grade.DESCRIBED)
        return (Rehearsed("count", ask.sql),)

    def cancel(self) -> None:
        """Nothing that cannot wait."""

    def close(self) -> None:
        """Nothing is held."""


def _connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Slow:  # noqa: ARG001
    return Slow(connection.id, record)


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
