"""Identities that are missing from rows, that stand for no one, or that have not the form of what they name.

Every rule here reads the profile of the identity columns: those with a reserved name in a user pipeline, those that a
mapping writes to an identity in an event pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from preflight.event_batch import identity_of
from preflight.finding import Fault, Inapplicable, Measure, Outcome, Severity, Weighed
from preflight.model import IdentityProfile
from preflight.rule import Context, Fact, rule
from preflight_rules.columns.profiled import profiled, share

_PHONES = ("mobile_number", "phone_number_2", "phone_number_3")


def _each(
    ctx: Context,
    number: Callable[[IdentityProfile], int],
    what: str,
    remedy: str,
    only: tuple[str, ...] | None = None,
) -> Iterator[Outcome]:
    """A fault for each identity column with rows that ``number`` counts; ``only`` narrows to these identities."""
    judged = False
    for column, profile in profiled(ctx):
        identity = profile.identity
        if identity is None or (only is not None and identity.identity not in only):
            continue
        judged = True
        if rows := number(identity):
            yield Fault(
                f"{share(ctx, rows)} {what} in {column.name}.",
                column.place,
                remedy,
                (Measure(f"{column.name}: rows that {what}", rows, "rows", basis=ctx.basis(Fact.VALUES)),),
            )
    if not judged:
        yield Inapplicable(f"no column is {' or '.join(only)}" if only else "no column is an identity")


def _nobody(ctx: Context) -> tuple[int, Measure] | Inapplicable:
    """The rows without any identity, and their measure."""
    mappings = ctx.field_transformation.mappings if ctx.field_transformation else ()
    if any(m.value and identity_of(m.destination) for m in mappings):
        return Inapplicable("a mapping gives every row the same identity")
    rows = ctx.values.rows_without_identity
    if rows is None:
        return Inapplicable("no column is an identity")
    return rows, Measure("rows without any identity", rows, "rows", basis=ctx.basis(Fact.VALUES))


@rule("PF240", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def mostly_without_identity(ctx: Context) -> Iterator[Outcome]:
    """More than half of the rows have no identity.

    Why: a row needs at least one identity so that it can be attached to a profile. Where most rows lack one, the query
        is not what was meant.
    Fails:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT NULL AS customer_id, '' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, '' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: leave such rows out with a WHERE clause, or put an identity out that they have.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    found = _nobody(ctx)
    if isinstance(found, Inapplicable):
        yield found
        return
    rows, measure = found
    if 2 * rows > ctx.values.rows:
        yield Fault(
            f"{share(ctx, rows)} have no identity at all: each is null or blank.",
            ctx.at("data_model_id"),
            "Leave such rows out with a WHERE clause, or put an identity out that they have.",
            (measure,),
        )
    else:
        yield Weighed((measure,))


@rule("PF241", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def rows_without_identity(ctx: Context) -> Iterator[Outcome]:
    """Some rows have no identity.

    Why: a row needs at least one identity so that it can be attached to a profile; what becomes of one without is not
        documented.
    Fails:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT NULL AS customer_id, '' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, '' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: leave such rows out with a WHERE clause.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    found = _nobody(ctx)
    if isinstance(found, Inapplicable):
        yield found
        return
    rows, measure = found
    if rows:
        yield Fault(
            f"{share(ctx, rows)} have no identity at all: each is null or blank.",
            ctx.at("data_model_id"),
            "Leave such rows out with a WHERE clause.",
            (measure,),
        )
    else:
        yield Weighed((measure,))


@rule("PF242", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def duplicate_identities(ctx: Context) -> Iterator[Outcome]:
    """An identity stands in several rows.

    Why: rows of one profile overwrite each other's attributes, and the order in which one run writes them is not
        documented. Events may share an identity, so event pipelines are left out.
    Fails:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'a@b.org' AS email, unnest([1, 2]) AS visit, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT unnest([1, 2]) AS customer_id, NULL AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: keep one row for each identity, for example with QUALIFY ROW_NUMBER().
    Source: INF, from how rows are matched with profiles
    """
    if ctx.pipeline.is_event:
        yield Inapplicable("several events may share an identity")
        return
    remedy = "Keep one row for each identity, the newest for example."
    yield from _each(ctx, lambda identity: identity.duplicates, "repeat an identity", remedy)


@rule("PF243", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def malformed_email(ctx: Context) -> Iterator[Outcome]:
    """An e-mail address has not the form of one, or is not written as it should be.

    Why: a profile is matched by the exact text: an address in upper case or with space around it is another one, and
        outputs refuse what is no address.
    Fails:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'a(at)b.org' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'a@b.org' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: put out LOWER(TRIM(email)), and NULL for what is no address.
    Source: INF, from how rows are matched with profiles
    """
    remedy = "Put out NULL for what is no address."
    yield from _each(ctx, lambda identity: identity.malformed, "hold no e-mail address", remedy, ("email",))
    if any(profile.identity and profile.identity.identity == "email" for _, profile in profiled(ctx)):
        remedy = "Put out LOWER(TRIM(…)) of the address."
        what = "hold an address with an upper-case letter or with space around it"
        yield from _each(ctx, lambda identity: identity.untidy, what, remedy, ("email",))


@rule("PF244", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def malformed_phone(ctx: Context) -> Iterator[Outcome]:
    """A telephone number is not written as E.164 has it.

    Why: one number in two spellings makes two identities; outputs expect `+`, the country and the number, without
        spaces.
    Fails:
        sql: SELECT c.customer_id, c.mobile_number, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, '0731 123456' AS mobile_number, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.mobile_number, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, '+49731123456' AS mobile_number, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: write numbers as E.164 has them, such as +49731123456.
    Source: INF, from ITU-T E.164
    """
    remedy = "Write numbers as E.164 has them, such as +49731123456."
    yield from _each(ctx, lambda identity: identity.malformed, "hold no number as E.164 has it", remedy, _PHONES)


@rule("PF245", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def placeholder_identities(ctx: Context) -> Iterator[Outcome]:
    """An identity holds a value that stands for no one.

    Why: every row with the placeholder is attached to one and the same profile, which mixes people.
    Fails:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'test@test.com' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.email, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'a@b.org' AS email, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: turn placeholders into NULL.
    Source: INF, from how rows are matched with profiles
    """
    remedy = "Turn placeholders into NULL, for example with NULLIF."
    yield from _each(
        ctx, lambda identity: identity.placeholders, "hold a placeholder such as 0, null or unknown", remedy
    )


@rule("PF246", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def malformed_device_id(ctx: Context) -> Iterator[Outcome]:
    """The column `mp_deviceid` holds other values than UUIDs.

    Why: the Events API's schema takes nothing else.
    Fails:
        sql: SELECT c.customer_id, c.mp_deviceid, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'phone-1' AS mp_deviceid, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.mp_deviceid, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, '6e2e2a0c-0a3f-4c3a-9a55-0a4a0c3f2d11' AS mp_deviceid,
                TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: put out the UUID that the platform gave the device, or leave the column out.
    Source: OAS, the Events API's inbound JSON Schema
    """
    remedy = "Put out the UUID that the platform gave the device, or leave the column out."
    yield from _each(ctx, lambda identity: identity.malformed, "hold no UUID", remedy, ("mp_deviceid",))
