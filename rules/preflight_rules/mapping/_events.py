"""What mapping rules share: the pipeline's mappings with their normalised paths, and its event type."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from preflight.config import FieldMapping, FieldTransformation
from preflight.event_batch import EVENT_TYPE, normalise
from preflight.finding import Inapplicable, Outcome, Unproven
from preflight.location import Route
from preflight.model import ColumnProfile
from preflight.query import OutputColumn
from preflight.rule import Context


class Mapped(msgspec.Struct, frozen=True):
    """One mapping and where it stands."""

    index: int
    mapping: FieldMapping
    path: str
    """The destination, normalised; empty where there is none."""


def unready(ctx: Context) -> Iterator[Outcome]:
    """What to yield instead of judging: the pipeline has no transformation, or it could not be read."""
    if not ctx.pipeline.is_event:
        yield Inapplicable("the pipeline has no field transformation")
    elif ctx.field_transformation is None:
        yield Unproven("the field transformation could not be read from the project")


def transformation(ctx: Context) -> FieldTransformation:
    """The pipeline's transformation; raises LookupError where there is none to read."""
    if ctx.field_transformation is None:
        raise LookupError(f"{ctx.subject} has no field transformation to read")
    return ctx.field_transformation


def mapped(ctx: Context) -> tuple[Mapped, ...]:
    """The transformation's mappings, in order; none where there is no transformation to read."""
    if ctx.field_transformation is None:
        return ()
    return tuple(
        Mapped(index, mapping, normalise(mapping.destination or ""))
        for index, mapping in enumerate(ctx.field_transformation.mappings)
    )


def place(ctx: Context, item: Mapped, key: str) -> Route:
    """Where a key of a mapping stands."""
    return ctx.at("mappings", item.index, key, of=transformation(ctx))


def event_type(ctx: Context) -> str | None:
    """The event type, where a static mapping gives it; None where a column gives it, or nothing does."""
    values = [item.mapping.value for item in mapped(ctx) if item.path == EVENT_TYPE and item.mapping.source is None]
    return values[0] if len(values) == 1 else None


def profile_of(ctx: Context, item: Mapped) -> tuple[OutputColumn, ColumnProfile] | None:
    """A mapped column and what was counted in it; None where no such column is put out. Needs SCHEMA and VALUES."""
    source = item.mapping.source if item.mapping.mapping_type == "column" else None
    column = ctx.outputs.named(source) if source else None
    return None if column is None else (column, ctx.values.columns[column.index])
