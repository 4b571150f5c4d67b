"""What the rules of data plans share: the pipeline's plan, and what the pipeline writes of what a plan may speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from preflight import identities
from preflight.event_batch import DATA, identity_of
from preflight.finding import Inapplicable, Outcome, Unproven
from preflight.location import Place
from preflight.model import plan_key
from preflight.plans import ATTRIBUTES, IDENTITIES, Members, Plan, Point, parse, read
from preflight.query import OutputColumn
from preflight.rule import Context, Fact
from preflight_rules.mapping._events import event_type, mapped, place

EVENT = "custom_attributes"
"""The group of an event's own attributes, beside ``ATTRIBUTES`` and ``IDENTITIES``."""
_ROOTS = {EVENT: DATA + "custom_attributes.", ATTRIBUTES: "user_attributes."}


class Written(msgspec.Struct, frozen=True):
    """One attribute or identity that the pipeline writes."""

    group: str
    name: str
    place: Place
    column: OutputColumn | None = None
    value: str | None = None
    """The constant, where a static mapping writes it."""


def planned(ctx: Context) -> Plan | Unproven | Inapplicable:
    """The version of the data plan that the pipeline names, out of the project's files or else the workspace."""
    name, version = ctx.pipeline.plan_id, ctx.pipeline.plan_version
    if name is None:
        return Inapplicable("the pipeline names no data plan")
    found, broken = _in_files(ctx, name)
    plan = _chosen(found, version)
    if plan is not None:
        return plan
    if broken:
        return Unproven(f"{broken} may hold the data plan, and could not be read")
    return _in_workspace(ctx, name, version)


def _in_files(ctx: Context, name: str) -> tuple[list[Plan], str]:
    """The plan's versions in the project's files, and a file that could not be read."""
    found, broken = [], ""
    for file in ctx.project.data_plans:
        try:
            found += [plan for plan in parse(file.text) if plan.id == name]
        except ValueError:
            broken = file.path
    return found, broken


def _chosen(plans: list[Plan], version: int | None) -> Plan | None:
    """The version that is asked for; without one the latest, as the platform takes it."""
    if version is None:
        return max(plans, key=lambda plan: plan.version, default=None)
    return next((plan for plan in plans if plan.version == version), None)


def _in_workspace(ctx: Context, name: str, version: int | None) -> Plan | Unproven:
    missing = ctx.missing(Fact.PLATFORM)
    if missing is not None:
        return Unproven(f"the data plan {name} is in no file of the project, and {missing.reason}")
    if "data_plans" in ctx.workspace.unread:
        return Unproven("the workspace's data plans could not be read")
    body = next((r.body for r in ctx.workspace.data_plans if r.id == plan_key(name, version)), None)
    try:
        plan = _chosen(list(read(body)), version) if body is not None else None
    except ValueError as error:
        return Unproven(f"the workspace's data plan {name} {error}")
    return plan or Unproven(f"the workspace does not have the data plan {plan_key(name, version)}")


def event(ctx: Context) -> tuple[str, Mapping[str, str]] | Unproven | Inapplicable:
    """The kind of data point that the pipeline's event matches, and by what."""
    if not ctx.pipeline.is_event:
        return Inapplicable("a user pipeline sends no event")
    if ctx.field_transformation is None:
        return Unproven("the field transformation could not be read from the project")
    kind = event_type(ctx)
    if kind is None:
        return Unproven("no static mapping gives the event's type")
    if kind == "commerce_event":
        return _commerce(ctx)
    wanted = {"custom_event": ("event_name", "custom_event_type"), "screen_view": ("screen_name",)}.get(kind)
    if wanted is None:
        return Inapplicable(f"a data plan does not speak of a {kind}")
    criteria = {name: _constant(ctx, DATA + name) for name in wanted}
    return _whole(kind, criteria)


def _commerce(ctx: Context) -> tuple[str, Mapping[str, str]] | Unproven | Inapplicable:
    for part in ("product_action", "promotion_action"):
        if any(item.path.startswith(f"{DATA}{part}.") for item in mapped(ctx)):
            return _whole(part, {"action": _constant(ctx, f"{DATA}{part}.action")})
    return "product_impression", {}


def _whole(kind: str, criteria: Mapping[str, str | None]) -> tuple[str, Mapping[str, str]] | Unproven:
    given = {name: value for name, value in criteria.items() if value is not None}
    if len(given) == len(criteria):
        return kind, given
    unknown = next(name for name in criteria if name not in given)
    return Unproven(f"no static mapping gives the event's {unknown}, so it cannot be looked up in the data plan")


def _constant(ctx: Context, path: str) -> str | None:
    return next((i.mapping.value for i in mapped(ctx) if i.path == path and i.mapping.mapping_type == "static"), None)


def point_of(ctx: Context, plan: Plan) -> Point | None:
    """The data point of the pipeline's event; None where it is not planned, or cannot be looked up."""
    found = event(ctx)
    return plan.event(*found) if isinstance(found, tuple) else None


def groups(ctx: Context, plan: Plan) -> dict[str, Members]:
    """What the plan says of each group that it speaks of."""
    points = {
        EVENT: point_of(ctx, plan),
        ATTRIBUTES: plan.of_kind(ATTRIBUTES),
        IDENTITIES: plan.of_kind(IDENTITIES),
    }
    return {group: point.members for group, point in points.items() if point is not None}


def written(ctx: Context) -> Iterator[Written]:
    """Everything that the pipeline writes of the three groups; needs Fact.SCHEMA to be declared."""
    yield from _mapped(ctx) if ctx.pipeline.is_event else _put_out(ctx)


def _mapped(ctx: Context) -> Iterator[Written]:
    for item in mapped(ctx):
        column = ctx.outputs.named(item.mapping.source) if item.mapping.source else None
        at = place(ctx, item, "destination")
        for group, root in _ROOTS.items():
            if item.path.startswith(root):
                yield Written(group, item.path.removeprefix(root), at, column, item.mapping.value)
        if (identity := identity_of(item.path)) in identities.USER:
            yield Written(IDENTITIES, identity or "", at, column, item.mapping.value)


def _put_out(ctx: Context) -> Iterator[Written]:
    iterator = (ctx.pipeline.sync_mode.iterator_field or "").casefold()
    for column in ctx.outputs.columns:
        folded = (column.name or "").casefold()
        if not folded or folded == iterator or folded in identities.DEVICE:
            continue
        if folded in identities.USER:
            yield Written(IDENTITIES, folded, column.place, column)
        else:
            yield Written(ATTRIBUTES, column.name or "", column.place, column)


def incomplete(ctx: Context) -> Iterator[Outcome]:
    """What to yield at the end where not every output column of a user pipeline is known."""
    if not ctx.pipeline.is_event and not ctx.outputs.complete:
        yield Unproven(ctx.outputs.reason)
