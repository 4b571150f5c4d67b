"""What the platform will be sent: each pipeline's columns with what becomes of them, its windows, and the slots.

Two payloads are compared column by column. Pure: schemas come with the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum

import msgspec

from preflight.config import Pipeline, Project
from preflight.finding import ColumnFate, Fate
from preflight.lock.file import Lock, settings, sql_digest
from preflight.model import UNKNOWN, Kind, Schema, Type
from preflight.outlook import column_fates
from preflight.query import Query, parse


class PayloadColumn(msgspec.Struct, frozen=True):
    """One output column, its type and what becomes of it."""

    name: str
    type: Type
    fate: Fate
    target: str


class PipelinePayload(msgspec.Struct, frozen=True):
    """One pipeline's columns and settings."""

    id: str
    active: bool
    columns: tuple[PayloadColumn, ...]
    whole: bool
    """Whether these are all columns: an open star hides some."""
    settings: Mapping[str, str]
    """What else decides what is loaded and when, in words."""


Payload = Mapping[str, PipelinePayload]


def payload(project: Project, schemas: Mapping[str, Schema]) -> Payload:
    """Every pipeline's payload; of a query without a schema the columns are those that its text names."""
    return {pipeline.id: _pipeline(project, pipeline, schemas) for pipeline in project.pipelines}


def locked_schemas(
    project: Project, lock: Lock | None, now: datetime, *, whatever_sql: bool = False
) -> dict[str, Schema]:
    """The locked columns of each pipeline's query; with ``whatever_sql`` also those of another text of the model."""
    found: dict[str, Schema] = {}
    for pipeline in project.pipelines if lock is not None else ():
        data_model, connection = project.data_model(pipeline.data_model_id), project.connection(pipeline.connection_id)
        if data_model is None or connection is None or lock is None:
            continue
        key = connection.id, data_model.id
        entry = next((model for model in lock.models if model.key == key), None)
        if entry is None:
            continue
        current = entry.sql == sql_digest(data_model.sql.text) and entry.settings == settings(connection)
        if whatever_sql or (current and entry.seen.on >= project.lock.oldest(now)):
            found[pipeline.id] = Schema(entry.columns)
    return found


def _pipeline(project: Project, pipeline: Pipeline, schemas: Mapping[str, Schema]) -> PipelinePayload:
    query = _query(project, pipeline)
    columns: tuple[PayloadColumn, ...] = ()
    whole = False
    if query is not None:
        outputs = query.outputs(schemas.get(pipeline.id))
        transformation = pipeline.field_transformation_id
        fates = column_fates(
            pipeline, project.field_transformation(transformation) if transformation else None, outputs
        )
        types = {column.name: column.type for column in outputs.columns}
        columns = tuple(_column(fate, types.get(fate.column, UNKNOWN)) for fate in fates)
        whole = outputs.complete
    return PipelinePayload(pipeline.id, pipeline.active, columns, whole, dict(_settings(pipeline)))


def _column(fate: ColumnFate, type_: Type) -> PayloadColumn:
    return PayloadColumn(fate.column, type_, fate.fate, fate.target)


def _query(project: Project, pipeline: Pipeline) -> Query | None:
    data_model, connection = project.data_model(pipeline.data_model_id), project.connection(pipeline.connection_id)
    if data_model is None or connection is None:
        return None
    return parse(data_model.sql, connection.service_provider.value, data_model.id)


