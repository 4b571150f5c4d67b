"""Runs for the sandbox's pipelines, with the counts that a project's stand-in files hold for their windows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from preflight.config import Pipeline, Project
from preflight.facts import Gatherer, Request
from preflight.finding import Subject, SubjectKind
from preflight.model import Window
from preflight.query import parse
from preflight.rule import Fact, Known
from preflight.sandbox.state import State
from preflight.schedule import FREQUENCIES, Tally, number_at, window

_HISTORY = 100 * 365 * 24 * 3600
"""Seconds before a schedule's start that its first run reads: a hundred years stand for all of them."""


def produce(state: State, project: Project, now: datetime) -> tuple[str, ...]:
    """Let each active pipeline that both hold have its latest due run; the ids of those that ran.

    A pipeline whose rows cannot be counted, or that has had this run, is left as it is.
    """
    due = dict(_due(state, project, now))
    requests = [_request(project, pipeline) for pipeline, _ in due.values()]
    gathered = Gatherer(project, now=now, offline=True, environ={}, read_workspace=None).gather(requests)
    ran = []
    for subject, facts in gathered.facts.items():
        counted = facts.get(Fact.COUNTS)
        if isinstance(counted, Known):
            _, read = due[subject.id]
            rows = Tally(counted.value).count(read).rows if read else counted.value.rows
            start, end = (_text(read.start), _text(read.end)) if read else (None, _text(math.floor(now.timestamp())))
            state.run(subject.id, start=start, end=end, extracted=rows, mapped=rows, batches=rows)
            ran.append(subject.id)
    return tuple(ran)


def _due(state: State, project: Project, now: datetime) -> Iterator[tuple[str, tuple[Pipeline, Window | None]]]:
    for held in state.list("pipelines"):
        pipeline = project.pipeline(held["id"])
        if pipeline is None or str(held.get("state") or "active").lower() != "active":
            continue
        read = _window(pipeline, now)
        if isinstance(read, str):
            continue
        last = state.latest_run(pipeline.id)
        if last is None or (read is not None and last["data_interval_end"] != _text(read.end)):
            yield pipeline.id, (pipeline, read)


def _window(pipeline: Pipeline, now: datetime) -> Window | str | None:
    """The window of the latest run, None where it reads all rows; a text where no run is due."""
    schedule = pipeline.schedule
    if schedule.type == "once":
        return None
    if schedule.type != "interval" or schedule.frequency not in FREQUENCIES or schedule.start_time is None:
        return "nothing starts it"
    anchor, instant = math.floor(schedule.start_time.timestamp()), math.floor(now.timestamp())
    number = number_at(schedule.frequency, anchor, instant)
    if number < 0:
        return "its first run is still to come"
    if pipeline.sync_mode.type == "full":
        return None
    return window(schedule.frequency, anchor, number - 1) if number else Window(anchor - _HISTORY, anchor)


def _request(project: Project, pipeline: Pipeline) -> Request:
    model, connection = project.data_model(pipeline.data_model_id), project.connection(pipeline.connection_id)
    query = parse(model.sql, connection.service_provider.value, model.id) if model and connection else None
    return Request(Subject(SubjectKind.PIPELINE, pipeline.id), frozenset({Fact.COUNTS}), connection, query, pipeline)


def _text(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat().replace("+00:00", "Z")
