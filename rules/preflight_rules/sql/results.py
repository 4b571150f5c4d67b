"""What the query's result will be: which rows, and whether they stay the same."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule


def _iterator(ctx: Context) -> str:
    """The iterator's name without case; empty where there is none."""
    sync = ctx.used_by.sync_mode if ctx.used_by is not None else None
    return (sync.iterator_field or "").casefold() if sync is not None and sync.type == "incremental" else ""


@rule("PF116", Severity.ERROR, scope=Scope.QUERY)
def aggregate_without_group_by(ctx: Context) -> Iterator[Outcome]:
    """A column stands beside an aggregate, and there is no GROUP BY.

    Why: no warehouse takes it. Only what is certain is reported: COUNT, SUM, AVG, MIN or MAX beside a column of the
        same SELECT.
    Fails:
        sql: SELECT c.customer_id, MAX(c.updated_at) AS updated_at FROM crm.public.contacts AS c
    Passes:
        sql: >-
            SELECT c.customer_id, MAX(c.updated_at) AS updated_at FROM crm.public.contacts AS c GROUP BY c.customer_id
    Remedy: group by the column.
    Source: the warehouses' SQL; a sample query of mParticle's own docs has this fault
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for column in ctx.query.stray_columns:
        place = ctx.query.place(column)
        written = ctx.query.sql.text[place.start : place.end]
        yield Fault(
            f"{written} stands beside an aggregate, and the SELECT has no GROUP BY.", place, f"Group by {written}."
        )


@rule("PF119", Severity.WARNING, scope=Scope.QUERY)
def non_deterministic_column(ctx: Context) -> Iterator[Outcome]:
    """An output column is another one at every run.

    Why: a value from the clock or from a random generator says nothing of the row: it is loaded when the row happens to
        change, and is old afterwards. The iterator has a rule of its own.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, CURRENT_DATE AS loaded FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c WHERE c.signed_up < CURRENT_DATE
    Remedy: put out a value of the row's own.
    Source: INF, from how incremental runs read rows
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for projection in ctx.query.projections:
        if projection.name is not None and projection.name.casefold() == _iterator(ctx):
            continue
        whole = projection.whole
        for place in (*ctx.query.clock_readings(whole), *ctx.query.random_calls(whole)):
            word = ctx.query.sql.text[place.start : place.end]
            yield Fault(
                f"The column {projection.name or projection.index + 1} depends on {word}, so on when it is read.",
                place,
                "Put out a value of the row's own.",
            )


@rule("PF120", Severity.WARNING, scope=Scope.QUERY)
def cartesian_join(ctx: Context) -> Iterator[Outcome]:
    """A join has no condition.

    Why: every row is paired with every row, so one customer becomes many rows, and a small table a big load. What WHERE
        may link is left alone, as is a subquery of one row.
    Fails:
        sql: SELECT c.customer_id, o.total FROM crm.public.contacts AS c CROSS JOIN crm.public.orders AS o
    Passes:
        sql: >-
            SELECT c.customer_id, o.total FROM crm.public.contacts AS c JOIN crm.public.orders AS o ON o.cid = c.cid
    Remedy: join on the columns that the two have in common.
    Source: INF, from what SQL does
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for source in ctx.query.cartesian_sources:
        name = source.alias_or_name
        yield Fault(
            f"{name or 'A subquery'} is joined without a condition: every row is paired with every other.",
            ctx.query.place(source),
            "Join on the columns that the two have in common.",
        )


@rule("PF122", Severity.WARNING, scope=Scope.QUERY)
def own_watermark_filter(ctx: Context) -> Iterator[Outcome]:
    """The query filters on the iterator itself.

    Why: the platform filters on the iterator at every run. A date of the query's own cuts away what a late run or the
        historical load would have read. That the two meet is inferred from the wrapped forms.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c WHERE c.updated_at > '2026-01-01'
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c WHERE c.signed_up > '2026-01-01'
    Remedy: use the sync mode's from and until.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source), the wrapped forms
    """
    iterator = _iterator(ctx)
    if not iterator:
        yield Inapplicable("there is no pipeline with an iterator")
        return
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for predicate in ctx.query.filters_on(iterator):
        place = ctx.query.place(predicate)
        yield Fault(
            f"WHERE compares the iterator with a date of its own: {ctx.query.sql.text[place.start : place.end]}.",
            place,
            "Remove it, and narrow the load with the sync mode's from and until.",
        )
