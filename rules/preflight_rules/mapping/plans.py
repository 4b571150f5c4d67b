"""The data plan that a pipeline names: whether it is there, whole, and active."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.location import Route
from preflight.model import plan_key
from preflight.plans import Plan, parse
from preflight.rule import Context, Fact, Scope, rule
from preflight_rules.mapping._plans import planned


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


@rule("PF540", Severity.ERROR, needs={Fact.PLATFORM})
def missing_data_plan(ctx: Context) -> Iterator[Outcome]:
    """The workspace does not have the data plan, or the version, that a pipeline names.

    Why: without it nothing is validated, or nothing is let through.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        workspace: {data_plans: []}
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        workspace: {data_plans: [{id: orders/versions/3, data_plan_id: orders, version: 3}]}
    Remedy: create it, or name one that is there.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    name, version = ctx.pipeline.plan_id, ctx.pipeline.plan_version
    if name is None:
        yield Inapplicable("the pipeline names no data plan")
    elif "data_plans" in ctx.workspace.unread:
        yield Unproven("the workspace's data plans could not be read")
    elif not any(remote.id == plan_key(name, version) for remote in ctx.workspace.data_plans):
        what = "data plan" if version is None else f"version {version} of the data plan"
        yield Fault(
            f"The workspace does not have the {what} {name}.",
            ctx.at("plan_id") if version is None else ctx.at("plan_version"),
            "Create it, or name one that is there.",
        )


@rule("PF546", Severity.ERROR, scope=Scope.PROJECT)
def malformed_data_plan(ctx: Context) -> Iterator[Outcome]:
    """A data plan's file is no data plan.

    Why: nothing can be compared with it. A file holds a plan, or one version of it, as the API returns them.
    Fails:
        top: {data_plans: [plan.json]}
        files: {plan.json: '{"data_points": []}'}
    Passes:
        top: {data_plans: [plan.json]}
        files: {plan.json: '{"data_plan_id": "orders", "version": 3, "version_document": {"data_points": []}}'}
    Remedy: save what `GET …/plans/{plan_id}` returns.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    first: dict[tuple[str, int], str] = {}
    for index, file in enumerate(ctx.project.data_plans):
        at = Route("", "", ("data_plans", index))
        try:
            plans = parse(file.text)
        except ValueError as error:
            yield Fault(f"{file.path} {error}.", at, "Save what the API returns for the plan.")
            continue
        for plan in plans:
            earlier = first.setdefault((plan.id, plan.version), file.path)
            if earlier != file.path:
                message = f"{earlier} and {file.path} both hold version {plan.version} of {plan.id}."
                yield Fault(message, at, "Keep one of them.")


@rule("PF547", Severity.WARNING, uses={Fact.PLATFORM})
def inactive_data_plan(ctx: Context) -> Iterator[Outcome]:
    """The data plan's version is not active in the pipeline's environment.

    Why: a version is active in development, in both environments, or in none; that the platform validates against an
        active version alone is inferred.
    Fails:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "activated_environment": "none",
                 "version_document": {"data_points": []}}
    Passes:
        pipeline: {plan_id: orders, plan_version: 3}
        top: {data_plans: [plan.json]}
        files:
            plan.json: |
                {"data_plan_id": "orders", "version": 3, "activated_environment": "development",
                 "version_document": {"data_points": []}}
    Remedy: activate the version, or name another.
    Source: V1 https://docs.mparticle.com/developers/dataplanning-api/ (2023 docs source)
    """
    plan = planned(ctx)
    if not isinstance(plan, Plan):
        yield plan
        return
    active = {"none": (), "development": ("development",)}.get(plan.environment)
    if active is not None and ctx.pipeline.environment not in active:
        yield Fault(
            f"Version {plan.version} of {plan.id} is not active in {ctx.pipeline.environment}.",
            ctx.at("plan_version"),
            "Activate the version, or name another.",
        )
