"""What the sync's own principal may do, and what the warehouse says to the platform's statements."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.errors import Cause
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.location import Place
from preflight.model import Right
from preflight.rule import Context, Fact, Scope, rule


@rule("PF603", Severity.ERROR, scope=Scope.QUERY, uses={Fact.ACCESS})
def missing_grant(ctx: Context) -> Iterator[Outcome]:
    """The principal that the sync runs as lacks a right that it needs.

    Why: the platform logs in as the connection's own role or service account; what that may not read, no run can read,
        whatever the person may who wrote the query.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights:
            - {privilege: USAGE, kind: schema, name: CRM.PUBLIC, held: false, grant: GRANT USAGE ON CRM.PUBLIC TO R}
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights:
            - {privilege: USAGE, kind: schema, name: CRM.PUBLIC, held: true}
    Remedy: have somebody who may run the GRANT, or the binding, that the finding prints.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    if (missing := ctx.missing(Fact.ACCESS)) is not None:
        yield _not_asked(missing.reason, missing.cause)
        return
    access = ctx.access
    for right in access.rights:
        if right.held is False:
            yield Fault(
                f"{access.principal} lacks {right.privilege} on the {right.kind} {right.name}."
                + (f" {right.note}" if right.note else ""),
                _place(ctx, right),
                f"Run `{right.grant}`."
                if right.grant
                else f"Give {access.principal} {right.privilege} on {right.name}.",
            )
        elif right.held is None:
            what = f"{right.privilege} on the {right.kind} {right.name}"
            why = f": {right.note}" if right.note else ""
            yield Unproven(f"whether {access.principal} holds {what} could not be asked{why}")


def _place(ctx: Context, right: Right) -> Place:
    """The table in the query that needs the right, else the connection."""
    for use in ctx.query.tables:
        if right.table is not None and use.ref == right.table:
            return use.place
    return ctx.at("config", of=ctx.connection)


def _not_asked(reason: str, cause: Cause | None) -> Outcome:
    """A stand-in has no principal at all; a warehouse that was not asked leaves the question open."""
    return Inapplicable(reason) if cause is Cause.UNSUPPORTED else Unproven(reason)


@rule("PF604", Severity.ERROR, scope=Scope.QUERY, uses={Fact.REHEARSAL})
def platform_statement_refused(ctx: Context) -> Iterator[Outcome]:
    """The warehouse refuses a statement that the platform makes of the query.

    Why: the platform puts the text into an outer SELECT to discover its columns, to count an interval's rows and to
        extract them; a query that runs by itself may fail there, as one whose iterator is only found in quotes does.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        rehearsal: [{purpose: count, text: SELECT COUNT(*) FROM (...), refusal: "invalid identifier 'UPDATED_AT'"}]
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        rehearsal: [{purpose: count, text: SELECT COUNT(*) FROM (...)}]
    Remedy: name the iterator without quotes, give each output column a name, and keep the text to one SELECT.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if (missing := ctx.missing(Fact.REHEARSAL)) is not None:
        yield _not_asked(missing.reason, missing.cause)
        return
    for rehearsed in ctx.rehearsal:
        if rehearsed.refusal:
            yield Fault(
                f"The warehouse refuses the statement by which the platform would {_DOES[rehearsed.purpose]}: "
                f"{rehearsed.refusal.rstrip('.')}.",
                ctx.at_sql(),
                "Name the iterator without quotes, give each output column a name, and keep the text to one SELECT.",
            )


_DOES = {
    "discover columns": "discover the columns",
    "count": "count an interval's rows",
    "extract": "extract an interval's rows",
}
