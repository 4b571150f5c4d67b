"""Values and lists that are longer than an attribute's may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from preflight.event_batch import DATA
from preflight.finding import Fault, Outcome, Severity, Unproven, Weighed
from preflight.limits import Limit
from preflight.model import ColumnProfile, Kind
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, rule
from preflight_rules.columns.profiled import destinations, profiled

_USER, _EVENT = "user_attributes.", DATA + "custom_attributes."


def _attributes(ctx: Context) -> Iterator[tuple[OutputColumn, ColumnProfile, tuple[str, ...]]]:
    """The columns that become attributes, their profiles and the kinds (``_USER``, ``_EVENT``) that they become."""
    written = destinations(ctx) if ctx.pipeline.is_event else None
    for column, profile in profiled(ctx):
        if written is not None:
            paths = written[(column.name or "").casefold()]
            yield column, profile, tuple(kind for kind in (_USER, _EVENT) if any(p.startswith(kind) for p in paths))
        elif profile.identity is None:
            yield column, profile, (_USER,)


def _judge(
    ctx: Context,
    limits: dict[str, Limit],
    length: Callable[[ColumnProfile], int],
    what: str,
    remedy: str,
) -> Iterator[Outcome]:
    """Weigh each attribute's ``length`` against the limit of its kind; the longest stays in the report."""
    basis = ctx.basis(Fact.VALUES)
    longest: dict[str, int] = {}
    for column, profile, kinds in _attributes(ctx):
        for kind in (kind for kind in kinds if kind in limits):
            limit, found = limits[kind], length(profile)
            longest[kind] = max(longest.get(kind, 0), found)
            if found > limit.value:
                yield Fault(
                    f"The longest {what} in {column.name} has {found:,} {limit.unit}; the limit is {limit.value:,}.",
                    column.place,
                    remedy,
                    (ctx.weigh(limit, found, basis),),
                )
    yield Weighed(tuple(ctx.weigh(limits[kind], found, basis) for kind, found in longest.items() if found))


@rule("PF251", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def overlong_attribute_value(ctx: Context) -> Iterator[Outcome]:
    """An attribute's text is longer than the platform accepts.

    Why: the documented limits drop the attribute when an SDK sends it; what becomes of a row is not documented.
    Fails:
        top: {limits: {overrides: {user_attribute_value_length: {value: 4, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.note, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'later' AS note, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        top: {limits: {overrides: {user_attribute_value_length: {value: 5, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.note, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'later' AS note, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: cut the text, for example with LEFT, or leave the column out.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    limits = {_USER: ctx.limits.user_attribute_value_length, _EVENT: ctx.limits.event_attribute_value_length}
    remedy = "Cut the text, for example with LEFT, or leave the column out."
    yield from _judge(ctx, limits, lambda profile: profile.longest_text, "text", remedy)


@rule("PF252", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def too_many_list_entries(ctx: Context) -> Iterator[Outcome]:
    """A list attribute has more entries than the platform accepts.

    Why: the documented limits drop the attribute when an SDK sends it; what becomes of a row is not documented.
    Fails:
        top: {limits: {overrides: {user_attribute_list_entries: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.tags, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, ['a', 'b', 'c'] AS tags, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        top: {limits: {overrides: {user_attribute_list_entries: {value: 3, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.tags, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, ['a', 'b', 'c'] AS tags, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: keep the entries that matter most.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    limits = {_USER: ctx.limits.user_attribute_list_entries}
    yield from _judge(ctx, limits, lambda profile: profile.longest_list, "list", "Keep the entries that matter most.")


@rule("PF253", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def overlong_list_entry(ctx: Context) -> Iterator[Outcome]:
    """An entry of a list attribute is longer than the platform accepts.

    Why: the documented limits drop the attribute when an SDK sends it; what becomes of a row is not documented.
    Fails:
        top: {limits: {overrides: {user_attribute_list_entry_length: {value: 2, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.tags, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, ['a', 'bcd'] AS tags, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        top: {limits: {overrides: {user_attribute_list_entry_length: {value: 3, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.tags, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, ['a', 'bcd'] AS tags, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: cut the entries before they are put into the list.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    limits = {_USER: ctx.limits.user_attribute_list_entry_length}
    remedy = "Cut the entries before they are put into the list."
    yield from _judge(ctx, limits, lambda profile: profile.longest_entry, "list entry", remedy)


_PLAIN = 32
"""Characters that a number, a truth value or a time takes at most."""
_SIZED = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT)
_WIDEST = 4
"""Bytes that one character takes at most in UTF-8."""


@rule("PF254", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def large_row(ctx: Context) -> Iterator[Outcome]:
    """A row may be larger than a batch may be.

    Why: one row makes one batch. The longest values of all columns are added up, each with its column's name; whether
        they stand in one row is not known. A character is taken as one byte for a finding, and as four for a pass.
    Fails:
        top: {limits: {overrides: {batch_bytes: {value: 100, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.note, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, repeat('a', 100) AS note, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        top: {limits: {overrides: {batch_bytes: {value: 1000, reason: to keep the example short}}}}
        sql: SELECT c.customer_id, c.note, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, repeat('a', 100) AS note, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: leave out long columns, or cut them.
    Source: V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source); that a row is a batch
        is INF
    """
    limit = ctx.limits.batch_bytes
    characters, unsized = 0, []
    for column, profile in profiled(ctx):
        length = _characters(column, profile)
        if length is None:
            unsized.append(column.name or "")
        else:
            characters += length + len(column.name or "") + len('"":,')
    measure = ctx.weigh(limit, characters, ctx.basis(Fact.VALUES))
    if characters > limit.value:
        yield Fault(
            f"The longest values of a row have {characters:,} characters together; a batch may have {limit.value:,}"
            " bytes.",
            ctx.at("data_model_id"),
            "Leave out long columns, or cut them.",
            (measure,),
        )
    elif unsized:
        yield Unproven(f"the length of the values in {', '.join(unsized[:3])} was not measured", (measure,))
    elif _WIDEST * characters > limit.value:
        yield Unproven(f"{characters:,} characters may take more than {limit.value:,} bytes", (measure,))
    else:
        yield Weighed((measure,))


def _characters(column: OutputColumn, profile: ColumnProfile) -> int | None:
    """How many characters a column's longest value has in JSON; None where that was not measured."""
    kind = column.type.kind
    if profile.longest_text or kind is Kind.TEXT:
        return profile.longest_text + len('""')
    if kind is Kind.ARRAY and (profile.longest_entry or not profile.longest_list):
        return profile.longest_list * (profile.longest_entry + len('"",')) + len("[]")
    return _PLAIN if kind in _SIZED else None
