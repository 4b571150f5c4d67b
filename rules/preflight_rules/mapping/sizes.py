"""How many attributes and names an event pipeline writes, and how long their names are."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.event_batch import DATA, NAMES
from preflight.finding import STATIC, Fault, Outcome, Severity, Unproven, Weighed
from preflight.limits import Limit
from preflight.rule import Context, Fact, rule
from preflight_rules.mapping._events import Mapped, mapped, place, profile_of, unready

_EVENT, _USER = DATA + "custom_attributes.", "user_attributes."
NEAR = 80
"""Above this percentage of its limit a number is near it."""


def _attributes(ctx: Context) -> list[Mapped]:
    """The first mapping of each of the event's attributes."""
    found: dict[str, Mapped] = {}
    for item in mapped(ctx):
        if item.path.startswith(_EVENT):
            found.setdefault(item.path, item)
    return list(found.values())


@rule("PF532", Severity.ERROR)
def too_many_event_attributes(ctx: Context) -> Iterator[Outcome]:
    """An event would have more attributes than it may.

    Why: the documented limits let an SDK send such an event without any attribute; what becomes of a row is not
        documented.
    Fails:
        top: {limits: {overrides: {attributes_per_event: {value: 1, reason: to keep the example short}}}}
        field_transformation:
            mappings:
              - {mapping_type: static, value: x, destination: events.data.custom_attributes.shop}
              - {mapping_type: static, value: y, destination: events.data.custom_attributes.till}
    Passes:
        top: {limits: {overrides: {attributes_per_event: {value: 2, reason: to keep the example short}}}}
        field_transformation:
            mappings:
              - {mapping_type: static, value: x, destination: events.data.custom_attributes.shop}
              - {mapping_type: static, value: y, destination: events.data.custom_attributes.till}
    Remedy: leave out attributes that nobody uses.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    yield from unready(ctx)
    limit, items = ctx.limits.attributes_per_event, _attributes(ctx)
    measure = ctx.weigh(limit, len(items), STATIC)
    if len(items) > limit.value:
        yield Fault(
            f"Each event has {len(items):,} attributes; the limit is {limit.value:,}.",
            place(ctx, items[limit.value], "destination"),
            f"Leave out {len(items) - limit.value:,} attributes, from this one on.",
            (measure,),
        )
    elif ctx.field_transformation is not None:
        yield Weighed((measure,))


@rule("PF533", Severity.WARNING)
def no_room_for_the_feeds_attribute(ctx: Context) -> Iterator[Outcome]:
    """An event has as many attributes as it may, and the platform adds one.

    Why: an event that comes through a feed's credentials gains the attribute `mParticle Source Feed`. That it counts
        towards the limit is inferred.
    Fails:
        top: {limits: {overrides: {attributes_per_event: {value: 1, reason: to keep the example short}}}}
        field_transformation:
            mappings: [{mapping_type: static, value: x, destination: events.data.custom_attributes.shop}]
    Passes:
        top: {limits: {overrides: {attributes_per_event: {value: 2, reason: to keep the example short}}}}
        field_transformation:
            mappings: [{mapping_type: static, value: x, destination: events.data.custom_attributes.shop}]
    Remedy: leave out one attribute more.
    Source: INF, from V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    yield from unready(ctx)
    limit, items = ctx.limits.attributes_per_event, _attributes(ctx)
    if items and len(items) == limit.value:
        yield Fault(
            f"Each event has {len(items):,} attributes, as many as it may, and the platform adds one of its own.",
            place(ctx, items[-1], "destination"),
            "Leave out one attribute more.",
            (ctx.weigh(limit, len(items) + 1, STATIC),),
        )


@rule("PF534", Severity.ERROR, uses={Fact.SCHEMA, Fact.VALUES})
def overlong_event_name(ctx: Context) -> Iterator[Outcome]:
    """An event's or a screen's name is longer than the platform accepts.

    Why: a longer name that comes from a server is cut, so that two events may come to have one name.
    Fails:
        top: {limits: {overrides: {event_name_length: {value: 3, reason: to keep the example short}}}}
        field_transformation: {mappings: [{mapping_type: static, value: Sale, destination: events.data.event_name}]}
    Passes:
        top: {limits: {overrides: {event_name_length: {value: 4, reason: to keep the example short}}}}
        field_transformation: {mappings: [{mapping_type: static, value: Sale, destination: events.data.event_name}]}
    Remedy: shorten it.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    yield from unready(ctx)
    limit = ctx.limits.event_name_length
    for item in _naming(ctx):
        if item.mapping.source is None:
            value = item.mapping.value or ""
            if len(value) > limit.value:
                yield Fault(
                    f"The name has {len(value):,} {limit.unit}; the limit is {limit.value:,}.",
                    place(ctx, item, "value"),
                    "Shorten it.",
                    (ctx.weigh(limit, len(value), STATIC),),
                )
        elif unread := _unread(ctx):
            yield Unproven(f"the names in {item.mapping.source} were not read: {unread}")
        elif found := profile_of(ctx, item):
            longest = found[1].longest_text
            measure = ctx.weigh(limit, longest, ctx.basis(Fact.VALUES))
            if longest > limit.value:
                yield Fault(
                    f"The longest name in {found[0].name} has {longest:,} {limit.unit}; the limit is {limit.value:,}.",
                    place(ctx, item, "source"),
                    "Shorten it, for example with LEFT.",
                    (measure,),
                )
            else:
                yield Weighed((measure,))


def _naming(ctx: Context) -> list[Mapped]:
    """The mappings that name events or screens."""
    return [item for item in mapped(ctx) if item.path in NAMES]


def _unread(ctx: Context) -> str:
    """Why the columns' values are not known; empty where they are."""
    missing = ctx.missing(Fact.SCHEMA) or ctx.missing(Fact.VALUES)
    return missing.reason if missing else ""


