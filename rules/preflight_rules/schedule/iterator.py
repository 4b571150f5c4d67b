"""The iterator: the column that says which rows a run reads."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, rule


@rule("PF301", Severity.ERROR, uses={Fact.SCHEMA})
def iterator_missing_from_output(ctx: Context) -> Iterator[Outcome]:
    """The iterator is not among the query's output columns.

    Why: the platform filters the wrapped query on the iterator, so the column must come out of it. Names are compared
        without case.
    Fails:
        sql: SELECT c.customer_id, c.changed_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.changed_at AS updated_at FROM crm.public.contacts AS c
    Remedy: put the column out, or name another one as `iterator_field`.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    iterator = ctx.pipeline.sync_mode.iterator_field
    if ctx.pipeline.sync_mode.type != "incremental" or not iterator:
        yield Inapplicable("the sync mode has no iterator")
        return
    outputs = ctx.outputs
    if outputs.named(iterator) is not None:
        return
    if not outputs.complete:
        yield Unproven(outputs.reason)
        return
    names = {column.name.casefold(): column.name for column in outputs.columns if column.name}
    from difflib import get_close_matches

    close = get_close_matches(iterator.casefold(), names, n=1)
    remedy = f"Write {names[close[0]]}, or put {iterator} out." if close else f"Add {iterator} to the select list."
    yield Fault(
        f"The iterator {iterator} is not among the query's {len(outputs.columns)} output columns.",
        ctx.at("sync_mode", "iterator_field"),
        remedy,
    )


@rule("PF302", Severity.ERROR)
def incremental_without_iterator(ctx: Context) -> Iterator[Outcome]:
    """An incremental pipeline names no iterator, or not its type.

    Why: without `iterator_field` and `iterator_data_type` the platform cannot tell which rows are new.
    Fails:
        pipeline: {sync_mode: {iterator_field: null}}
    Passes:
        pipeline: {sync_mode: {iterator_field: updated_at, iterator_data_type: timestamp_ntz}}
    Remedy: name the column that moves when a row changes, and its type.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    sync = ctx.pipeline.sync_mode
    if sync.type != "incremental":
        yield Inapplicable("the sync mode is not incremental")
        return
    for key, value in (("iterator_field", sync.iterator_field), ("iterator_data_type", sync.iterator_data_type)):
        if not value:
            yield Fault(
                f"The sync mode is incremental but names no {key}.",
                ctx.at("sync_mode"),
                f"Add {key}, or choose the full mode.",
            )
