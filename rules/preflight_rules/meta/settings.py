"""What a project says to preflight itself."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity
from preflight.rule import Context, Scope, rule


@rule("PF901", Severity.ERROR, scope=Scope.PROJECT, fixed=True)
def unknown_rule(ctx: Context) -> Iterator[Outcome]:
    """A setting or a waiver names a rule that does not exist.

    Why: a misspelt name would leave the rule as it was, and nobody would notice.
    Fails:
        top: {rules: {selct-star: "off"}}
    Passes:
        top: {rules: {select-star: "off"}}
    Remedy: write the name as `preflight rules` lists it.
    Source: preflight's own grammar
    """
    for problem in ctx.problems("unknown-rule"):
        yield Fault(problem.message, problem.span or ctx.at("rules"), problem.remedy)