@rule("PF535", Severity.ERROR)
def overlong_mapped_name(ctx: Context) -> Iterator[Outcome]:
    """A mapping gives an attribute a longer name than the platform accepts.

    Why: a longer name of an event's attribute is cut; a user attribute with one is dropped when an SDK sends it.
    Fails:
        top: {limits: {overrides: {event_attribute_name_length: {value: 3, reason: to keep the example short}}}}
        field_transformation:
            mappings: [{mapping_type: static, value: x, destination: events.data.custom_attributes.shop}]
    Passes:
        top: {limits: {overrides: {event_attribute_name_length: {value: 4, reason: to keep the example short}}}}
        field_transformation:
            mappings: [{mapping_type: static, value: x, destination: events.data.custom_attributes.shop}]
    Remedy: give it a shorter name.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    yield from unready(ctx)
    limits = {_EVENT: ctx.limits.event_attribute_name_length, _USER: ctx.limits.user_attribute_name_length}
    for item in mapped(ctx):
        for root, limit in limits.items():
            name = item.path.removeprefix(root) if item.path.startswith(root) else ""
            if len(name) > limit.value:
                yield Fault(
                    f"The attribute's name has {len(name):,} {limit.unit}; the limit is {limit.value:,}.",
                    place(ctx, item, "destination"),
                    "Give it a shorter name.",
                    (ctx.weigh(limit, len(name), STATIC),),
                )


def _names(ctx: Context) -> tuple[int, Mapped] | Unproven | None:
    """How many different names the pipeline gives, and the last mapping that gives one; None where none does."""
    items = _naming(ctx)
    if not items:
        return None
    count = len({item.mapping.value for item in items if item.mapping.source is None})
    for item in (item for item in items if item.mapping.source is not None):
        if unread := _unread(ctx):
            return Unproven(f"the names in {item.mapping.source} were not read: {unread}")
        found = profile_of(ctx, item)
        if found is not None and found[1].distinct is None:
            return Unproven(f"the different names in {item.mapping.source} were not counted")
        count += (found[1].distinct or 0) if found else 0
    return count, items[-1]


@rule("PF536", Severity.ERROR, uses={Fact.SCHEMA, Fact.VALUES})
def too_many_event_names(ctx: Context) -> Iterator[Outcome]:
    """The pipeline alone gives more different names to events and screens than a workspace may have.

    Why: names beyond the limit are dropped. Those that the workspace has already count too, but nobody tells them.
    Fails:
        top: {limits: {overrides: {unique_event_names: {value: 1, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.page, c.updated_at FROM crm.public.contacts AS c
        field_transformation: {mappings: [{mapping_type: column, source: PAGE, destination: events.data.screen_name}]}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, 'page ' || i AS page, TIMESTAMP '2026-11-01' AS updated_at FROM range(2) AS r(i);
    Passes:
        top: {limits: {overrides: {unique_event_names: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.page, c.updated_at FROM crm.public.contacts AS c
        field_transformation: {mappings: [{mapping_type: column, source: PAGE, destination: events.data.screen_name}]}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, 'page ' || i AS page, TIMESTAMP '2026-11-01' AS updated_at FROM range(2) AS r(i);
    Remedy: name the kind of thing that happened, and put the thing itself into an attribute.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    yield from unready(ctx)
    limit = ctx.limits.unique_event_names
    yield from _judge_names(ctx, limit, limit.value, None)


@rule("PF537", Severity.WARNING, uses={Fact.SCHEMA, Fact.VALUES})
def near_event_name_limit(ctx: Context) -> Iterator[Outcome]:
    """The pipeline alone uses up more than four fifths of the names that a workspace may have.

    Why: names beyond the limit are dropped, and other sources need names too.
    Fails:
        top: {limits: {overrides: {unique_event_names: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.page, c.updated_at FROM crm.public.contacts AS c
        field_transformation: {mappings: [{mapping_type: column, source: PAGE, destination: events.data.screen_name}]}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, 'page ' || i AS page, TIMESTAMP '2026-11-01' AS updated_at FROM range(2) AS r(i);
    Passes:
        top: {limits: {overrides: {unique_event_names: {value: 3, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.page, c.updated_at FROM crm.public.contacts AS c
        field_transformation: {mappings: [{mapping_type: column, source: PAGE, destination: events.data.screen_name}]}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, 'page ' || i AS page, TIMESTAMP '2026-11-01' AS updated_at FROM range(2) AS r(i);
    Remedy: name the kind of thing that happened, and put the thing itself into an attribute.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    yield from unready(ctx)
    limit = ctx.limits.unique_event_names
    yield from _judge_names(ctx, limit, NEAR * limit.value // 100, limit.value)


def _judge_names(ctx: Context, limit: Limit, above: int, up_to: int | None) -> Iterator[Outcome]:
    """A fault where there are more names than ``above``, and no more than ``up_to``."""
    found = _names(ctx)
    if isinstance(found, Unproven):
        yield found
    if not isinstance(found, tuple):
        return
    count, item = found
    basis = STATIC if _unread(ctx) else ctx.basis(Fact.VALUES)
    measure = ctx.weigh(limit, count, basis)
    if count > above and (up_to is None or count <= up_to):
        yield Fault(
            f"The pipeline gives {count:,} different names; a workspace may have {limit.value:,}.",
            place(ctx, item, "destination"),
            "Name the kind of thing that happened, and put the thing itself into an attribute.",
            (measure,),
        )
    else:
        yield Weighed((measure,))
