"""What makes an event whole: its type, the members that the type requires, its time and its id."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.event_batch import DATA, EVENT_TYPE, schema
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Kind
from preflight.rule import Context, Fact, rule
from preflight_rules.mapping._events import event_type, mapped, place, transformation, unready
from preflight_rules.mapping.values import outside

_TIME = DATA + "timestamp_unixtime_ms"
_MESSAGE_ID = DATA + "source_message_id"


@rule("PF512", Severity.ERROR)
def missing_event_type(ctx: Context) -> Iterator[Outcome]:
    """The transformation does not give the event's type exactly once.

    Why: every event of a batch has a type; it decides which other members there are.
    Fails:
        field_transformation: {mappings: [{mapping_type: static, value: Buy, destination: events.data.event_name}]}
    Passes:
        field_transformation: {mappings: [{mapping_type: static, value: custom_event, destination: events.event_type}]}
    Remedy: add one mapping to `events.event_type`.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from unready(ctx)
    found = [item for item in mapped(ctx) if item.path == EVENT_TYPE]
    if ctx.field_transformation is not None and not found:
        yield Fault(
            f"{transformation(ctx).id} does not give the event's type.",
            ctx.at("mappings", of=transformation(ctx)),
            "Add {mapping_type: static, destination: events.event_type, value: custom_event}, or another type.",
        )
    for item in found[1:]:
        yield Fault(
            f"The event's type is given {len(found)} times.", place(ctx, item, "destination"), "Keep one of them."
        )


@rule("PF513", Severity.ERROR, uses={Fact.SCHEMA, Fact.VALUES})
def unknown_event_type(ctx: Context) -> Iterator[Outcome]:
    """The event's type is none that the batch schema has.

    Why: the event is refused.
    Fails:
        field_transformation: {mappings: [{mapping_type: static, value: custom, destination: events.event_type}]}
    Passes:
        field_transformation: {mappings: [{mapping_type: static, value: custom_event, destination: events.event_type}]}
    Remedy: write one of the schema's types.
    Source: OAS, the Events API's inbound JSON Schema; V1 https://docs.mparticle.com/developers/server/json-reference/
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        if item.path != EVENT_TYPE:
            continue
        value = item.mapping.value
        if item.mapping.source is not None:
            missing = ctx.missing(Fact.SCHEMA) or ctx.missing(Fact.VALUES)
            if missing:
                why = f"and its values were not read: {missing.reason}"
                yield Unproven(f"the column {item.mapping.source} gives the event's type, {why}")
            else:
                yield from outside(ctx, item, tuple(schema().events))
        elif value is not None and value not in schema().events:
            from difflib import get_close_matches

            close = get_close_matches(value, schema().events, n=1)
            yield Fault(
                f"{value} is no event type.",
                place(ctx, item, "value"),
                f"Write {close[0]}." if close else f"Write one of {', '.join(schema().events)}.",
            )


@rule("PF514", Severity.ERROR)
def missing_required_member(ctx: Context) -> Iterator[Outcome]:
    """A member that the event's type requires is in no mapping.

    Why: the event is refused, or arrives without what it is about. `screen_name` is required by the typed models but
        called optional in the JSON reference.
    Fails:
        field_transformation:
            mappings:
              - {mapping_type: static, value: custom_event, destination: events.event_type}
              - {mapping_type: static, value: Buy, destination: events.data.event_name}
    Passes:
        field_transformation:
            mappings:
              - {mapping_type: static, value: custom_event, destination: events.event_type}
              - {mapping_type: static, value: Buy, destination: events.data.event_name}
              - {mapping_type: static, value: transaction, destination: events.data.custom_event_type}
    Remedy: map it.
    Source: OAS, the Events API's inbound JSON Schema
    """
    yield from unready(ctx)
    if ctx.field_transformation is None:
        return
    type_ = event_type(ctx)
    if type_ is None or type_ not in schema().events:
        yield Inapplicable("no static mapping gives a known event type")
        return
    written = {item.path for item in mapped(ctx)}
    for member in (*schema().members.values(), *schema().events[type_].members.values()):
        parent, _, _ = member.path.rpartition(".")
        present = parent == DATA.rstrip(".") or any(path.startswith(f"{parent}.") for path in written)
        if member.required and member.path != EVENT_TYPE and present and member.path not in written:
            yield Fault(
                f"A {type_} needs {member.path}, which no mapping writes.",
                ctx.at("mappings", of=transformation(ctx)),
                f"Map {member.path}.",
            )


@rule("PF516", Severity.ERROR)
def commerce_parts_conflict(ctx: Context) -> Iterator[Outcome]:
    """A commerce event has none, or more than one, of its three parts.

    Why: exactly one of product_action, promotion_action and product_impressions makes a commerce event.
    Fails:
        field_transformation:
            mappings:
              - {mapping_type: static, value: commerce_event, destination: events.event_type}
              - {mapping_type: static, value: purchase, destination: events.data.product_action.action}
              - {mapping_type: static, value: view, destination: events.data.promotion_action.action}
    Passes:
        field_transformation:
            mappings:
              - {mapping_type: static, value: commerce_event, destination: events.event_type}
              - {mapping_type: static, value: purchase, destination: events.data.product_action.action}
    Remedy: map one of the three.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from unready(ctx)
    if ctx.field_transformation is None:
        return
    event = schema().events.get(event_type(ctx) or "")
    if event is None or not event.exclusive:
        yield Inapplicable("the event is no commerce event")
        return
    parts = {name: [i for i in mapped(ctx) if i.path.startswith(f"{DATA}{name}.")] for name in event.exclusive}
    given = [name for name, items in parts.items() if items]
    if not given:
        yield Fault(
            f"A commerce event needs one of {', '.join(event.exclusive)}, and no mapping writes any.",
            ctx.at("mappings", of=transformation(ctx)),
            "Map product_action.action, or another of the three.",
        )
    for name in given[1:]:
        yield Fault(
            f"The commerce event has both {given[0]} and {name}.",
            place(ctx, parts[name][0], "destination"),
            "Keep one of them.",
        )


