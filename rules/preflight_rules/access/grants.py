"""What the sync's own principal may do, and what the warehouse says to the platform's statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from preflight.errors import Cause
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.location import Place
from preflight.model import Provider, Right, TraitKind
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


@rule("PF605", Severity.WARNING, scope=Scope.CONNECTION, uses={Fact.ACCESS})
def writing_principal(ctx: Context) -> Iterator[Outcome]:
    """The principal that the sync runs as may change tables.

    Why: a sync only reads; whoever gets hold of its password can do all that its role may.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights: []
          excess: [{privilege: INSERT, kind: table, name: CRM.PUBLIC.CONTACTS, held: true}]
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access: {principal: role MPARTICLE_READER, rights: [], excess: []}
    Remedy: give the sync a role of its own that may only read.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source: a dedicated role
        with read-only grants)
    """
    if (missing := ctx.missing(Fact.ACCESS)) is not None:
        yield _not_asked(missing.reason, missing.cause)
        return
    held = ctx.access.excess
    if held is None:
        yield Unproven(f"no right to write of {ctx.access.principal} is known, and not all can be listed")
    elif held:
        first = held[0]
        more = f", and {len(held) - 1:,} further rights like it" if len(held) > 1 else ""
        yield Fault(
            f"{ctx.access.principal} has {first.privilege} on the {first.kind} {first.name}{more}.",
            ctx.at("config"),
            "Give the sync a role of its own that may only read.",
        )


@rule("PF606", Severity.ERROR, scope=Scope.CONNECTION, uses={Fact.ACCESS})
def stale_storage_integration(ctx: Context) -> Iterator[Outcome]:
    """The connection's AWS user or external id is not the storage integration's own.

    Why: mParticle's bucket lets in the user and the external id that the connection names; CREATE OR REPLACE STORAGE
        INTEGRATION makes new ones, and then every run fails.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights: []
          traits: [{kind: STORAGE_AWS_EXTERNAL_ID, name: MP_EU1_12_345_S3, value: "XY98765_SFCRole=2_new="}]
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights: []
          traits: [{kind: STORAGE_AWS_EXTERNAL_ID, name: MP_EU1_12_345_S3, value: "XY98765_SFCRole=2_exampleId="}]
    Remedy: copy the value that DESCRIBE INTEGRATION shows into the connection's config.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    yield from _compared(
        ctx,
        {TraitKind.INTEGRATION_USER_ARN: "aws_iam_user_arn", TraitKind.INTEGRATION_EXTERNAL_ID: "aws_external_id"},
        "Copy the value that DESCRIBE INTEGRATION shows into the connection's config.",
    )


@rule("PF607", Severity.ERROR, scope=Scope.CONNECTION, uses={Fact.ACCESS})
def disabled_storage_integration(ctx: Context) -> Iterator[Outcome]:
    """The storage integration that the sync unloads through is switched off.

    Why: every run unloads its rows through it.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights: []
          traits: [{kind: enabled, name: MP_EU1_12_345_S3, value: "false"}]
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: role MPARTICLE_READER
          rights: []
          traits: [{kind: enabled, name: MP_EU1_12_345_S3, value: "true"}]
    Remedy: have an account administrator run ALTER STORAGE INTEGRATION ... SET ENABLED = TRUE.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    if (outcome := _without_traits(ctx, TraitKind.INTEGRATION_ENABLED)) is not None:
        yield outcome
    for trait in ctx.access.traits if ctx.missing(Fact.ACCESS) is None else ():
        if trait.kind is TraitKind.INTEGRATION_ENABLED and trait.value.casefold() == "false":
            yield Fault(
                f"The storage integration {trait.name} is switched off.",
                ctx.at("config"),
                f"Have an account administrator run `ALTER STORAGE INTEGRATION {trait.name} SET ENABLED = TRUE`.",
            )


@rule("PF608", Severity.ERROR, scope=Scope.CONNECTION, uses={Fact.ACCESS})
def wrong_dataset_location(ctx: Context) -> Iterator[Outcome]:
    """The connection's region is not where the dataset is kept.

    Why: BigQuery runs a query where its data is, and finds no dataset elsewhere.
    Fails:
        dialect: bigquery
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access: {principal: mparticle-sync, rights: [], traits: [{kind: location, name: crm.public, value: US}]}
    Passes:
        dialect: bigquery
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access:
          principal: mparticle-sync
          rights: []
          traits: [{kind: location, name: crm.public, value: EUROPE-WEST3}]
    Remedy: write the dataset's location as the connection's region.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    yield from _compared(
        ctx, {TraitKind.LOCATION: "region"}, "Write the dataset's location as the connection's region."
    )


@rule("PF609", Severity.INFO, scope=Scope.CONNECTION, uses={Fact.ACCESS})
def warehouse_does_not_resume(ctx: Context) -> Iterator[Outcome]:
    """The virtual warehouse does not start by itself when a statement comes.

    Why: a run that comes while it is suspended fails.
    Fails:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access: {principal: R, rights: [], traits: [{kind: auto-resume, name: SYNC_WH, value: "false"}]}
    Passes:
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
        access: {principal: R, rights: [], traits: [{kind: auto-resume, name: SYNC_WH, value: "true"}]}
    Remedy: ALTER WAREHOUSE ... SET AUTO_RESUME = TRUE, or see to it that it runs.
    Source: INF Snowflake's own documentation of AUTO_RESUME
    """
    if (outcome := _without_traits(ctx, TraitKind.AUTO_RESUME)) is not None:
        yield outcome
    for trait in ctx.access.traits if ctx.missing(Fact.ACCESS) is None else ():
        if trait.kind is TraitKind.AUTO_RESUME and trait.value == "false":
            yield Fault(
                f"The warehouse {trait.name} does not start by itself.",
                ctx.at("config", "warehouse"),
                f"Run `ALTER WAREHOUSE {trait.name} SET AUTO_RESUME = TRUE`, or see to it that it runs.",
            )


def _compared(ctx: Context, fields: Mapping[TraitKind, str], remedy: str) -> Iterator[Outcome]:
    """A fault for each trait that the connection's config says otherwise; for what it leaves out there is a rule."""
    if (outcome := _without_traits(ctx, *fields)) is not None:
        yield outcome
        return
    assert ctx.connection is not None  # noqa: S101 - the scope is the connection
    for trait in ctx.access.traits:
        field = fields.get(trait.kind)
        written = ctx.connection.config.get(field) if field else None
        if isinstance(written, str) and written.casefold() != trait.value.casefold():
            yield Fault(
                f"`{field}` is {written}, but {trait.name} has {trait.value}.", ctx.at("config", field or ""), remedy
            )


def _without_traits(ctx: Context, *kinds: TraitKind) -> Outcome | None:
    """How a rule ends that looks at these traits and has none."""
    if (missing := ctx.missing(Fact.ACCESS)) is not None:
        return _not_asked(missing.reason, missing.cause)
    if any(trait.kind in kinds for trait in ctx.access.traits):
        return None
    provider = ctx.connection.service_provider if ctx.connection else None
    wanted = Provider.BIGQUERY if TraitKind.LOCATION in kinds else Provider.SNOWFLAKE
    if provider is not wanted:
        return Inapplicable(f"only {wanted.label} has this")
    return Unproven(f"{ctx.access.principal} may not see what this is about, or it was not told")
