"""The values of the columns that are mapped: those that a member does not take, and times that cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Iterator

from preflight.event_batch import DATA, EVENT_TYPE, schema
from preflight.finding import Fault, Inapplicable, Measure, Outcome, Severity, Unproven, Weighed
from preflight.rule import Context, Fact, rule
from preflight.schedule import iso
from preflight_rules.mapping._events import Mapped, mapped, place, profile_of, unready

_TIME = DATA + "timestamp_unixtime_ms"
_DAY = 86_400
EARLY, LATE = 315_532_800_000, 4_102_444_800_000
"""1980 and 2100 in milliseconds: seconds read as milliseconds lie before the one, microseconds after the other."""
OLD_DAYS = 30
"""Older events should not take the normal path. V1, the HTTP reference of the Events API (2023 docs source)."""


@rule("PF526", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def column_outside_enum(ctx: Context) -> Iterator[Outcome]:
    """A column holds values that the member which it is written to does not take.

    Why: the batch schema lists the values. The event is refused, or the value is lost.
    Fails:
        sql: SELECT c.customer_id, c.action, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: ACTION, destination: events.data.product_action.action}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'buy' AS action, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.action, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: ACTION, destination: events.data.product_action.action}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'purchase' AS action, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: turn the other values into those that the member takes, or leave such rows out.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    if ctx.field_transformation is None:
        return
    listed = [(item, enum) for item in mapped(ctx) if item.path != EVENT_TYPE and (enum := _enum(item))]
    if not listed:
        yield Inapplicable("no column is written to a member with a list of values")
    for item, enum in listed:
        yield from outside(ctx, item, enum)


def _enum(item: Mapped) -> tuple[str, ...]:
    """The values that the member of a column's mapping takes; empty: any, or no column is mapped."""
    member = schema().member(item.path) if item.path and item.mapping.mapping_type == "column" else None
    return member.enum if member is not None else ()


def outside(ctx: Context, item: Mapped, enum: tuple[str, ...]) -> Iterator[Outcome]:
    """What is to be said of a mapped column whose member takes the values of ``enum`` alone; needs Fact.VALUES."""
    found = profile_of(ctx, item)
    if found is None:
        return
    column, profile = found
    if profile.outside is None:
        yield Unproven(f"the values of {column.name} were not compared with those that {item.path} takes")
        return
    measure = Measure("rows with another value", profile.outside, "rows", basis=ctx.basis(Fact.VALUES))
    if not profile.outside:
        yield Weighed((measure,))
        return
    yield Fault(
        f"{profile.outside:,} of {ctx.values.rows:,} rows hold a value in {column.name} that {item.path} does not"
        " take.",
        place(ctx, item, "source"),
        f"It takes {', '.join(enum)}. Turn the others into one of these, or leave such rows out.",
        (measure,),
    )


def _times(ctx: Context) -> Iterator[tuple[Mapped, str, int, int]]:
    """The columns that give the event's time, with their names and extremes, where the column holds a whole number."""
    for item in mapped(ctx):
        found = profile_of(ctx, item) if item.path == _TIME else None
        if found is None or found[1].minimum is None or found[1].maximum is None:
            continue
        try:
            low, high = math.floor(float(found[1].minimum)), math.ceil(float(found[1].maximum))
        except (ValueError, OverflowError):
            continue
        yield item, found[0].name or "", low, high


def _timeless(ctx: Context) -> Iterator[Outcome]:
    """What to yield instead of judging times: the pipeline has no transformation, or no column gives a time."""
    yield from unready(ctx)
    if ctx.field_transformation is not None and not any(i.path == _TIME and i.mapping.source for i in mapped(ctx)):
        yield Inapplicable("no column gives the event's time")


@rule("PF527", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def event_time_in_wrong_unit(ctx: Context) -> Iterator[Outcome]:
    """The column that gives the event's time does not hold milliseconds.

    Why: seconds that are read as milliseconds all lie in January 1970, microseconds in a far future.
    Fails:
        sql: SELECT c.customer_id, c.at, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 1793491200 AS at, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.at, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 1793491200000 AS at, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: multiply or divide it, so that it counts milliseconds since 1970.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from _timeless(ctx)
    for item, name, low, high in _times(ctx):
        early, late = high < EARLY, low > LATE
        if early or late:
            value, lies = (high, "before 1980") if early else (low, "after 2100")
            yield Fault(
                f"The {'latest' if early else 'earliest'} {name} is {value:,}, which as milliseconds lies {lies}.",
                place(ctx, item, "source"),
                f"{'Multiply' if early else 'Divide'} it, so that it counts milliseconds since 1970.",
            )


@rule("PF528", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def old_events(ctx: Context) -> Iterator[Outcome]:
    """Some events happened more than 30 days ago.

    Why: the Events API's reference keeps older events off the normal path, because audiences take them for new. That a
        warehouse's events take that path is inferred.
    Fails:
        sql: SELECT c.customer_id, c.at, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, epoch_ms(TIMESTAMP '2026-10-24') AS at, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.at, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, epoch_ms(TIMESTAMP '2026-10-25') AS at, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: set `sync_mode.from` to a later day, or leave older rows out.
    Source: INF, from V1 https://docs.mparticle.com/developers/server/http/ (2023 docs source)
    """
    yield from _timeless(ctx)
    start = ctx.pipeline.sync_mode.from_
    if start is not None and start.timestamp() >= ctx.now.timestamp() - OLD_DAYS * _DAY:
        yield Inapplicable("sync_mode.from leaves out what is older, as far as the iterator tells")
        return
    for item, name, low, _ in _times(ctx):
        if EARLY <= low < 1000 * (ctx.now.timestamp() - OLD_DAYS * _DAY):
            yield Fault(
                f"The earliest {name} is {iso(low // 1000)}, more than {OLD_DAYS} days ago.",
                place(ctx, item, "source"),
                "Set sync_mode.from to a later day, or leave older rows out.",
            )


@rule("PF529", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def future_events(ctx: Context) -> Iterator[Outcome]:
    """Some events are still to happen.

    Why: an event tells what has happened. Often the column's zone or unit is wrong.
    Fails:
        sql: SELECT c.customer_id, c.at, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, epoch_ms(TIMESTAMP '2026-11-25') AS at, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.at, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, epoch_ms(TIMESTAMP '2026-11-24') AS at, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: check the column's zone and unit, or leave such rows out.
    Source: INF, from what an event is
    """
    yield from _timeless(ctx)
    for item, name, low, high in _times(ctx):
        if low <= LATE and high > 1000 * ctx.now.timestamp():
            yield Fault(
                f"The latest {name} is {iso(high // 1000)}, which is still to come.",
                place(ctx, item, "source"),
                "Check the column's zone and unit, or leave such rows out.",
            )