def _settings(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    sync, schedule = pipeline.sync_mode, pipeline.schedule
    start = f" from {_time(schedule.start_time)}" if schedule.start_time else ""
    end = f" until {_time(schedule.end_time)}" if schedule.end_time else ""
    delay = f", delayed by {schedule.delay}" if schedule.delay else ""
    yield "windows", f"{schedule.frequency or schedule.type.replace('_', ' ')}{start}{end}{delay}"
    rows = f" from {_time(sync.from_)}" if sync.from_ else ""
    rows += f" until {_time(sync.until)}" if sync.until else ""
    by = f" by {sync.iterator_field} ({sync.iterator_data_type or 'type not said'})" if sync.iterator_field else ""
    yield "sync mode", f"{sync.type}{by}{rows}" + (f" in {sync.time_zone}" if sync.time_zone else "")
    yield "connection", pipeline.connection_id
    yield "environment", pipeline.environment
    feed = f"key in {pipeline.partner_feed_key.env}" if pipeline.partner_feed_key else str(pipeline.partner_feed_id)
    yield "feed", feed
    yield "data plan", f"{pipeline.plan_id} {pipeline.plan_version or ''}".strip() if pipeline.plan_id else "none"
    yield "state", "active" if pipeline.active else "paused"


def _time(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


# -- differences -------------------------------------------------------------------------------------------------------


class How(Enum):
    """What happened to something; the value is the mark that it is shown with."""

    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


class Change(msgspec.Struct, frozen=True):
    """One difference of one pipeline; ``before`` and ``after`` are in words, empty where that side lacks it."""

    pipeline: str
    how: How
    what: str
    """``pipeline``, ``column``, ``column type``, ``column mapping``, or a setting's name."""
    name: str
    before: str = ""
    after: str = ""


class Difference(msgspec.Struct, frozen=True):
    """How one payload differs from another."""

    base: str
    """What it is compared with, in words."""
    changes: tuple[Change, ...]
    slots_before: int
    slots_after: int
    slots_limit: int
    hidden: tuple[str, ...] = ()
    """The pipelines of which not all columns are known."""


def compare(base: str, before: Payload, after: Payload, limit: int) -> Difference:
    """The changes from ``before`` to ``after``, by pipeline; ``limit`` is the slots that the workspace has."""
    changes: list[Change] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            changes += _whole(old or new, How.ADDED if old is None else How.REMOVED)
        else:
            changes += _columns(old, new)
            changes += [
                Change(name, How.CHANGED, key, key, old.settings[key], value)
                for key, value in new.settings.items()
                if old.settings[key] != value
            ]
    hidden = tuple(name for name, pipeline in after.items() if not pipeline.whole)
    return Difference(base, tuple(changes), _active(before), _active(after), limit, hidden)


def _active(side: Payload) -> int:
    return sum(pipeline.active for pipeline in side.values())


def _whole(pipeline: PipelinePayload | None, how: How) -> Iterator[Change]:
    if pipeline is None:
        return
    words = f"{pipeline.settings['windows']}, {len(pipeline.columns)} columns"
    sides = ("", words) if how is How.ADDED else (words, "")
    yield Change(pipeline.id, how, "pipeline", pipeline.id, *sides)
    if how is How.ADDED:
        yield from (Change(pipeline.id, how, "column", c.name, "", _words(c)) for c in pipeline.columns)


def _columns(old: PipelinePayload, new: PipelinePayload) -> Iterator[Change]:
    before, after = ({column.name: column for column in side.columns} for side in (old, new))
    for name, column in before.items():
        if name not in after:
            yield Change(new.id, How.REMOVED, "column", name, _words(column), "")
    for name, column in after.items():
        was = before.get(name)
        if was is None:
            yield Change(new.id, How.ADDED, "column", name, "", _words(column))
            continue
        if was.type != column.type and Kind.UNKNOWN not in (was.type.kind, column.type.kind):
            yield Change(new.id, How.CHANGED, "column type", name, str(was.type), str(column.type))
        if (was.fate, was.target) != (column.fate, column.target):
            yield Change(new.id, How.CHANGED, "column mapping", name, _becomes(was), _becomes(column))


def _words(column: PayloadColumn) -> str:
    known = f", {column.type}" if column.type.kind is not Kind.UNKNOWN else ""
    return f"{_becomes(column)}{known}"


def _becomes(column: PayloadColumn) -> str:
    renamed = column.target and column.target != column.name
    return f"{column.fate.value} {column.target}" if renamed else column.fate.value


def by_pipeline(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The changes of each pipeline, in order."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.pipeline, []).append(change)
    return found
