"""Values that JSON cannot hold, and columns that hold none."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Measure, Outcome, Severity
from preflight.rule import Context, Fact, rule
from preflight_rules.columns.profiled import profiled, share

MOSTLY = 90
"""From this percentage of nulls on a column is called mostly null."""


@rule("PF247", Severity.ERROR, needs={Fact.SCHEMA, Fact.VALUES})
def nan_or_infinity(ctx: Context) -> Iterator[Outcome]:
    """A column holds NaN or an infinity.

    Why: rows travel as JSON, whose numbers are finite.
    Fails:
        sql: SELECT c.customer_id, c.score, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'nan'::DOUBLE AS score, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.score, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 0.5::DOUBLE AS score, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: turn them into NULL, or into a number that says what is meant.
    Source: RFC 8259 https://www.rfc-editor.org/rfc/rfc8259#section-6
    """
    for column, profile in profiled(ctx):
        if profile.non_finite:
            yield Fault(
                f"{share(ctx, profile.non_finite)} hold NaN or an infinity in {column.name}.",
                column.place,
                "Turn them into NULL, or into a number that says what is meant.",
                (Measure("rows with NaN or an infinity", profile.non_finite, "rows", basis=ctx.basis(Fact.VALUES)),),
            )


@rule("PF248", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def integers_beyond_2_53(ctx: Context) -> Iterator[Outcome]:
    """A column holds integers that a JSON number may not keep.

    Why: most readers of JSON hold numbers in double precision, which keeps every integer up to 2^53 only. `mpid` is
        such a number by its nature and is left out.
    Fails:
        sql: SELECT c.customer_id, c.order_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 9007199254740993 AS order_id, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.order_id, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 9007199254740992 AS order_id, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: put the column out as text.
    Source: INF, from RFC 8259 https://www.rfc-editor.org/rfc/rfc8259#section-6
    """
    for column, profile in profiled(ctx):
        if profile.beyond_2_53 and not (profile.identity and profile.identity.identity == "mpid"):
            yield Fault(
                f"{share(ctx, profile.beyond_2_53)} hold an integer beyond 2^53 in {column.name}.",
                column.place,
                f"Put {column.name} out as text.",
                (Measure("rows beyond 2^53", profile.beyond_2_53, "rows", basis=ctx.basis(Fact.VALUES)),),
            )


@rule("PF249", Severity.WARNING, needs={Fact.SCHEMA, Fact.VALUES})
def all_null_column(ctx: Context) -> Iterator[Outcome]:
    """A column holds no value at all.

    Why: there is nothing to load, and what a null does to an attribute that is already there is not documented. Often a
        join does not match or a column is no longer filled.
    Fails:
        sql: SELECT c.customer_id, c.city, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, NULL::TEXT AS city, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        sql: SELECT c.customer_id, c.city, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, 'Ulm' AS city, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: leave the column out, or find out why it is empty.
    Source: INF, from how rows become attributes
    """
    rows = ctx.values.rows
    for column, profile in profiled(ctx):
        if rows and profile.nulls == rows:
            yield Fault(
                f"{column.name} is null in all {rows:,} rows.",
                column.place,
                "Leave the column out, or find out why it is empty.",
                (Measure("null rows", profile.nulls, "rows", basis=ctx.basis(Fact.VALUES)),),
            )


@rule("PF250", Severity.INFO, needs={Fact.SCHEMA, Fact.VALUES})
def mostly_null_column(ctx: Context) -> Iterator[Outcome]:
    """A column is null in at least nine rows of ten.

    Why: on Snowflake nulls are carried to the platform, and what a null does to an attribute that is already there is
        not documented.
    Fails:
        sql: SELECT c.customer_id, c.city, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, CASE WHEN i < 1 THEN 'Ulm' END AS city, TIMESTAMP '2026-11-01' AS updated_at
            FROM range(10) AS r(i);
    Passes:
        sql: SELECT c.customer_id, c.city, c.updated_at FROM crm.public.contacts AS c
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, CASE WHEN i < 2 THEN 'Ulm' END AS city, TIMESTAMP '2026-11-01' AS updated_at
            FROM range(10) AS r(i);
    Remedy: make sure that a null may overwrite what a profile holds, or leave such rows out.
    Source: V1-SQL https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    rows = ctx.values.rows
    for column, profile in profiled(ctx):
        if profile.nulls < rows and profile.nulls * 100 >= rows * MOSTLY:
            yield Fault(
                f"{share(ctx, profile.nulls)} are null in {column.name}.",
                column.place,
                "Make sure that a null may overwrite what a profile holds, or leave such rows out.",
                (Measure("null rows", profile.nulls, "rows", basis=ctx.basis(Fact.VALUES)),),
            )
