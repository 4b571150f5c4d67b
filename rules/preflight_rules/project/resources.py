"""The resources together: their names, doubles among them, and what stands in which state."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.rule import Context, Fact, Scope, rule


@rule("PF030", Severity.INFO, scope=Scope.PROJECT)
def name_without_its_kind(ctx: Context) -> Iterator[Outcome]:
    """A resource's name does not end in what it is.

    Why: mParticle recommends names that end in connection, model or pipeline, since its lists show the name alone.
    Fails:
        pipeline: {name: Contacts}
    Passes:
        pipeline: {name: Contacts pipeline}
    Remedy: let the name end in its kind.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    kinds = (
        ("connection", ctx.project.connections),
        ("model", ctx.project.data_models),
        ("pipeline", ctx.project.pipelines),
    )
    for kind, resources in kinds:
        for resource in resources:
            if not resource.name.rstrip().casefold().endswith(kind):
                yield Fault(
                    f"The name {resource.name} does not say that it is a {kind}.",
                    ctx.at("name", of=resource),
                    f"Let it end in {kind}.",
                )


@rule("PF031", Severity.INFO, scope=Scope.PROJECT)
def identical_connections(ctx: Context) -> Iterator[Outcome]:
    """Two connections have the same config.

    Why: pipelines on one warehouse should share one connection, so that a changed password is changed once.
    Fails:
        dialect: bigquery
        top:
            connections:
                - {id: warehouse, name: A connection, service_provider: bigquery, config: {region: eu}}
                - {id: second, name: B connection, service_provider: bigquery, config: {region: eu}}
    Passes:
        dialect: bigquery
        top:
            connections:
                - {id: warehouse, name: A connection, service_provider: bigquery, config: {region: eu}}
                - {id: second, name: B connection, service_provider: bigquery, config: {region: us}}
    Remedy: let the pipelines share one of them.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    connections = ctx.project.connections
    for index, connection in enumerate(connections):
        for other in connections[:index]:
            if (other.service_provider, other.config) == (connection.service_provider, connection.config):
                yield Fault(
                    f"The connection {connection.id} has the same config as {other.id}.",
                    ctx.at("config", of=connection),
                    f"Let its pipelines use {other.id}.",
                )
                break


@rule("PF032", Severity.WARNING)
def inactive_connection_in_use(ctx: Context) -> Iterator[Outcome]:
    """An active pipeline reads over an inactive connection.

    Why: a connection has the states new, active and inactive; that an inactive one serves no run is inferred.
    Fails:
        connection: {state: inactive}
    Passes:
        connection: {state: active}
    Remedy: set the connection to active, or pause the pipeline.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/migration/ (the states)
    """
    if ctx.connection is None or not ctx.pipeline.active:
        yield Inapplicable("the pipeline is paused, or its connection is not known")
    elif (ctx.connection.state or "").casefold() == "inactive":
        yield Fault(
            f"The pipeline is active, but its connection {ctx.connection.id} is inactive.",
            ctx.at("state", of=ctx.connection),
            "Set the connection to active, or pause the pipeline.",
        )


@rule("PF033", Severity.WARNING, uses={Fact.PLATFORM})
def production_without_rehearsal(ctx: Context) -> Iterator[Outcome]:
    """A production pipeline's data model has never been read in development.

    Why: what is loaded into production cannot be taken back; the quickstart loads development data first.
    Fails:
        pipeline: {environment: production}
        workspace: {pipelines: []}
    Passes:
        pipeline: {environment: production}
        workspace: {pipelines: [{id: rehearsal, environment: development, data_model_id: model}]}
    Remedy: create a development pipeline for the same data model first, and look at what it loads.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/quickstart/ (2023 docs source)
    """
    if ctx.pipeline.environment != "production":
        yield Inapplicable("the pipeline's environment is not production")
        return
    missing = ctx.missing(Fact.PLATFORM)
    if missing is not None:
        yield Unproven(missing.reason)
        return
    if "pipelines" in ctx.workspace.unread:
        yield Unproven("the workspace's pipelines could not be read")
        return
    model = ctx.pipeline.data_model_id
    bodies = [remote.body for remote in ctx.workspace.pipelines]
    if not any(body.get("environment") == "development" and body.get("data_model_id") == model for body in bodies):
        yield Fault(
            f"The workspace holds no development pipeline that reads the data model {model}.",
            ctx.at("environment"),
            "Create one first, and look at what it loads.",
        )
