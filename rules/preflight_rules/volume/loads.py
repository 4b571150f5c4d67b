"""What a pipeline's runs read at worst, beside the name of the limit that holds for them."""

from __future__ import annotations

import msgspec

from preflight.finding import Inapplicable, Unproven
from preflight.location import Route
from preflight.rule import Context
from preflight.schedule import iso

NO_START = "schedule.start_time is not given, so it is not known where its windows begin"


class Load(msgspec.Struct, frozen=True):
    """The rows of one run, or of the load before a schedule's start."""

    limit: str
    rows: int
    what: str
    """The sentence up to the number."""
    place: Route


def loads(ctx: Context) -> tuple[Load, ...] | Unproven | Inapplicable:
    """The worst run, and for a new interval pipeline the load of its history; needs Fact.COUNTS."""
    schedule, full = ctx.pipeline.schedule, ctx.pipeline.sync_mode.type == "full"
    histogram = ctx.histogram
    if schedule.type == "interval" and schedule.frequency:
        return _interval(ctx, schedule.frequency)
    if schedule.type == "once":
        rows = histogram.rows if full else histogram.rows - histogram.null_rows
        return (Load("records_per_once_request", rows, "The request reads", ctx.at("schedule", "type")),)
    if schedule.type == "on_demand":
        if schedule.start_time is None and not full:
            return Unproven("schedule.start_time is not given, so it is not known where the first run begins")
        rows = histogram.rows if full else ctx.tally.since(histogram.anchor)
        what = "Each full run reads" if full else "The first run reads"
        return (Load("records_per_on_demand_request", rows, what, ctx.at("schedule", "type")),)
    return Inapplicable(f"there is no limit for a schedule of type {schedule.type}")


def _interval(ctx: Context, frequency: str) -> tuple[Load, ...] | Unproven:
    limit, place = f"records_per_{frequency}_interval", ctx.at("schedule", "frequency")
    if ctx.pipeline.sync_mode.type == "full":
        return (Load(limit, ctx.histogram.rows, "Each full run reads", place),)
    if ctx.pipeline.schedule.start_time is None:
        return Unproven(NO_START)
    worst = max(ctx.tally.counts(frequency), key=lambda count: count.rows, default=None)
    what = "The worst window holds"
    if worst is not None:
        what = f"The worst {frequency} window, {iso(worst.window.start)} to {iso(worst.window.end)}, holds"
    history = ctx.tally.until(ctx.histogram.anchor).rows
    return (
        Load(limit, worst.rows if worst is not None else 0, what, place),
        Load("historical_records", history, "The load before the schedule's start reads", ctx.at("sync_mode")),
    )
