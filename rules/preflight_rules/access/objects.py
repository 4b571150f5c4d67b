"""Whether the warehouse knows what the query asks for."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.errors import Cause
from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, Missing, Scope, rule


@rule("PF601", Severity.ERROR, scope=Scope.QUERY, uses={Fact.SCHEMA, Fact.TABLES})
def query_refused_by_warehouse(ctx: Context) -> Iterator[Outcome]:
    """The warehouse does not compile the query.

    Why: the platform sends the text as it is, so what the warehouse refuses here fails in every run. A table that is
        not there has a rule of its own.
    Fails:
        sql: SELECT c.customer_id, c.nope, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
    Remedy: run the query in the warehouse and mend what it says.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    missing = ctx.missing(Fact.SCHEMA)
    if missing is None:
        return
    if missing.cause is None or not missing.cause.blames_query:
        yield Unproven(missing.reason)
    elif missing.cause is Cause.NOT_FOUND and _absent(ctx):
        yield Unproven("a table that the query reads is not there, so the warehouse could not compile it")
    else:
        start = missing.offset or 0
        yield Fault(
            f"{missing.reason[:1].upper()}{missing.reason[1:].rstrip('.')}.",
            ctx.at_sql(start, None if missing.offset is None else start + max(1, len(missing.name))),
            "Run the query in the warehouse and mend what it says.",
        )


def _absent(ctx: Context) -> bool:
    if ctx.missing(Fact.TABLES):
        return False
    return any(isinstance(table, Missing) and table.cause is Cause.NOT_FOUND for table in ctx.tables.values())


@rule("PF602", Severity.ERROR, scope=Scope.QUERY, needs={Fact.TABLES})
def missing_table(ctx: Context) -> Iterator[Outcome]:
    """A table that the query reads does not exist, or the role may not see it.

    Why: warehouses answer alike for a table that is not there and for one that the role may not read; either way every
        run fails.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.customers (customer_id INT, updated_at TIMESTAMP)
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
    Remedy: correct the name, or grant the role SELECT on the table and USAGE on its database and schema.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    for use in ctx.query.tables:
        table = ctx.tables.get(use.ref)
        if not isinstance(table, Missing):
            continue
        if ctx.basis(Fact.TABLES).stand_in and use.ref.schema.casefold() == "information_schema":
            yield Unproven(f"{use.ref} is the warehouse's own, which a stand-in file does not have")
            continue
        if table.cause is not Cause.NOT_FOUND:
            yield Unproven(table.reason)
            continue
        yield Fault(
            f"There is no table {use.ref}, or the role may not see it.",
            use.place,
            "Correct the name, or grant the role SELECT on it and USAGE on its database and schema.",
        )
