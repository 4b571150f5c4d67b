"""What the query takes from outside itself: a session's variables and tables, another database."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.config import EnvRef
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule

_TEMPORARY = ("_session", "global_temp", "pg_temp")
_HOMES = {"snowflake": ("database",), "redshift": ("database",), "bigquery": ("project_id", "dataset_id")}
"""The config's keys that say where a connection is at home, outermost first."""


@rule("PF113", Severity.ERROR, scope=Scope.QUERY)
def session_object(ctx: Context) -> Iterator[Outcome]:
    """The query uses a variable, a parameter or a temporary table.

    Why: those belong to a session; the platform opens its own and sets nothing in it.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c WHERE c.region = $region
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c WHERE c.region = 'eu'
    Remedy: write the value, or a table that lasts.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source): the text is sent as it
        is
    """
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    for place in ctx.query.parameters:
        yield Fault(
            f"{ctx.query.sql.text[place.start : place.end]} is set by a session, and the platform's has no such thing.",
            place,
            "Write the value itself.",
        )
    for use in ctx.query.tables:
        if use.ref.name.startswith("#") or use.ref.schema.casefold() in _TEMPORARY:
            yield Fault(
                f"The table {use.ref} is a temporary one, which only the session that made it sees.",
                use.place,
                "Read a table or a view that lasts.",
            )


@rule("PF125", Severity.WARNING, scope=Scope.QUERY)
def other_database_than_the_connections(ctx: Context) -> Iterator[Outcome]:
    """A table lies outside of the connection's database, or of its project and dataset.

    Why: mParticle's user was granted what the connection names; in BigQuery the other dataset may also lie in another
        location. That other databases need grants of their own is inferred.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM shop.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: see that mParticle's user may read there, or give it a connection of its own.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source), the grants
    """
    keys = _HOMES.get(ctx.query.dialect, ())
    if ctx.connection is None or not keys:
        yield Inapplicable("the connection's config names no database")
        return
    if ctx.query.unanalysed:
        yield Unproven(ctx.query.unanalysed)
    aliases = {alias.name.casefold() for alias in ctx.query.nodes("TableAlias")}
    for key in keys:
        home = ctx.connection.config.get(key)
        if isinstance(home, EnvRef):
            yield Unproven(f"{key} stands in the variable {home.env}, which is read when it is sent")
            continue
        for use in ctx.query.tables:
            part = use.ref.schema if key == "dataset_id" else use.ref.catalog
            if not home or not part or use.ref.schema.casefold() == "information_schema":
                continue
            if part.casefold() not in aliases and _differs(part, str(home)):
                yield Fault(
                    f"The table {use.ref} lies in {part}, but the connection's {key} is {home}.",
                    use.place,
                    "See that mParticle's user may read it.",
                )


def _differs(part: str, home: str) -> bool:
    return part.casefold() != home.strip('`"').casefold()
