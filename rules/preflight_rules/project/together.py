"""The pipelines together: what two of them write, and which feeds they share."""

from __future__ import annotations

from collections.abc import Iterator

from preflight import identities
from preflight.config import Pipeline
from preflight.event_batch import normalise
from preflight.finding import Fault, Outcome, Severity, Unproven
from preflight.query import Outputs
from preflight.rule import Context, Fact, Scope, rule

_USER = "user_attributes."


@rule("PF036", Severity.WARNING, scope=Scope.PROJECT, uses={Fact.SCHEMA})
def attribute_written_twice(ctx: Context) -> Iterator[Outcome]:
    """Two active pipelines write the same user attribute.

    Why: a profile holds one value of an attribute, and which of the two it is depends on which pipeline ran last.
    Fails:
        pipeline: {name: First pipeline}
        sql: SELECT c.customer_id, c.tier, c.updated_at FROM crm.public.contacts AS c
        second: {id: second, name: Second pipeline}
    Passes:
        sql: SELECT c.customer_id, c.tier, c.updated_at FROM crm.public.contacts AS c
        second: {id: second, name: Second pipeline, environment: production}
    Remedy: let one of them leave the attribute out, or give the two different names.
    Source: INF, from how attributes are kept
    """
    first: dict[tuple[str, str], str] = {}
    unknown, read = "", 0
    for pipeline in (pipeline for pipeline in ctx.project.pipelines if pipeline.active):
        names, reason = _attributes(ctx, pipeline, ctx.pipeline_outputs.get(pipeline.id))
        unknown, read = unknown or reason, read + 1
        shared: dict[str, list[str]] = {}
        for name in sorted(names):
            other = first.setdefault((pipeline.environment, name), pipeline.id)
            if other != pipeline.id:
                shared.setdefault(other, []).append(name)
        for other, both in shared.items():
            shown = ", ".join(both[:3]) + (f" and {len(both) - 3} more" if len(both) > 3 else "")
            yield Fault(
                f"The pipelines {other} and {pipeline.id} both write {shown}.",
                ctx.at("data_model_id", of=pipeline),
                "Let one of them leave it out, or give the two different names.",
            )
    if unknown and read > 1:
        yield Unproven(unknown)


def _attributes(ctx: Context, pipeline: Pipeline, outputs: Outputs | None) -> tuple[frozenset[str], str]:
    """The user attributes that a pipeline writes as far as is known, and why not all of them are."""
    if pipeline.is_event:
        transformation = ctx.project.field_transformation(pipeline.field_transformation_id or "")
        if transformation is None:
            return frozenset(), f"the field transformation of {pipeline.id} could not be read from the project"
        paths = (normalise(mapping.destination or "") for mapping in transformation.mappings)
        return frozenset(path.removeprefix(_USER) for path in paths if path.startswith(_USER)), ""
    if outputs is None:
        return frozenset(), f"the query of {pipeline.id} was not read"
    none = identities.RESERVED | {(pipeline.sync_mode.iterator_field or "").casefold()}
    names = frozenset(c.name for c in outputs.columns if c.name and c.name.casefold() not in none)
    return names, "" if outputs.complete else f"of {pipeline.id}: {outputs.reason}"


@rule("PF037", Severity.WARNING, scope=Scope.PROJECT, uses={Fact.PLATFORM})
def feed_for_two_kinds(ctx: Context) -> Iterator[Outcome]:
    """A user pipeline and an event pipeline send to one feed.

    Why: whether a feed may serve both kinds is not documented, and in mParticle's own lists the two cannot be told
        apart.
    Fails:
        field_transformation: {mappings: []}
        second: {id: second, name: Second pipeline, field_transformation_id: null}
    Passes:
        field_transformation: {mappings: []}
        second: {id: second, name: Second pipeline, field_transformation_id: null, partner_feed_id: 8}
        workspace: {pipelines: []}
    Remedy: give each kind a feed of its own.
    Source: INF, since no page says that one feed takes both
    """
    first: dict[object, tuple[str, bool]] = {}
    for pipeline in ctx.project.pipelines:
        key = "partner_feed_id" if pipeline.partner_feed_id is not None else "partner_feed_key"
        feed = pipeline.partner_feed_id if pipeline.partner_feed_id is not None else pipeline.partner_feed_key
        other, is_event = first.setdefault(feed, (pipeline.id, pipeline.is_event))
        if feed is not None and is_event != pipeline.is_event:
            yield Fault(_shared(other, pipeline, is_event), ctx.at(key, of=pipeline), "Give each kind its own feed.")
    numbered = [pipeline for pipeline in ctx.project.pipelines if pipeline.partner_feed_id is not None]
    if not numbered:
        return
    missing = ctx.missing(Fact.PLATFORM)
    if missing is not None or "pipelines" in ctx.workspace.unread:
        yield Unproven(missing.reason if missing else "the workspace's pipelines could not be read")
        return
    ours = {pipeline.id for pipeline in ctx.project.pipelines}
    for remote in (remote for remote in ctx.workspace.pipelines if remote.id not in ours):
        is_event = remote.body.get("field_transformation_id") is not None
        for pipeline in numbered:
            same = str(remote.body.get("partner_feed_id")) == str(pipeline.partner_feed_id)
            if same and is_event != pipeline.is_event:
                at = ctx.at("partner_feed_id", of=pipeline)
                yield Fault(_shared(remote.id, pipeline, is_event), at, "Give each kind its own feed.")


def _shared(other: str, pipeline: Pipeline, is_event: bool) -> str:
    users, events = (pipeline.id, other) if is_event else (other, pipeline.id)
    return f"The user pipeline {users} and the event pipeline {events} send to one feed."
