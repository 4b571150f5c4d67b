"""Whether the lock still answers what the project asks: what is stale, too old or missing becomes a problem."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from preflight import lock as locks
from preflight.config import Connection, DataModel, Pipeline, Problem, Project
from preflight.engine.selection import parts, subjects
from preflight.facts.asks import histogram_ask
from preflight.finding import SubjectKind
from preflight.location import Route
from preflight.lock.file import AnyLock, LockedCounts, LockedModel, UnreadableLock, ask_digest, settings, sql_digest
from preflight.model import Schema
from preflight.rule import Missing

REMEDY = "Run `preflight lock` where the warehouse can be reached, and commit what it writes."


def open_lock(project: Project, now: datetime) -> tuple[AnyLock | None, Project]:
    """The project's lock, and the project with what is wrong with it; None where there is none that can be read."""
    try:
        lock, written = _opened(project)
    except UnreadableLock as error:
        problem = Problem("unreadable-lock", f"{locks.NAME} cannot be used: {error}.", None, REMEDY)
        return None, _with(project, (problem,))
    if lock is None:
        return None, project
    found = tuple(problems(project, lock, now))
    return lock, _with(project, found if written else tuple(p for p in found if p.kind != "missing-from-lock"))


def _opened(project: Project) -> tuple[AnyLock | None, bool]:
    """The lock with what dbt's catalog adds to it, and whether there is one without it; raises UnreadableLock."""
    if project.dbt is None:
        skimmed = locks.skim(project.root)
        return skimmed, skimmed is not None
    from preflight.lock.catalog import with_catalog

    lock = locks.read(project.root)
    uses = [(model, connection) for _, model, connection in _uses(project)]
    return with_catalog(lock, project, uses), lock is not None


def _uses(project: Project) -> Iterator[tuple[Pipeline | None, DataModel, Connection]]:
    """Each data model with the connection that it is read over, through each of its pipelines."""
    for subject in subjects(project, ()):
        if subject.kind not in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL):
            continue
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        data_model, connection = parts(project, subject, pipeline)
        if data_model is not None and connection is not None and connection.introspect.local is None:
            yield pipeline, data_model, connection


def _with(project: Project, found: tuple[Problem, ...]) -> Project:
    return msgspec.structs.replace(project, problems=project.problems + found) if found else project


def problems(project: Project, lock: AnyLock, now: datetime) -> Iterator[Problem]:
    """What the lock cannot answer any more, or never could, for each data model that no stand-in is read for."""
    told: set[tuple[str, str]] = set()
    for pipeline, data_model, connection in _uses(project):
        key = connection.id, data_model.id
        model = next((m for m in lock.models if m.key == key), None)
        if key not in told:
            told.add(key)
            yield from _of_model(project, model, data_model, connection, now)
        if pipeline is not None and model is not None and model.sql == sql_digest(data_model.sql.text):
            counts = next((c for c in lock.counts if c.key == (connection.id, pipeline.id)), None)
            yield from _of_counts(project, counts, model, data_model, connection, pipeline, now)


def _of_model(
    project: Project, model: LockedModel | None, data_model: DataModel, connection: Connection, now: datetime
) -> Iterator[Problem]:
    place = project.locate(Route("data_models", data_model.id))
    if model is None:
        message = f"{locks.NAME} does not hold the data model {data_model.id} over the connection {connection.id}."
        yield Problem("missing-from-lock", message, place, REMEDY)
    elif model.sql != sql_digest(data_model.sql.text):
        message = f"The SQL of {data_model.id} has changed since {locks.NAME} was written on {model.seen.on}."
        yield Problem("stale-lock", message, place, REMEDY)
    elif model.settings != settings(connection):
        message = f"The connection {connection.id} has changed since {locks.NAME} was written on {model.seen.on}."
        yield Problem("stale-lock", message, project.locate(Route("connections", connection.id)), REMEDY)
    elif model.seen.on < project.lock.oldest(now):
        days = (now.date() - model.seen.on).days
        message = (
            f"{locks.NAME} describes {data_model.id} as it was on {model.seen.on}, {days} days ago; "
            f"after {project.lock.max_age_days} days it proves nothing."
        )
        yield Problem("old-lock", message, place, REMEDY)


def _of_counts(
    project: Project,
    counts: LockedCounts | None,
    model: LockedModel,
    data_model: DataModel,
    connection: Connection,
    pipeline: Pipeline,
    now: datetime,
) -> Iterator[Problem]:
    ask = histogram_ask(pipeline, data_model.sql.text, Schema(model.columns), now)
    if isinstance(ask, Missing) or model.settings != settings(connection):
        return
    place = project.locate(Route("pipelines", pipeline.id))
    if counts is None:
        message = f"{locks.NAME} holds no counts for the pipeline {pipeline.id}."
        yield Problem("missing-from-lock", message, place, REMEDY)
    elif counts.ask != ask_digest(connection, ask):
        message = (
            f"The windows of {pipeline.id} or its iterator have changed since {locks.NAME} counted them "
            f"on {counts.seen.on}."
        )
        yield Problem("stale-lock", message, place, REMEDY)
    elif counts.seen.on < project.lock.oldest(now) <= model.seen.on:
        message = (
            f"{locks.NAME} counted the rows of {pipeline.id} on {counts.seen.on}; "
            f"after {project.lock.max_age_days} days that proves nothing."
        )
        yield Problem("old-lock", message, place, REMEDY)
