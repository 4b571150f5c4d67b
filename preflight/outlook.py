"""What a pipeline will do once it runs: what each output column becomes, and when the next runs are.

What becomes of a column is V1, https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source): in a
user pipeline the name decides, without its case; in an event pipeline the mappings do.
"""

from __future__ import annotations

import math
from datetime import datetime
from itertools import islice

from preflight import identities
from preflight.config import FieldTransformation, Pipeline
from preflight.event_batch import normalise
from preflight.finding import ColumnFate, Fate
from preflight.query import Outputs
from preflight.schedule import upcoming

RUNS = 5
"""How many coming runs are told."""


def column_fates(
    pipeline: Pipeline, transformation: FieldTransformation | None, outputs: Outputs
) -> tuple[ColumnFate, ...]:
    """What each named output column becomes, in order; of a query with an open star only the written columns."""
    iterator = (pipeline.sync_mode.iterator_field or "").casefold() if pipeline.sync_mode.type != "full" else ""
    mapped = _mapped(transformation) if transformation is not None else {}
    found = []
    for column in outputs.columns:
        if column.name is None:
            continue
        name = column.name.casefold()
        if pipeline.is_event:
            fate, target = mapped.get(name, (Fate.ITERATOR if name == iterator else Fate.UNMAPPED, ""))
        else:
            fate, target = fate_of_user_column(column.name, iterator)
        found.append(ColumnFate(column.name, fate, target))
    return tuple(found)


def fate_of_user_column(written: str, iterator: str) -> tuple[Fate, str]:
    """What a user pipeline's column becomes, and as what; ``iterator`` is the iterator's name in lower case."""
    name = written.casefold()
    if name == iterator:
        return Fate.ITERATOR, ""
    if name in identities.USER:
        return Fate.USER_IDENTITY, name
    if name in identities.DEVICE:
        return Fate.DEVICE_IDENTITY, name
    return (Fate.RESERVED_ATTRIBUTE if written.startswith("$") else Fate.ATTRIBUTE), written


def _mapped(transformation: FieldTransformation) -> dict[str, tuple[Fate, str]]:
    found: dict[str, tuple[Fate, str]] = {}
    for mapping in transformation.mappings:
        if mapping.source is None:
            continue
        path = normalise(mapping.destination or "")
        ignored = mapping.mapping_type == "ignore"
        found.setdefault(mapping.source.casefold(), (Fate.IGNORED if ignored else Fate.MAPPED, path))
    return found


def next_runs(pipeline: Pipeline, now: datetime) -> tuple[int, ...]:
    """The instants of the next runs after ``now``; none for a pipeline whose runs no interval places."""
    schedule = pipeline.schedule
    if schedule.type != "interval" or schedule.frequency is None or schedule.start_time is None:
        return ()
    anchor = math.floor(schedule.start_time.timestamp())
    end = math.floor(schedule.end_time.timestamp()) if schedule.end_time else None
    return tuple(islice(upcoming(schedule.frequency, anchor, math.floor(now.timestamp()), end), RUNS))
