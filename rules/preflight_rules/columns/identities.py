"""Whether a row can be attached to a profile, and whether a name that should do it is spelt right."""

from __future__ import annotations

from collections.abc import Iterator

from preflight import identities
from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, rule

_ROOTS = ("user_identities", "device_info")
_SCALARS = ("mpid", "mp_deviceid")


@rule("PF204", Severity.ERROR, uses={Fact.SCHEMA})
def no_identity_column(ctx: Context) -> Iterator[Outcome]:
    """No output column identifies a user or a device.

    Why: a row needs at least one identity so that it can be attached to a profile. In a user pipeline an identity is a
        column with a reserved name; in an event pipeline a mapping to `user_identities`, `device_info` or `mpid`.
    Fails:
        sql: SELECT c.name, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.name, c.email, c.updated_at FROM crm.public.contacts AS c
    Remedy: put out an identity, such as `customer_id` or `email`.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        yield from _no_identity_mapping(ctx)
        return
    outputs = ctx.outputs
    names = [column.name.casefold() for column in outputs.columns if column.name is not None]
    if identities.RESERVED.intersection(names):
        return
    if not outputs.complete:
        yield Unproven(outputs.reason)
        return
    yield Fault(
        "None of the output columns is an identity, so no row can be attached to a profile.",
        ctx.at("data_model_id"),
        "Put out a column with a reserved identity name, such as customer_id or email.",
    )


def _no_identity_mapping(ctx: Context) -> Iterator[Outcome]:
    transformation = ctx.field_transformation
    if transformation is None:
        yield Unproven("the field transformation could not be read from the project")
        return
    for mapping in transformation.mappings:
        path = (mapping.destination or "").removeprefix("$.").replace("[", ".").split(".")
        if path[0] in _ROOTS or path[0] in _SCALARS:
            return
    yield Fault(
        f"No mapping of {transformation.id} writes an identity, so no event can be attached to a profile.",
        ctx.at("mappings", of=transformation),
        "Map a column to user_identities.customer_id or another identity.",
    )


@rule("PF205", Severity.WARNING, uses={Fact.SCHEMA})
def misspelt_identity(ctx: Context) -> Iterator[Outcome]:
    """An output column's name is close to a reserved identity name, but is none.

    Why: the platform accepts it without a word and makes a custom attribute of it: the identity is lost, and the
        profile gains an attribute that nobody wanted.
    Fails:
        sql: SELECT c.email, c.id AS custmer_id, c.updated_at FROM crm.public.contacts AS c
    Passes:
        sql: SELECT c.email, c.id AS customer_id, c.updated_at FROM crm.public.contacts AS c
    Remedy: use the reserved name, or a name that nobody takes for it.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    if ctx.pipeline.is_event:
        return
    outputs = ctx.outputs
    names = {column.name.casefold() for column in outputs.columns if column.name is not None}
    for column in outputs.columns:
        meant = identities.nearest(column.name) if column.name else None
        if meant is not None and meant not in names:
            yield Fault(
                f"{column.name} is no identity; it becomes a custom attribute. The reserved name is {meant}.",
                column.place,
                f"Alias it AS {meant} if it identifies the user, else choose another name.",
            )
    if not outputs.complete:
        yield Unproven(outputs.reason)
