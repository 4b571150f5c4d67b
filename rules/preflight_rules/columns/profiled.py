"""The columns whose values reach the platform, beside what a profile counted in them."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.event_batch import normalise
from preflight.model import ColumnProfile
from preflight.query import OutputColumn
from preflight.rule import Context


def loaded(ctx: Context) -> Iterator[OutputColumn]:
    """The columns whose values reach the platform: all but the iterator; of an event pipeline those that are mapped."""
    pipeline = ctx.used_by
    iterator = (pipeline.sync_mode.iterator_field or "").casefold() if pipeline else ""
    mapped = destinations(ctx) if pipeline is not None and pipeline.is_event else None
    for column in ctx.outputs.columns:
        name = column.name.casefold() if column.name else ""
        if name and (name in mapped if mapped is not None else name != iterator):
            yield column


def destinations(ctx: Context) -> dict[str, tuple[str, ...]]:
    """Where an event pipeline's columns are mapped to, as dotted paths, by the source's folded name."""
    found: dict[str, tuple[str, ...]] = {}
    for mapping in ctx.field_transformation.mappings if ctx.field_transformation else ():
        if mapping.source and mapping.mapping_type == "column":
            source = mapping.source.casefold()
            found[source] = (*found.get(source, ()), normalise(mapping.destination or ""))
    return found


def profiled(ctx: Context) -> Iterator[tuple[OutputColumn, ColumnProfile]]:
    """The loaded columns with their profiles; a rule that asks declares both Fact.SCHEMA and Fact.VALUES."""
    profiles = ctx.values.columns
    return ((column, profiles[column.index]) for column in loaded(ctx))


def share(ctx: Context, rows: int) -> str:
    """``rows`` in words, as a part of those that the profile read."""
    profile = ctx.values
    read = "sampled rows" if profile.sampled else "rows"
    return f"{rows:,} of {profile.rows:,} {read} ({100 * rows / max(profile.rows, 1):.1f} %)"
