"""What the platform says of a pipeline's latest run, against what was counted in the warehouse for that very window.

What is not known stays unproven: no number, or a window that was not counted, is never taken for agreement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from math import ceil
from time import monotonic
from typing import Any

import msgspec

from preflight.config import Pipeline, Project
from preflight.deploy.show import printable
from preflight.facts import Gatherer, Request
from preflight.finding import Failure, Subject, SubjectKind
from preflight.model import Histogram, Window
from preflight.query import parse
from preflight.rule import Fact, Known, Missing
from preflight.schedule import Tally, iso
from preflight.workspace.client import Client

UNDERWAY = ("triggered", "queued", "running", "dataset_triggered")
"""V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)."""
FAILED = ("failed", "error", "faulted")
FIELDS = {"records_extracted": "extracted", "records_mapped": "mapped", "event_batches_generated": "batches"}
"""The API's names of a run's counts, to ours."""
_LONGEST_PAUSE = 5.0  # seconds


class Outcome(Enum):
    """How a pipeline's latest run compares."""

    PROVEN = "as counted"
    DIFFERS = "differs"
    UNPROVEN = "unproven"


class Run(msgspec.Struct, frozen=True):
    """A run's own account; None where it does not say, or says something that is no number or time."""

    id: str
    state: str
    window: Window | None
    exact: bool
    """Whether the interval's bounds are whole seconds."""
    extracted: int | None
    mapped: int | None
    batches: int | None


class Seen(msgspec.Struct, frozen=True):
    """What the workspace said of one pipeline when the looking ended; ``waiting`` says what was still awaited."""

    held: bool
    status: Mapping[str, Any] | None = None
    run: Run | None = None
    waiting: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """One pipeline's outcome; ``differences`` and ``missing`` are sentences."""

    pipeline: str
    run: Run | None
    counted: int | None
    differences: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """A difference outweighs what is not known."""
        if self.differences:
            return Outcome.DIFFERS
        return Outcome.UNPROVEN if self.missing else Outcome.PROVEN


def run_of(value: Any) -> Run | None:
    """A status's ``latest_pipeline_run``; None where there is none."""
    if not isinstance(value, Mapping) or not value:
        return None
    start, end = (_instant(value.get(f"data_interval_{name}")) for name in ("start", "end"))
    known = start is not None and end is not None
    return Run(
        id=printable(str(value.get("pipeline_run_id") or "")),
        state=printable(str(value.get("pipeline_run_state") or "")).lower(),
        window=Window(int(start), ceil(end)) if start is not None and end is not None else None,
        exact=known and start == int(start or 0) and end == int(end or 0),
        extracted=_count(value.get("records_extracted")),
        mapped=_count(value.get("records_mapped")),
        batches=_count(value.get("event_batches_generated")),
    )


def _count(value: Any) -> int | None:
    """A count that may come as a number, as text, or not at all."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() and value >= 0 else None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return None


def _instant(value: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.timestamp() if moment.tzinfo else None


def look(
    client: Client,
    pipelines: Iterable[Pipeline],
    *,
    timeout: float,
    now: datetime,
    clock: Callable[[], float] = monotonic,
) -> dict[str, Seen]:
    """Ask for each pipeline's status until nothing is awaited, or ``timeout`` seconds have passed.

    A pipeline has no status for about a minute after its creation; a run that is due or underway is awaited too.
    Raises WorkspaceError.
    """
    pending = {pipeline.id: pipeline for pipeline in pipelines}
    seen = {name: Seen(held=client.get("pipelines", name) is not None) for name in pending}
    pending = {name: pipeline for name, pipeline in pending.items() if seen[name].held}
    until, pause = clock() + timeout, 0.5
    while pending:
        for name, pipeline in list(pending.items()):
            seen[name] = _seen(client.status(name), pipeline, now)
            if not seen[name].waiting:
                del pending[name]
        left = until - clock()
        if not pending or left <= 0:
            break
        client.pause(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
    return seen


def _seen(status: Mapping[str, Any] | None, pipeline: Pipeline, now: datetime) -> Seen:
    if status is None:
        return Seen(True, waiting="the workspace has no status for it yet")
    run = run_of(status.get("latest_pipeline_run"))
    if run is not None and run.state in UNDERWAY:
        return Seen(True, status, run, f"its run {run.id} is {run.state}")
    start = pipeline.schedule.start_time
    due = pipeline.schedule.type == "once" or (pipeline.schedule.type == "interval" and (start is None or start <= now))
    if run is None and pipeline.active and due and not status.get("is_faulted"):
        return Seen(True, status, None, "it has not run yet, though a run is due")
    return Seen(True, status, run)


def count(
    project: Project, pipelines: Iterable[Pipeline], now: datetime, environ: Mapping[str, str]
) -> tuple[dict[str, Known | Missing], tuple[Failure, ...]]:
    """Each pipeline's histogram as the warehouse holds it now, and what kept any of them away."""
    requests = [_request(project, pipeline) for pipeline in pipelines]
    gathered = Gatherer(project, now=now, offline=False, environ=environ, read_workspace=None).gather(requests)
    return {subject.id: facts[Fact.COUNTS] for subject, facts in gathered.facts.items()}, gathered.failures


