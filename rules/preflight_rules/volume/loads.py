"""What a pipeline's runs read at worst, beside the name of the limit that holds for them.

The schedule is laid over the rows that there are, from its own start time: future windows are judged by past ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from preflight.finding import Fault, Inapplicable, Measure, Outcome, Unproven, Weighed
from preflight.limits import Limit
from preflight.location import Route
from preflight.rule import Context, Fact
from preflight.schedule import Count, iso, window, windows_between

NO_START = "schedule.start_time is not given, so it is not known where its windows begin"


class Load(msgspec.Struct, frozen=True):
    """The rows of one run, or of the load before a schedule's start."""

    limit: str
    rows: int
    what: str
    """The sentence up to the number."""
    place: Route
    remedy: str
    measures: tuple[Measure, ...] = ()
    """What else is worth knowing of it."""


Loaded = Load | Unproven | Inapplicable


def judged(ctx: Context, load: Loaded) -> Iterator[Outcome]:
    """A fault where the load is past its limit, else its weight; what is no load as it is."""
    if not isinstance(load, Load):
        yield load
        return
    limit = ctx.limits.get(load.limit)
    measures = (ctx.weigh(limit, load.rows, ctx.basis(Fact.COUNTS)), *load.measures)
    if load.rows <= limit.value:
        yield Weighed(measures)
        return
    yield Fault(f"{load.what} {load.rows:,} records; the limit is {limit.value:,}.", load.place, load.remedy, measures)


def loads(ctx: Context) -> tuple[Load, ...] | Unproven | Inapplicable:
    """The worst run, and for a new interval pipeline the load of its history; needs Fact.COUNTS."""
    reading = {"interval": interval_run, "once": once_request, "on_demand": on_demand_request}
    found = reading[ctx.pipeline.schedule.type](ctx)
    if not isinstance(found, Load):
        return found
    history = historical_load(ctx)
    return (found, history) if isinstance(history, Load) else (found,)


def interval_run(ctx: Context) -> Loaded:
    """The worst run of an interval schedule."""
    counts = windows(ctx)
    if not isinstance(counts, tuple):
        return counts
    frequency = ctx.pipeline.schedule.frequency or ""
    place, limit = ctx.at("schedule", "frequency"), ctx.limits.get(f"records_per_{frequency}_interval")
    if ctx.pipeline.sync_mode.type == "full":
        remedy = "Use the incremental mode, or narrow the query."
        return Load(limit.name, counts[0].rows, "Each full run reads", place, remedy)
    often = "" if frequency == "hourly" else "run more often, "
    remedy = f"{often}narrow the query or split the pipeline"
    remedy = remedy[:1].upper() + remedy[1:]
    if not counts:
        return Load(limit.name, 0, "No window holds any row:", place, f"{remedy}.")
    worst = max(counts, key=lambda count: count.rows)
    total = windows_between(frequency, ctx.histogram.anchor, counts[0].window.start, counts[-1].window.start)
    span = f"{iso(worst.window.start)} to {iso(worst.window.end)}"
    over = sum(count.rows > limit.value for count in counts)
    return Load(
        limit.name,
        worst.rows,
        f"The worst of {total:,} past {frequency} windows, {span}, holds",
        place,
        f"{remedy}: {over:,} of the windows {'is' if over == 1 else 'are'} over.",
        _spread(ctx, limit, counts, total),
    )


def _spread(ctx: Context, limit: Limit, counts: tuple[Count, ...], total: int) -> tuple[Measure, ...]:
    """The worst window without its last instant where that differs, the 99th percentile, and the headroom."""
    basis = ctx.basis(Fact.COUNTS)
    worst = max(counts, key=lambda count: count.rows)
    found = []
    if worst.rows != worst.rows_half_open:
        name = "rows without the window's last instant"
        found.append(Measure(name, worst.rows_half_open, limit.unit, basis=basis))
    found.append(Measure("99th percentile of the windows", percentile(counts, total), limit.unit, basis=basis))
    headroom = round(100 - 100 * worst.rows / limit.value, 1)
    return (*found, Measure("headroom of the worst window", headroom, "%", basis=basis))


def percentile(counts: tuple[Count, ...], total: int) -> int:
    """The rows that 99 of 100 of ``total`` windows do not pass, by nearest rank; those not in ``counts`` are empty."""
    above = total - -(-99 * total // 100)
    ranked = sorted((count.rows for count in counts), reverse=True)
    return ranked[above] if above < len(ranked) else 0


def windows(ctx: Context) -> tuple[Count, ...] | Unproven | Inapplicable:
    """An interval pipeline's windows that hold any row, in order; of a full sync the one that each run reads."""
    schedule = ctx.pipeline.schedule
    if schedule.type != "interval" or schedule.frequency is None:
        return Inapplicable(f"the schedule is {schedule.type}: it has no interval")
    return windows_of(ctx, schedule.frequency)


def windows_of(ctx: Context, frequency: str) -> tuple[Count, ...] | Unproven:
    """The windows that the pipeline would have with another frequency."""
    if ctx.pipeline.sync_mode.type == "full":
        rows = ctx.histogram.rows
        return (Count(window(frequency, ctx.histogram.anchor, 0), rows, rows),)
    if ctx.pipeline.schedule.start_time is None:
        return Unproven(NO_START)
    return ctx.tally.counts(frequency)


def historical_load(ctx: Context) -> Loaded:
    """What a new interval pipeline loads before its start."""
    schedule, sync = ctx.pipeline.schedule, ctx.pipeline.sync_mode
    if schedule.type != "interval" or sync.type == "full":
        return Inapplicable("only an incremental interval pipeline loads history before its start")
    if schedule.start_time is None:
        return Unproven(NO_START)
    anchor = ctx.histogram.anchor
    return Load(
        "historical_records",
        ctx.tally.until(anchor).rows,
        f"The load before the schedule's start, {iso(anchor)}, reads",
        ctx.at("sync_mode", "from") if sync.from_ else ctx.at("sync_mode"),
        "Set or tighten sync_mode.from and sync_mode.until, and load the rest in further pipelines.",
    )


def once_request(ctx: Context) -> Loaded:
    """The one run of a ``once`` schedule."""
    if ctx.pipeline.schedule.type != "once":
        return Inapplicable(f"the schedule is {ctx.pipeline.schedule.type}")
    unread = 0 if ctx.pipeline.sync_mode.type == "full" else ctx.histogram.null_rows
    remedy = "Narrow it with sync_mode.from and sync_mode.until, and load the rest in further requests."
    place = ctx.at("schedule", "type")
    return Load("records_per_once_request", ctx.histogram.rows - unread, "The request reads", place, remedy)


def on_demand_request(ctx: Context) -> Loaded:
    """The first run of an ``on_demand`` schedule, triggered now."""
    schedule = ctx.pipeline.schedule
    if schedule.type != "on_demand":
        return Inapplicable(f"the schedule is {schedule.type}")
    limit, place = "records_per_on_demand_request", ctx.at("schedule", "start_time")
    remedy = "Choose a later schedule.start_time, or narrow the query."
    if ctx.pipeline.sync_mode.type == "full":
        return Load(limit, ctx.histogram.rows, "Each full run reads", place, remedy)
    if schedule.start_time is None:
        return Unproven("schedule.start_time is not given, so it is not known where the first run begins")
    anchor = ctx.histogram.anchor
    return Load(limit, ctx.tally.since(anchor), f"A run triggered now, from {iso(anchor)} on, reads", place, remedy)
