"""What is asked of a warehouse about one pipeline, made of the project and the described columns. Pure."""

from __future__ import annotations

import math
from datetime import datetime

from preflight import identities
from preflight.config import FieldTransformation, Pipeline
from preflight.event_batch import NAMES, identity_of, normalise
from preflight.event_batch import schema as event_batch
from preflight.model import (
    HOUR,
    Column,
    HistogramAsk,
    IteratorKind,
    Kind,
    ProfileColumn,
    RehearsalAsk,
    Schema,
    Window,
)
from preflight.rule import Missing
from preflight.schedule import FREQUENCIES, number_at, window

_KINDS = {
    Kind.INSTANT: IteratorKind.INSTANT,
    Kind.TIMESTAMP: IteratorKind.ZONELESS,
    Kind.DATE: IteratorKind.DATE,
}
_EPOCHS = {"timestamp_unixtime_s": IteratorKind.EPOCH_S, "timestamp_unixtime_ms": IteratorKind.EPOCH_MS}


def histogram_ask(pipeline: Pipeline, sql: str, schema: Schema, now: datetime) -> HistogramAsk | Missing:
    """What to count for a pipeline's windows, or why its iterator cannot be counted.

    The iterator is read by the column's real type; for a number the declared type says whether it holds seconds or
    milliseconds. ``from`` and ``until`` are taken to be included, which counts no row too few.
    """
    sync, schedule = pipeline.sync_mode, pipeline.schedule
    anchor = math.floor(schedule.start_time.timestamp()) if schedule.start_time else 0
    instant = math.floor(now.timestamp())
    if sync.type == "full":
        return HistogramAsk(sql, None, None, anchor, instant)
    if not sync.iterator_field:
        return Missing("the sync mode names no iterator_field, so its windows cannot be counted")
    wanted = sync.iterator_field.casefold()
    column = next((c for c in schema.columns if c.name.casefold() == wanted), None)
    if column is None:
        return Missing(
            f"the iterator {sync.iterator_field} is not among the output columns, so its windows cannot be counted"
        )
    kind = _KINDS.get(column.type.kind)
    if kind is None and column.type.kind in (Kind.INTEGER, Kind.DECIMAL):
        kind = _EPOCHS.get(sync.iterator_data_type or "")
        if kind is None:
            return Missing(
                f"the iterator {column.name} is a number, but iterator_data_type does not say seconds or milliseconds"
            )
    if kind is None:
        return Missing(f"the iterator {column.name} is of type {column.type}, which cannot be counted by time")
    return HistogramAsk(
        sql,
        column.name,
        kind,
        anchor,
        instant,
        time_zone=sync.time_zone or "UTC",
        lower=math.floor(sync.from_.timestamp()) if sync.from_ else None,
        upper=math.ceil(sync.until.timestamp()) if sync.until else None,
    )


def profile_columns(schema: Schema, transformation: FieldTransformation | None) -> tuple[ProfileColumn, ...]:
    """The columns to profile, each with the identity that its values become, and what its member says of them.

    In a user pipeline the identity is the reserved name that it has, in an event pipeline the destination of its
    mapping.
    """
    if transformation is None:
        named = {name: name for name in identities.RESERVED}
        return tuple(ProfileColumn(c.name, c.type, named.get(c.name.casefold())) for c in schema.columns)
    written: dict[str, list[str]] = {}
    for mapping in transformation.mappings:
        if mapping.mapping_type == "column" and mapping.source and mapping.destination:
            written.setdefault(mapping.source.casefold(), []).append(normalise(mapping.destination))
    return tuple(_written_column(column, written.get(column.name.casefold(), [])) for column in schema.columns)


def _written_column(column: Column, paths: list[str]) -> ProfileColumn:
    members = (event_batch().member(path) for path in paths)
    return ProfileColumn(
        column.name,
        column.type,
        next((identity for path in paths if (identity := identity_of(path))), None),
        allowed=next((member.enum for member in members if member and member.enum), ()),
        names_events=any(path in NAMES for path in paths),
    )


def rehearsal_ask(pipeline: Pipeline, sql: str, now: int) -> RehearsalAsk | Missing:
    """The latest run that could have been before ``now``, or why there is none."""
    if pipeline.sync_mode.type == "full":
        return RehearsalAsk(sql, None)
    if not pipeline.sync_mode.iterator_field:
        return Missing("the sync mode names no iterator_field, so its runs cannot be rehearsed")
    schedule = pipeline.schedule
    read = Window(now - 24 * HOUR, now)
    if schedule.frequency in FREQUENCIES and schedule.start_time:
        anchor = math.floor(schedule.start_time.timestamp())
        read = window(schedule.frequency, anchor, number_at(schedule.frequency, anchor, now) - 1)
    return RehearsalAsk(sql, pipeline.sync_mode.iterator_field, read)