def _request(project: Project, pipeline: Pipeline) -> Request:
    model, connection = project.data_model(pipeline.data_model_id), project.connection(pipeline.connection_id)
    query = parse(model.sql, connection.service_provider.value, model.id) if model and connection else None
    subject = Subject(SubjectKind.PIPELINE, pipeline.id)
    return Request(subject, frozenset({Fact.COUNTS}), connection, query, pipeline)


def compare(pipeline: Pipeline, seen: Seen, counts: Known | Missing | None, now: datetime) -> Comparison:
    """Judge one pipeline; ``counts`` is None where nothing was counted for it."""
    run = seen.run
    differences, missing = list(_faults(pipeline, seen)), [seen.waiting] if seen.waiting else []
    counted: int | None = None
    if run is None:
        missing += [] if differences or missing else ["it has not run yet"]
    elif run.state in FAILED:
        differences.append(f"its run {run.id} has failed")
    elif run.state == "success":
        counted, found, unknown = _volumes(pipeline, run, counts, now)
        differences += found
        missing += unknown
    elif not seen.waiting:
        missing.append(f"its run {run.id} is in the state {run.state or '(none)'}, which is not documented")
    return Comparison(pipeline.id, run, counted, tuple(differences), tuple(missing))


def _faults(pipeline: Pipeline, seen: Seen) -> Iterator[str]:
    """What is wrong with a pipeline whatever it read."""
    if not seen.held:
        yield "the workspace does not hold it"
        return
    status = seen.status or {}
    active = status.get("is_active")
    ended = pipeline.schedule.type == "once" and active is False
    if isinstance(active, bool) and active != pipeline.active and not ended:
        yield f"it is {'active' if active else 'not active'} in the workspace, and the project says otherwise"
    if status.get("is_faulted") is True:
        yield "the workspace calls it faulted"
    if status.get("is_connection_faulted") is True:
        yield f"the workspace calls its connection {pipeline.connection_id} faulted"
    if status.get("is_connection_active") is False:
        yield f"its connection {pipeline.connection_id} is not active"


def _volumes(
    pipeline: Pipeline, run: Run, counts: Known | Missing | None, now: datetime
) -> tuple[int | None, list[str], list[str]]:
    """The rows counted for the run's window, the differences, and what is not known."""
    differences: list[str] = []
    missing = [f"its run {run.id} does not say {name}" for name, field in FIELDS.items() if getattr(run, field) is None]
    rows = _rows(pipeline, run, counts, now)
    if isinstance(rows, str):
        missing.append(rows)
    elif run.extracted is not None and run.extracted != rows[0]:
        differences.append(_explained(pipeline, run.extracted, *rows))
    if run.extracted is not None and run.mapped is not None and run.mapped != run.extracted:
        differences.append(f"{run.extracted:,} records were extracted and {run.mapped:,} mapped: {_LOST}")
    if run.mapped is not None and run.batches is not None and run.batches != run.mapped:
        differences.append(f"{run.mapped:,} records were mapped into {run.batches:,} event batches: {_MERGED}")
    return None if isinstance(rows, str) else rows[0], differences, missing


_LOST = "the others were lost in mapping, so look for rows without an identity or with values that cannot be mapped"
_MERGED = "one batch for each record is expected, so rows were merged, dropped or split"


def _rows(pipeline: Pipeline, run: Run, counts: Known | Missing | None, now: datetime) -> tuple[int, int] | str:
    """The rows of the run's window with its end instant and without; else why they are not known."""
    if not isinstance(counts, Known):
        return f"its rows were not counted: {counts.reason}" if counts else "its rows were not counted"
    histogram: Histogram = counts.value
    if pipeline.sync_mode.type == "full":
        return histogram.rows, histogram.rows
    if run.window is None:
        return f"its run {run.id} does not say which interval it read"
    span = f"{iso(run.window.start)} to {iso(run.window.end)}"
    if run.window.end > now.timestamp():
        return f"the interval of its run {run.id}, {span}, is not over, so its rows cannot be counted yet"
    try:
        if not run.exact or run.window.start > run.window.end:
            raise ValueError
        found = Tally(histogram).count(run.window)
    except ValueError:
        return f"the interval of its run {run.id}, {span}, lies on no bounds that were counted"
    return found.rows, found.rows_half_open


def _explained(pipeline: Pipeline, extracted: int, rows: int, without_end: int) -> str:
    """A difference in words, with what would explain it."""
    text = f"{extracted:,} records were extracted, and {rows:,} rows are counted there now: "
    if pipeline.sync_mode.type == "full":
        return text + "a full run reads what there is at its time, so rows came or went since, or were not read"
    if extracted == without_end:
        return text + "exactly the rows on the interval's last instant are left out, so the platform reads it half-open"
    if extracted > rows:
        return text + "rows that changed since the run have left its interval, or were deleted, or were read twice"
    return text + "rows came into the interval after the run and will never be read, or the run did not read them"
