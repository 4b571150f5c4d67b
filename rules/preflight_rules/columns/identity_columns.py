"""Identities that are there, but not as they were meant."""

from __future__ import annotations

from collections.abc import Iterator

from preflight import identities
from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Kind
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, rule

_EVERYDAY = ("google", "facebook", "twitter", "microsoft", "yahoo", "other")


def _identity_columns(ctx: Context) -> dict[str, OutputColumn]:
    """The output columns with a reserved identity name, by that name."""
    named = ((column.name.casefold(), column) for column in ctx.outputs.columns if column.name)
    return {name: column for name, column in named if name in identities.RESERVED}


_EVENT = Inapplicable("an event pipeline names its identities in its mappings")


def _incomplete(ctx: Context) -> Iterator[Outcome]:
    if not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)


@rule("PF215", Severity.WARNING, uses={Fact.SCHEMA})
def only_device_identities(ctx: Context) -> Iterator[Outcome]:
    """The only identities are those of devices.

    Why: a profile that is matched by a device alone splits when its user changes the device. That this is worse is
        inferred.
    Fails:
        sql: SELECT c.ios_idfv, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.ios_idfv, c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: put a user identity out as well.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield _EVENT
        return
    found = _identity_columns(ctx)
    users = found.keys() & set(identities.USER)
    if found and not users and ctx.outputs.complete:
        first = next(iter(found.values()))
        yield Fault(
            f"The only identities are those of devices: {', '.join(found)}.",
            first.place,
            "Put a user identity such as customer_id or email out as well.",
        )
    if not users:
        yield from _incomplete(ctx)


@rule("PF216", Severity.WARNING, uses={Fact.SCHEMA})
def accidental_identity(ctx: Context) -> Iterator[Outcome]:
    """A column with an everyday name is read as an identity.

    Why: `google`, `facebook`, `other` and their like are identity names. A column that says where a user came from
        would give thousands of profiles one identity and merge them.
    Fails:
        sql: SELECT c.customer_id, c.google, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.google AS came_from_google, c.updated_at FROM crm.public.contacts AS c
    Remedy: rename it unless it holds the user's id there.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield _EVENT
        return
    for name, column in _identity_columns(ctx).items():
        if name in _EVERYDAY:
            yield Fault(
                f"{column.name} is read as the user's identity at {name}, not as an attribute.",
                column.place,
                "Rename it unless it holds the user's own id.",
            )
    yield from _incomplete(ctx)


@rule("PF217", Severity.ERROR, uses={Fact.SCHEMA})
def two_customer_id_columns(ctx: Context) -> Iterator[Outcome]:
    """`customerid` and `customer_id` both come out.

    Why: both are names of one identity, and which of the two wins is not documented.
    Fails:
        sql: SELECT c.customer_id, c.customerid, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: keep one of them.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield _EVENT
        return
    found = _identity_columns(ctx)
    if "customerid" in found and "customer_id" in found:
        later = max(found["customerid"], found["customer_id"], key=lambda column: column.index)
        yield Fault(
            "customerid and customer_id both come out, and both are the customer id.",
            later.place,
            "Keep one of them.",
        )
    else:
        yield from _incomplete(ctx)


@rule("PF218", Severity.ERROR, needs={Fact.SCHEMA})
def mpid_of_wrong_type(ctx: Context) -> Iterator[Outcome]:
    """The column `mpid` is no integer.

    Why: the batch schema gives mpid as a 64-bit integer.
    Fails:
        sql: SELECT c.mpid, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (mpid DOUBLE, updated_at TIMESTAMP)
    Passes:
        sql: SELECT c.mpid, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (mpid BIGINT, updated_at TIMESTAMP)
    Remedy: cast it to an integer.
    Source: OAS, the Events API's inbound JSON Schema
    """
    column = _identity_columns(ctx).get("mpid")
    if column is None:
        yield Inapplicable("no column is called mpid")
    elif column.type.kind is Kind.UNKNOWN:
        yield Unproven("the type of mpid is not known")
    elif column.type.kind is not Kind.INTEGER and not _whole(column):
        yield Fault(
            f"mpid is of type {column.type}, but it must be a 64-bit integer.",
            column.place,
            "Cast it to an integer.",
        )


def _whole(column: OutputColumn) -> bool:
    return column.type.kind is Kind.DECIMAL and column.type.scale == 0


@rule("PF219", Severity.WARNING, needs={Fact.SCHEMA})
def fractional_identity(ctx: Context) -> Iterator[Outcome]:
    """An identity comes out as a number that may lose digits.

    Why: identities are text. A float or a decimal is written as a number on its way, so `1e15` or `12.0` may arrive.
        That this happens is inferred.
    Fails:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id DOUBLE, updated_at TIMESTAMP)
    Passes:
        sql: SELECT c.customer_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id TEXT, updated_at TIMESTAMP)
    Remedy: cast it to text.
    Source: INF, from JSON's numbers
    """
    if ctx.pipeline.is_event:
        yield _EVENT
        return
    for name, column in _identity_columns(ctx).items():
        if name != "mpid" and column.type.kind in (Kind.FLOAT, Kind.DECIMAL) and not _whole(column):
            yield Fault(
                f"The identity {column.name} is of type {column.type} and may lose digits.",
                column.place,
                "Cast it to text.",
            )


@rule("PF220", Severity.WARNING, uses={Fact.SCHEMA})
def alias_column(ctx: Context) -> Iterator[Outcome]:
    """A column is called `alias`, which is no identity in a user pipeline.

    Why: `alias` is an identity in the event batch but not on the list of reserved column names, so it becomes an
        attribute.
    Fails:
        sql: SELECT c.customer_id, c.alias, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.customer_id, c.nickname, c.updated_at FROM crm.public.contacts AS c
    Remedy: rename it if an attribute is meant; the identity cannot be set by a user pipeline.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source), against the batch
        schema
    """
    if ctx.pipeline.is_event:
        yield _EVENT
        return
    column = ctx.outputs.named("alias")
    if column is not None:
        yield Fault(
            f"{column.name} becomes an attribute: a user pipeline has no identity of that name.",
            column.place,
            "Rename it if an attribute is meant.",
        )
    else:
        yield from _incomplete(ctx)
