"""Whether the text is one query at all. The parser finds it; these rules give it a code, a page and its severity."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule


def _report(ctx: Context, kind: str, *, judged: bool) -> Iterator[Outcome]:
    """The query's problems of one kind; where there is none and the text could not be judged, why it could not."""
    found = [Fault(p.message, ctx.at_sql(p.start, p.end), p.remedy) for p in ctx.sql_problems(kind)]
    yield from found
    if not found and not judged:
        yield Unproven(ctx.query.unanalysed)


@rule("PF101", Severity.ERROR, scope=Scope.QUERY)
def sql_syntax_error(ctx: Context) -> Iterator[Outcome]:
    """The SQL does not parse in its warehouse's dialect.

    Why: the platform sends the text as it is. preflight's parser knows nearly all of the four dialects; where it is
        wrong, the warehouse's own word counts, and a waiver says so.
    Fails:
        sql: SELECT c.customer_id c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: mend the syntax, or run the query in the warehouse to see what it says.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    yield from _report(ctx, "sql-syntax-error", judged=not ctx.query.unanalysed)


@rule("PF102", Severity.ERROR, scope=Scope.QUERY)
def multiple_statements(ctx: Context) -> Iterator[Outcome]:
    """The data model holds more than one statement.

    Why: the platform wraps the text in an outer SELECT, so it must be exactly one query.
    Fails:
        sql: SELECT 1 AS a; SELECT 2 AS b
    Passes:
        sql: SELECT 1 AS a
    Remedy: keep one SELECT and move the others out.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    yield from _report(ctx, "multiple-statements", judged=ctx.query.lexed)


@rule("PF103", Severity.ERROR, scope=Scope.QUERY)
def not_a_query(ctx: Context) -> Iterator[Outcome]:
    """The statement does something else than read.

    Why: only SELECT is supported; DELETE, UPDATE, DROP, CREATE and ALTER are named as unsupported, and nothing that
        writes can stand inside an outer SELECT.
    Fails:
        sql: DELETE FROM crm.public.contacts
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: write one SELECT.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    yield from _report(ctx, "not-a-query", judged=not ctx.query.unanalysed)
    for node in ctx.query.nodes("Lock"):
        yield Fault("FOR UPDATE locks the rows that it reads.", ctx.query.place(node), "Take FOR UPDATE out.")
    text = ctx.query.sql.text.upper()
    if not any(word in text for word in ("SYSTEM$", *_ACTING)):
        return
    for node in ctx.query.nodes("Anonymous", "Column"):
        name = node.name.upper()
        if (name.startswith("SYSTEM$") and name != "SYSTEM$TYPEOF") or name in _ACTING:
            yield Fault(f"{name} does something else than read.", ctx.query.place(node), "Take it out.")


_ACTING = ("NEXTVAL", "SETVAL", "PG_TERMINATE_BACKEND", "PG_CANCEL_BACKEND")
"""Functions that change or stop something, though they stand in a SELECT; with all but one of Snowflake's SYSTEM$."""


@rule("PF106", Severity.ERROR, scope=Scope.QUERY)
def templated_sql(ctx: Context) -> Iterator[Outcome]:
    """The SQL holds a template expression.

    Why: neither the platform nor the warehouse renders `{{ }}`, `{% %}` or `{# #}`.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM {{ ref('contacts') }} AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: render the template first, and give the data model the rendered SQL.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source): the dialect is the
        warehouse's
    """
    yield from _report(ctx, "templated-sql", judged=ctx.query.lexed or bool(ctx.query.problems))


@rule("PF107", Severity.ERROR, scope=Scope.QUERY)
def trailing_semicolon(ctx: Context) -> Iterator[Outcome]:
    """The SQL ends in a semicolon.

    Why: the text is put inside the parentheses of an outer query, where a semicolon cannot stand. That it is not cut
        off first is inferred from the wrapped forms that the docs show.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c;
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: remove the semicolon.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    yield from _report(ctx, "trailing-semicolon", judged=ctx.query.lexed)


@rule("PF110", Severity.ERROR, scope=Scope.QUERY)
def empty_sql(ctx: Context) -> Iterator[Outcome]:
    """The data model has no SQL.

    Why: there is nothing to read.
    Fails:
        sql: "-- to be written"
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: write the query that the pipeline should read.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _report(ctx, "empty-sql", judged=ctx.query.lexed)


@rule("PF111", Severity.ERROR, scope=Scope.QUERY)
def sql_not_analysed(ctx: Context) -> Iterator[Outcome]:
    """The SQL is too deep or too long to be analysed.

    Why: what preflight does not understand it does not pass. It never reports a finding: it says what is missing, so
        that nothing is created without it.
    Fails:
        nested: 500
        expect: unproven
    Passes:
        nested: 300
    Remedy: move the deep part into a view.
    Source: preflight's own bounds
    """
    if ctx.query.unanalysed and not ctx.query.problems:
        yield Unproven(ctx.query.unanalysed)
