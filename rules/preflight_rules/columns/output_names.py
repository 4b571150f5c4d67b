"""The names of the columns that a data model puts out."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, Scope, rule


@rule("PF202", Severity.ERROR, scope=Scope.QUERY)
def unnamed_output_column(ctx: Context) -> Iterator[Outcome]:
    """An output column has no name of its own.

    Why: the column's name becomes the attribute's name. Without an alias the warehouse invents one (`COUNT(*)`, `f0_`,
        `?column?`), which differs between warehouses and changes with the expression.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, UPPER(c.city) FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, UPPER(c.city) AS city FROM crm.public.contacts AS c
    Remedy: give every expression an alias.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for projection in ctx.query.projections:
        if projection.name is None and not projection.is_star:
            yield Fault(
                f"Output column {projection.index + 1} has no name of its own.",
                projection.place,
                "Give the expression an alias: it becomes the attribute's name.",
            )


@rule("PF203", Severity.ERROR, scope=Scope.QUERY, uses={Fact.SCHEMA})
def duplicate_output_column(ctx: Context) -> Iterator[Outcome]:
    """Two output columns have one name.

    Why: the platform wraps the query in `SELECT *` and builds an object of each row, so one of the two values is lost
        or the query fails. Names are compared without case, as identity names are.
    Fails:
        sql: SELECT c.customer_id, c.updated_at, c.city, c.town AS city FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at, c.city, c.town FROM crm.public.contacts AS c
    Remedy: rename or remove one of them.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source; the effect is inferred)
    """
    outputs = ctx.outputs
    first: dict[str, OutputColumn] = {}
    for column in outputs.columns:
        if column.name is None:
            continue
        earlier = first.setdefault(column.name.casefold(), column)
        if earlier is not column:
            yield Fault(
                f"Output columns {earlier.index + 1} and {column.index + 1} are both called {column.name}.",
                column.place,
                "Rename or remove one of the two.",
            )
    if not outputs.complete:
        yield Unproven(outputs.reason)
