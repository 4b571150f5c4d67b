"""What the project promised only up to a day."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity
from preflight.rule import Context, Scope, rule


@rule("PF012", Severity.WARNING, scope=Scope.PROJECT)
def expired_override(ctx: Context) -> Iterator[Outcome]:
    """A limit's override or a waiver has expired.

    Why: it no longer holds, so the documented limit and the rule apply again.
    Fails:
        top: {limits: {overrides: {columns: {value: 120, reason: contract, expires: 2026-01-31}}}}
    Passes:
        top: {limits: {overrides: {columns: {value: 120, reason: contract, expires: 2027-01-31}}}}
    Remedy: renew it, or take it out.
    Source: preflight's own grammar
    """
    today = ctx.today
    for name, override in ctx.project.limits.overrides.items():
        if override.expires is not None and override.expires < today:
            yield Fault(
                f"The override of {name} expired on {override.expires}.",
                ctx.at("limits", "overrides", name, "expires"),
                "Renew it, or take it out.",
            )
    for index, waiver in enumerate(ctx.project.waivers):
        if waiver.expires < today:
            yield Fault(
                f"The waiver of {waiver.rule} expired on {waiver.expires}.",
                ctx.at("waivers", index, "expires"),
                "Renew it with its owner, or mend what it waives.",
            )
