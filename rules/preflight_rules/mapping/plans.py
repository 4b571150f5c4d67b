"""The data plan that a pipeline names."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity
from preflight.rule import Context, rule


@rule("PF530", Severity.ERROR)
def plan_version_without_plan(ctx: Context) -> Iterator[Outcome]:
    """A pipeline names a data plan's version but no data plan.

    Why: a version means nothing by itself.
    Fails:
        pipeline: {plan_version: 2}
    Passes:
        pipeline: {plan_id: orders_plan, plan_version: 2}
    Remedy: add plan_id, or take plan_version out.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    if ctx.pipeline.plan_version is not None and ctx.pipeline.plan_id is None:
        yield Fault(
            f"The pipeline names version {ctx.pipeline.plan_version} of no data plan.",
            ctx.at("plan_version"),
            "Add plan_id, or take plan_version out.",
        )


@rule("PF531", Severity.INFO)
def plan_without_version(ctx: Context) -> Iterator[Outcome]:
    """A pipeline names a data plan without a version.

    Why: the latest version applies, so a change of the plan changes what the pipeline is checked against.
    Fails:
        pipeline: {plan_id: orders_plan}
    Passes:
        pipeline: {plan_id: orders_plan, plan_version: 2}
    Remedy: add plan_version.
    Source: V1 https://docs.mparticle.com/developers/server/json-reference/ (2023 docs source)
    """
    if ctx.pipeline.plan_id is None:
        yield Inapplicable("the pipeline names no data plan")
    elif ctx.pipeline.plan_version is None:
        yield Fault(
            f"The pipeline is checked against whatever version of {ctx.pipeline.plan_id} is the latest.",
            ctx.at("plan_id"),
            "Add plan_version.",
        )