@rule("PF518", Severity.WARNING)
def event_time_unmapped(ctx: Context) -> Iterator[Outcome]:
    """No mapping writes the event's time.

    Why: without it the platform takes the time at which the event arrives, which for a warehouse is not when it
        happened.
    Fails:
        field_transformation: {mappings: [{mapping_type: static, value: custom_event, destination: events.event_type}]}
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: AT, destination: events.data.timestamp_unixtime_ms}]
    Remedy: map a column of milliseconds to `events.data.timestamp_unixtime_ms`.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from _unmapped(ctx, _TIME, "the event's time, so each event happens when it arrives")


@rule("PF520", Severity.WARNING)
def message_id_unmapped(ctx: Context) -> Iterator[Outcome]:
    """No mapping writes an id of the event's own.

    Why: rows on a window's edge are read by two runs; an id lets the second one be told from a new event.
    Fails:
        field_transformation: {mappings: [{mapping_type: static, value: custom_event, destination: events.event_type}]}
    Passes:
        field_transformation:
            mappings: [{mapping_type: column, source: ID, destination: events.data.source_message_id}]
    Remedy: map a stable id to `events.data.source_message_id`.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from _unmapped(ctx, _MESSAGE_ID, "an id of the event's own, so an event that is read twice counts twice")


def _unmapped(ctx: Context, path: str, what: str) -> Iterator[Outcome]:
    yield from unready(ctx)
    if ctx.field_transformation is not None and path not in {item.path for item in mapped(ctx)}:
        yield Fault(
            f"No mapping writes {what}.", ctx.at("mappings", of=transformation(ctx)), f"Map a column to {path}."
        )


@rule("PF519", Severity.ERROR, needs={Fact.SCHEMA})
def event_time_of_wrong_type(ctx: Context) -> Iterator[Outcome]:
    """The column that gives the event's time is no integer.

    Why: the time is a whole number of milliseconds since 1970.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        field_transformation:
            mappings: [{mapping_type: column, source: UPDATED_AT, destination: events.data.timestamp_unixtime_ms}]
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, ms BIGINT, updated_at TIMESTAMP)
        sql: SELECT c.customer_id, c.ms, c.updated_at FROM crm.public.contacts AS c
        field_transformation:
            mappings: [{mapping_type: column, source: MS, destination: events.data.timestamp_unixtime_ms}]
    Remedy: turn it into milliseconds since 1970.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from unready(ctx)
    for item in mapped(ctx):
        column = ctx.outputs.named(item.mapping.source) if item.path == _TIME and item.mapping.source else None
        if column is None:
            continue
        if column.type.kind is Kind.UNKNOWN:
            yield Unproven(f"the type of {column.name} is not known")
        elif column.type.kind is not Kind.INTEGER:
            yield Fault(
                f"{column.name} is of type {column.type}; the event's time is a whole number of milliseconds.",
                place(ctx, item, "source"),
                "Turn it into milliseconds since 1970.",
            )
