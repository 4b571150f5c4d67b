"""What comments beside findings say to preflight."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule


def _report(ctx: Context, kind: str) -> Iterator[Outcome]:
    for problem in ctx.problems(kind):
        yield Fault(problem.message, problem.span or ctx.at(), problem.remedy)


@rule("PF910", Severity.WARNING, scope=Scope.PROJECT)
def unreadable_suppression(ctx: Context) -> Iterator[Outcome]:
    """A comment speaks to preflight, but cannot be read.

    Why: it suppresses nothing, though it looks as if it did. It is written `preflight: ignore[rule-name] reason`, with
        an end such as ` -- expires 2027-01-31` where it should not hold for ever, in a comment that ends with its line.
    Fails:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore unqualified-table, the search path is fixed
    Passes:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore[unqualified-table] the search path is fixed
    Remedy: write it in that form.
    Source: preflight's own grammar
    """
    yield from _report(ctx, "unreadable-suppression")


@rule("PF911", Severity.WARNING, scope=Scope.PROJECT)
def suppression_without_reason(ctx: Context) -> Iterator[Outcome]:
    """A suppression gives no reason.

    Why: who reads it later cannot tell whether it still holds. It does not hold until it says why.
    Fails:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore[unqualified-table]
    Passes:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore[unqualified-table] the search path is fixed
    Remedy: write the reason behind the bracket.
    Source: preflight's own grammar
    """
    yield from _report(ctx, "suppression-without-reason")


@rule("PF912", Severity.WARNING, scope=Scope.PROJECT)
def expired_suppression(ctx: Context) -> Iterator[Outcome]:
    """A suppression has expired.

    Why: it no longer holds, so the finding counts again.
    Fails:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore[unqualified-table] is being moved -- expires 2026-01-31
    Passes:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore[unqualified-table] is being moved -- expires 2027-01-31
    Remedy: renew it, or mend what it hides and take it out.
    Source: preflight's own grammar
    """
    yield from _report(ctx, "expired-suppression")


@rule("PF913", Severity.WARNING, scope=Scope.PROJECT, last=True)
def unused_suppression(ctx: Context) -> Iterator[Outcome]:
    """A suppression suppresses nothing.

    Why: it would hide the next finding of its rule at this place without anybody's decision. Whether it is of use is
        certain only where each rule that it names ran on the whole project and was proven.
    Fails:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM crm.public.contacts AS c -- preflight: ignore[unqualified-table] the search path is fixed
    Passes:
        sql: |
            SELECT c.customer_id, c.updated_at
            FROM contacts AS c -- preflight: ignore[unqualified-table] the search path is fixed
    Remedy: take it out.
    Source: preflight's own grammar
    """
    for problem in ctx.problems("unjudged-suppression"):
        yield Unproven(problem.message)
    yield from _report(ctx, "unused-suppression")
