"""How many columns a data model may put out, how many of them may be attributes, and how long their names may be."""

from __future__ import annotations

from collections.abc import Iterator

from preflight import identities
from preflight.event_batch import normalise
from preflight.finding import STATIC, Basis, Fault, Inapplicable, Outcome, Severity, Unproven, Weighed
from preflight.limits import Limit
from preflight.rule import Context, Fact, Scope, rule

NEAR = 90
"""Above this percentage of the column limit a data model is near it."""


def _basis(ctx: Context) -> Basis:
    return ctx.basis(Fact.SCHEMA) if ctx.outputs.described else STATIC


@rule("PF201", Severity.ERROR, scope=Scope.QUERY, uses={Fact.SCHEMA})
def too_many_columns(ctx: Context) -> Iterator[Outcome]:
    """The data model puts out more columns than the platform accepts.

    Why: Warehouse Sync reads at most 100 columns of a query. Whether the iterator and the identities count is not
        documented, so every output column is counted.
    Fails:
        top: {limits: {overrides: {columns: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
    Passes:
        top: {limits: {overrides: {columns: {value: 3, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
    Remedy: select only the columns that should become identities, attributes or event fields.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    limit, outputs = ctx.limits.columns, ctx.outputs
    count = len(outputs.columns)
    measure = ctx.weigh(limit, count, _basis(ctx))
    if count > limit.value:
        at_least = "" if outputs.complete else "at least "
        yield Fault(
            f"The query puts out {at_least}{count:,} columns; the limit is {limit.value:,}.",
            outputs.columns[limit.value].place,
            f"Leave out {count - limit.value:,} columns, from this one on.",
            (measure,),
        )
    elif not outputs.complete:
        yield Unproven(outputs.reason)
    else:
        yield Weighed((measure,))


@rule("PF206", Severity.WARNING, scope=Scope.QUERY, uses={Fact.SCHEMA})
def near_column_limit(ctx: Context) -> Iterator[Outcome]:
    """The data model is about to reach the column limit.

    Why: above nine tenths of the limit a few more columns stop the pipeline.
    Fails:
        top: {limits: {overrides: {columns: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Passes:
        top: {limits: {overrides: {columns: {value: 3, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: leave out columns that nobody uses.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    limit, outputs = ctx.limits.columns, ctx.outputs
    count = len(outputs.columns)
    if not outputs.complete and count <= limit.value:
        yield Unproven(outputs.reason)
    elif NEAR * limit.value < 100 * count <= 100 * limit.value:
        yield Fault(
            f"The query puts out {count:,} columns, which is above {NEAR} % of the limit of {limit.value:,}.",
            outputs.columns[-1].place,
            "Leave out columns that nobody uses.",
            (ctx.weigh(limit, count, _basis(ctx)),),
        )


@rule("PF207", Severity.ERROR, uses={Fact.SCHEMA})
def too_many_attributes(ctx: Context) -> Iterator[Outcome]:
    """A row would set more user attributes than a batch may hold.

    Why: every column becomes a user attribute, except the iterator and the identities; one row makes one batch. In an
        event pipeline the mappings set them.
    Fails:
        top: {limits: {overrides: {user_attributes_per_batch: {value: 1, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.city, c.age, c.updated_at FROM crm.public.contacts AS c
    Passes:
        top: {limits: {overrides: {user_attributes_per_batch: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.city, c.age, c.updated_at FROM crm.public.contacts AS c
    Remedy: leave out attributes that nobody uses.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    limit, outputs = ctx.limits.user_attributes_per_batch, ctx.outputs
    if ctx.pipeline.is_event:
        yield from _mapped_attributes(ctx, limit)
        return
    iterator = (ctx.pipeline.sync_mode.iterator_field or "").casefold()
    no_attribute = identities.RESERVED | {iterator}
    attributes = [c for c in outputs.columns if (c.name or "").casefold() not in no_attribute]
    measure = ctx.weigh(limit, len(attributes), _basis(ctx))
    if len(attributes) > limit.value:
        at_least = "" if outputs.complete else "at least "
        yield Fault(
            f"Each row sets {at_least}{len(attributes):,} user attributes; the limit is {limit.value:,}.",
            attributes[limit.value].place,
            f"Leave out {len(attributes) - limit.value:,} attributes, from this one on.",
            (measure,),
        )
    elif not outputs.complete:
        yield Unproven(outputs.reason)
    else:
        yield Weighed((measure,))


def _mapped_attributes(ctx: Context, limit: Limit) -> Iterator[Outcome]:
    transformation = ctx.field_transformation
    if transformation is None:
        yield Unproven("the field transformation could not be read from the project")
        return
    first: dict[str, int] = {}
    for index, mapping in enumerate(transformation.mappings):
        path = normalise(mapping.destination or "")
        if path.startswith("user_attributes."):
            first.setdefault(path, index)
    measure = ctx.weigh(limit, len(first), STATIC)
    if len(first) > limit.value:
        yield Fault(
            f"Each row sets {len(first):,} user attributes; the limit is {limit.value:,}.",
            ctx.at("mappings", [*first.values()][limit.value], "destination", of=transformation),
            f"Leave out {len(first) - limit.value:,} attributes, from this one on.",
            (measure,),
        )
    else:
        yield Weighed((measure,))


@rule("PF208", Severity.ERROR, uses={Fact.SCHEMA})
def overlong_column_name(ctx: Context) -> Iterator[Outcome]:
    """A column's name is longer than an attribute's may be.

    Why: in a user pipeline the column's name becomes the attribute's.
    Fails:
        top: {limits: {overrides: {user_attribute_name_length: {value: 11, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.home_address, c.updated_at FROM crm.public.contacts AS c
    Passes:
        top: {limits: {overrides: {user_attribute_name_length: {value: 12, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.home_address, c.updated_at FROM crm.public.contacts AS c
    Remedy: give it a shorter alias.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield Inapplicable("an event pipeline's attributes are named by its mappings")
        return
    limit, outputs = ctx.limits.user_attribute_name_length, ctx.outputs
    iterator = (ctx.pipeline.sync_mode.iterator_field or "").casefold()
    for column in outputs.columns:
        length = len(column.name or "")
        if length > limit.value and (column.name or "").casefold() != iterator:
            yield Fault(
                f"{column.name} has {length:,} characters; an attribute's name may have {limit.value:,}.",
                column.place,
                "Give it a shorter alias.",
                (ctx.weigh(limit, length, _basis(ctx)),),
            )
    if not outputs.complete:
        yield Unproven(outputs.reason)
