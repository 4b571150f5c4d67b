"""What a baseline holds that is no longer there."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.rule import Context, Scope, rule


@rule("PF914", Severity.INFO, scope=Scope.PROJECT, last=True)
def stale_baseline_entry(ctx: Context) -> Iterator[Outcome]:
    """The baseline holds a finding that is no longer there.

    Why: the entry would hide the finding if it came back.
    Fails:
        baseline: [{code: PF108, name: select-star, subject: pipeline pipeline, object: text *}]
    Passes:
        sql: SELECT * FROM crm.public.contacts AS c
        baseline: [{code: PF108, name: select-star, subject: pipeline pipeline, object: text *}]
    Remedy: write the baseline anew with `preflight check --write-baseline`.
    Source: preflight's own grammar
    """
    for problem in ctx.problems("unjudged-baseline-entry"):
        yield Unproven(problem.message)
    for problem in ctx.problems("stale-baseline-entry"):
        yield Fault(problem.message, problem.span or ctx.at(), problem.remedy)
