"""What the query's names stand for."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, Scope, rule


@rule("PF117", Severity.ERROR, scope=Scope.QUERY, uses={Fact.SCHEMA})
def undeclared_table_alias(ctx: Context) -> Iterator[Outcome]:
    """A column is taken from a table or alias that the query does not have.

    Why: the warehouse refuses the query. Where a name before a dot may as well be a column with fields, only the
        warehouse can say.
    Fails:
        sql: SELECT t.customer_id, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: write the alias that FROM or JOIN gives the table.
    Source: the warehouses' SQL; a sample query of mParticle's own docs has this fault
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    seen = set()
    for name, place, certain in ctx.query.undeclared_qualifiers:
        if name.casefold() in seen:
            continue
        seen.add(name.casefold())
        if certain:
            yield Fault(f"No table of the query is called {name}.", place, "Write the alias that FROM gives the table.")
        elif ctx.missing(Fact.SCHEMA):
            yield Unproven(f"whether {name} is a column with fields is for the warehouse to say")


@rule("PF123", Severity.WARNING, scope=Scope.QUERY)
def case_not_preserved(ctx: Context) -> Iterator[Outcome]:
    """An alias in mixed case is not quoted.

    Why: Snowflake turns an unquoted name into upper case and Redshift into lower case, so the attribute gets another
        name than the one that is written.
    Fails:
        sql: SELECT c.customer_id, c.tier AS loyaltyTier, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.tier AS "loyaltyTier", c.updated_at FROM crm.public.contacts AS c
    Remedy: quote the alias; Redshift keeps the case only with `enable_case_sensitive_identifier`.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.query.dialect not in ("snowflake", "redshift"):
        yield Inapplicable("the warehouse keeps the case of names")
        return
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for projection in ctx.query.projections:
        written = ctx.query.sql.text[projection.place.start : projection.place.end]
        if not projection.renamed or projection.quoted or written in (written.upper(), written.lower()):
            continue
        quoted = f'"{written}"' if ctx.query.dialect == "snowflake" else "it in lower case with underscores"
        yield Fault(f"The alias {written} comes out as {projection.name}.", projection.place, f"Write {quoted}.")


@rule("PF127", Severity.ERROR, scope=Scope.QUERY)
def unquoted_dollar_name(ctx: Context) -> Iterator[Outcome]:
    """An alias that starts with `$` is not quoted in BigQuery.

    Why: BigQuery's unquoted names start with a letter or an underscore, so it refuses the query. The other warehouses
        take an unquoted `$` for a session's variable, which has a rule of its own.
    Fails:
        dialect: bigquery
        sql: SELECT c.customer_id, c.age AS $age, c.updated_at FROM crm.public.contacts AS c
    Passes:
        dialect: bigquery
        sql: SELECT c.customer_id, c.age AS `$age`, c.updated_at FROM crm.public.contacts AS c
    Remedy: put the alias into backticks.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source); the warehouses' SQL
    """
    if ctx.query.dialect != "bigquery":
        yield Inapplicable("an unquoted $ is a session's variable here, which session-object reports")
        return
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for projection in ctx.query.projections:
        written = ctx.query.sql.text[projection.place.start : projection.place.end]
        if projection.renamed and written.startswith("$"):
            message = f"{written} is no name that BigQuery takes without quotes."
            yield Fault(message, projection.place, f"Write `{written}`.")


@rule("PF128", Severity.ERROR, scope=Scope.QUERY)
def alias_in_string_quotes(ctx: Context) -> Iterator[Outcome]:
    """An alias stands in double quotes, which quote a string in this warehouse.

    Why: BigQuery and Databricks quote names with backticks; an alias that is a string is a syntax error there.
    Fails:
        dialect: bigquery
        sql: SELECT c.customer_id, c.tier AS "loyaltyTier", c.updated_at FROM crm.public.contacts AS c
    Passes:
        dialect: bigquery
        sql: SELECT c.customer_id, c.tier AS `loyaltyTier`, c.updated_at FROM crm.public.contacts AS c
    Remedy: put the alias into backticks.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source); the warehouses' SQL
    """
    if ctx.query.dialect not in ("bigquery", "databricks"):
        yield Inapplicable("double quotes quote names here")
        return
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for projection in ctx.query.projections:
        written = ctx.query.sql.text[projection.place.start : projection.place.end]
        if projection.renamed and written.startswith('"'):
            name = written.strip('"')
            yield Fault(f"{written} is a string here, and no alias.", projection.place, f"Write `{name}`.")
