"""The workspace's slots for active pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import STATIC, Fault, Outcome, Severity, Unproven, Weighed
from preflight.location import Route
from preflight.rule import Context, Fact, Missing, Scope, rule


@rule("PF701", Severity.ERROR, scope=Scope.PROJECT, uses={Fact.PLATFORM})
def too_many_active_pipelines(ctx: Context) -> Iterator[Outcome]:
    """More pipelines would be active than the platform allows.

    Why: the workspace's active pipelines and the project's are counted together, each once. A state that preflight does
        not know counts as active.
    Fails:
        top: {limits: {overrides: {active_pipelines: {value: 1, reason: to keep the example short}}}}
        workspace: {pipelines: [{id: another-pipeline, state: active}]}
    Passes:
        top: {limits: {overrides: {active_pipelines: {value: 1, reason: to keep the example short}}}}
        workspace: {pipelines: [{id: another-pipeline, state: paused}]}
    Remedy: pause a pipeline, here or in the workspace.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    limit = ctx.limits.active_pipelines
    planned = [pipeline.id for pipeline in ctx.project.pipelines if pipeline.active]
    missing = ctx.missing(Fact.PLATFORM)
    if missing is None and "pipelines" in ctx.workspace.unread:
        missing = Missing("the workspace's pipelines could not be read")
    ours = {pipeline.id for pipeline in ctx.project.pipelines}
    live = []
    if missing is None:
        live = [r.id for r in ctx.workspace.pipelines if r.id not in ours and r.body.get("state") not in _IDLE]
    count = len(planned) + len(live)
    measure = ctx.weigh(limit, count, STATIC if missing else ctx.basis(Fact.PLATFORM))
    if count > limit.value:
        live_words = f" and {', '.join(live)} in the workspace" if live else ""
        yield Fault(
            f"{count} pipelines would be active ({', '.join(planned)} here{live_words}); the limit is {limit.value}.",
            Route("pipelines", planned[min(limit.value, len(planned) - 1)]) if planned else ctx.at("pipelines"),
            "Pause a pipeline, here with `state: paused` or in the workspace.",
            (measure,),
        )
    elif missing is not None:
        yield Unproven(missing.reason)
    else:
        yield Weighed((measure,))


_IDLE = ("paused", "inactive")
