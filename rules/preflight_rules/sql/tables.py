"""How the query names its tables."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule

_FORMS = {
    "snowflake": "database.schema.table",
    "bigquery": "project.dataset.table",
    "redshift": "schema.table",
    "databricks": "catalog.schema.table",
}
"""Redshift's database is the connection's own: a name may leave it out."""


def _with_parts(ctx: Context, parts: int) -> Iterator[Outcome]:
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    form = _FORMS[ctx.query.dialect]
    named = form.split(".")
    for use in ctx.query.tables:
        if len(use.ref.parts) == parts < len(named):
            yield Fault(
                f"The table {use.ref} is named without its {' and '.join(named[:-parts])}.",
                use.place,
                f"Write it as {form}.",
            )


@rule("PF105", Severity.ERROR, scope=Scope.QUERY)
def unqualified_table(ctx: Context) -> Iterator[Outcome]:
    """A table is named by its bare name.

    Why: the platform's session has defaults of its own, so a bare name may not resolve, or resolve to another table.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: write the fully qualified name.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    yield from _with_parts(ctx, 1)


@rule("PF109", Severity.WARNING, scope=Scope.QUERY)
def partly_qualified_table(ctx: Context) -> Iterator[Outcome]:
    """A table is named without its database, project or catalog.

    Why: mParticle recommends fully qualified names; the missing part comes from the session's default. On Redshift two
        parts are enough, since a connection has one database.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: write the fully qualified name.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    yield from _with_parts(ctx, 2)
