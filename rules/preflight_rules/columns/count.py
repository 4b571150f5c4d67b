"""How many columns a data model may put out."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import STATIC, Fault, Outcome, Severity, Unproven, Weighed
from preflight.rule import Context, Fact, Scope, rule


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
    measure = ctx.weigh(limit, count, ctx.basis(Fact.SCHEMA) if outputs.described else STATIC)
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
