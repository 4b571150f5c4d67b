"""The outermost query's clauses, which stand inside the platform's own query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule

_LIMITS = ("LIMIT", "TOP", "FETCH")


@rule("PF114", Severity.WARNING, scope=Scope.QUERY)
def top_level_limit(ctx: Context) -> Iterator[Outcome]:
    """The query cuts its own result off.

    Why: the platform filters by the iterator outside of the query, after LIMIT, TOP, FETCH or OFFSET has thrown rows
        away; which rows those are changes from run to run. The order of the two is inferred from the wrapped forms.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c LIMIT 1000
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: remove it, or use the sync mode's from and until.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source), the wrapped forms
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for query in ctx.query.outermost:
        for key, keywords in (("limit", _LIMITS), ("offset", ("OFFSET",))):
            clause = query.args.get(key)
            if clause and not _cuts_nothing(clause):
                place = ctx.query.clause(clause, *keywords)
                yield Fault(
                    f"{ctx.query.sql.text[place.start : place.end]} cuts rows off before the platform filters them.",
                    place,
                    "Remove it, or narrow the load with the sync mode's from and until.",
                )


def _cuts_nothing(clause: Any) -> bool:
    """``LIMIT ALL``, ``LIMIT NULL`` and ``OFFSET 0``."""
    count = clause.args.get("expression")
    if type(clause).__name__ == "Offset":
        return count is not None and count.name == "0"
    return type(count).__name__ == "Null" or (type(count).__name__ in ("Var", "Column") and count.name.upper() == "ALL")


@rule("PF115", Severity.INFO, scope=Scope.QUERY)
def top_level_order_by(ctx: Context) -> Iterator[Outcome]:
    """The query orders its result.

    Why: ORDER BY is supported, but inside the platform's outer query no order is kept; it only costs time.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c ORDER BY c.updated_at
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: remove it.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for query in ctx.query.outermost:
        if (clause := query.args.get("order")) and not query.args.get("limit"):
            yield Fault(
                "The outermost ORDER BY has no effect inside the platform's own query.",
                ctx.query.clause(clause, "ORDER_BY"),
                "Remove it.",
            )


_UNLISTED = {
    "Union": ("UNION",),
    "Intersect": ("INTERSECT",),
    "Except": ("EXCEPT",),
    "Having": ("HAVING",),
    "Limit": ("LIMIT", "TOP"),
    "Fetch": ("FETCH",),
    "Offset": ("OFFSET",),
    "Qualify": ("QUALIFY",),
    "Pivot": ("PIVOT", "UNPIVOT"),
    "Lateral": ("LATERAL",),
    "Unnest": ("UNNEST",),
    "Window": ("OVER",),
    "TableSample": ("TABLE_SAMPLE",),
}
"""Clauses that neither list of the docs names, by node and by the keyword's token type."""


@rule("PF118", Severity.INFO, scope=Scope.QUERY)
def clause_not_on_the_supported_list(ctx: Context) -> Iterator[Outcome]:
    """The query has clauses that the documentation does not name as supported.

    Why: it names SELECT, DISTINCT, FROM, JOIN, ON, WHERE, IN, GROUP BY, ORDER BY and AS as fully supported. Since the
        text is sent to the warehouse as it is, others should work; nobody promises it.
    Fails:
        sql: SELECT c.a FROM crm.public.contacts AS c UNION ALL SELECT d.a FROM crm.public.leads AS d
    Passes:
        sql: SELECT DISTINCT c.a FROM crm.public.contacts AS c
    Remedy: try the pipeline in development first.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    wanted = [name for kind, names in _UNLISTED.items() if ctx.query.has(kind) for name in names]
    found = ctx.query.keywords(*wanted)
    if found:
        texts = [ctx.query.sql.text[place.start : place.end].upper() for place in found]
        yield Fault(
            f"The documentation's list of supported words lacks {', '.join(dict.fromkeys(texts))}.",
            found[0],
            "Try the pipeline in development first, or write the query without.",
        )
