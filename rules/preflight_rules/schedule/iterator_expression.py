"""How the iterator is written: what it is made of, and whether the platform's filter finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Provider
from preflight.patterns import lazy
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, rule

_UPPER = lazy(r"[A-Z_][A-Z0-9_$]*", re.ASCII)
_PLAIN = lazy(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@rule("PF320", Severity.WARNING)
def iterator_from_the_clock(ctx: Context) -> Iterator[Outcome]:
    """The iterator is made from the clock.

    Why: a row's iterator says when the row changed. One that is always now puts every row into every run, or, since a
        run reads up to an instant before it, into none.
    Fails:
        sql: SELECT c.customer_id, CURRENT_TIMESTAMP AS updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: use the column that moves when the row changes.
    Source: INF, from how the platform filters on the iterator
    """
    iterator = ctx.pipeline.sync_mode.iterator_field
    if ctx.pipeline.sync_mode.type != "incremental" or not iterator or not ctx.has_query:
        yield Inapplicable("the sync mode has no iterator, or there is no query")
        return
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    own = [p for p in ctx.query.projections if p.name is not None and p.name.casefold() == iterator.casefold()]
    wholes = [projection.whole for projection in own]
    for _, item in ctx.query.origins(iterator):
        place = ctx.query.item_place(item)
        if not any(whole.start <= place.start < whole.end for whole in wholes):
            wholes.append(place)
    name = own[0].name if own else iterator
    for whole in wholes:
        for place in ctx.query.clock_readings(whole):
            yield Fault(
                f"The iterator {name} is made from {ctx.query.sql.text[place.start : place.end]}.",
                place,
                "Use the column that moves when the row changes.",
            )


def _column(ctx: Context, *, snowflake: bool) -> OutputColumn | Inapplicable | Unproven:
    """The iterator among the output columns, where the rule is for this warehouse."""
    iterator = ctx.pipeline.sync_mode.iterator_field
    if ctx.pipeline.sync_mode.type != "incremental" or not iterator:
        return Inapplicable("the sync mode has no iterator")
    if ctx.connection is None or (ctx.connection.service_provider is Provider.SNOWFLAKE) is not snowflake:
        return Inapplicable("another rule judges the iterator's name in this warehouse")
    column = ctx.outputs.named(iterator)
    if column is not None:
        return column
    return Inapplicable("the iterator is no output column") if ctx.outputs.complete else Unproven(ctx.outputs.reason)


@rule("PF306", Severity.ERROR, uses={Fact.SCHEMA})
def iterator_needs_quotes(ctx: Context) -> Iterator[Outcome]:
    """Snowflake would not find the iterator by its name without quotes.

    Why: the platform writes the iterator without quotes into its filter, as the documented query shows, so Snowflake
        looks for the name in upper case.
    Fails:
        sql: SELECT c.customer_id, c.updated_at AS "updated_at" FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at AS updated_at FROM crm.public.contacts AS c
    Remedy: leave the alias unquoted.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source), the wrapped forms
    """
    column = _column(ctx, snowflake=True)
    if not isinstance(column, OutputColumn):
        yield column
    elif not _UPPER.fullmatch(column.name or ""):
        yield Fault(
            f'The iterator comes out as "{column.name}", which is not found without quotes.',
            column.place,
            "Give it an alias of letters, digits and underscores without quotes.",
        )


@rule("PF307", Severity.WARNING, uses={Fact.SCHEMA})
def iterator_with_odd_characters(ctx: Context) -> Iterator[Outcome]:
    """The iterator's name holds characters that need quotes.

    Why: the platform writes the iterator without quotes into its filter, as the documented query for Snowflake shows;
        for the other warehouses this is inferred.
    Fails:
        dialect: bigquery
        sql: SELECT c.customer_id, c.updated_at AS `updated-at` FROM crm.public.contacts AS c
        pipeline: {sync_mode: {iterator_field: updated-at}}
    Passes:
        dialect: bigquery
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: give it an alias of letters, digits and underscores.
    Source: INF, from V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (the wrapped forms)
    """
    column = _column(ctx, snowflake=False)
    if not isinstance(column, OutputColumn):
        yield column
    elif not _PLAIN.fullmatch(column.name or ""):
        yield Fault(
            f"The iterator {column.name} is not found without quotes.",
            column.place,
            "Give it an alias of letters, digits and underscores.",
        )
