"""What the query is made of."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule


def _unanalysed(ctx: Context) -> Iterator[Outcome]:
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)


@rule("PF104", Severity.ERROR, scope=Scope.QUERY)
def common_table_expression(ctx: Context) -> Iterator[Outcome]:
    """The query has a WITH clause.

    Why: the documentation names WITH as unsupported. Whether today's version takes it could not be read, so it is
        refused; a waiver is the way past it for those who know better.
    Fails:
        sql: WITH c AS (SELECT 1 AS customer_id) SELECT customer_id FROM c
    Passes:
        sql: SELECT customer_id FROM (SELECT 1 AS customer_id) AS c
    Remedy: write the common table expression as a subquery in FROM.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    yield from _unanalysed(ctx)
    for node in ctx.query.nodes("CTE"):
        yield Fault(
            f"The query has a common table expression, {node.alias}; WITH is documented as unsupported.",
            ctx.query.place(node.args["alias"]),
            "Write it as a subquery in FROM.",
        )


@rule("PF108", Severity.WARNING, scope=Scope.QUERY)
def select_star(ctx: Context) -> Iterator[Outcome]:
    """The output's columns come from a star over a table.

    Why: a column that is added to the table later becomes a user attribute without anybody's doing, and may be the
        101st. A star over a subquery that lists its columns is no fault.
    Fails:
        sql: SELECT * FROM crm.public.contacts AS c
    Passes:
        sql: SELECT q.* FROM (SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c) AS q
    Remedy: name the columns.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    yield from _unanalysed(ctx)
    for place in ctx.query.open_stars():
        yield Fault(
            f"{ctx.query.sql.text[place.start : place.end]} puts out whatever the table holds on the day of a run.",
            place,
            "Name the columns that should become identities and attributes.",
        )
