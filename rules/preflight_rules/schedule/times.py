"""The schedule's own times, and whether its runs can ever do something."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity
from preflight.rule import Context, rule


@rule("PF303", Severity.ERROR)
def times_out_of_order(ctx: Context) -> Iterator[Outcome]:
    """A schedule ends before it starts, or a sync reads until before from.

    Why: such a span holds nothing, so nothing is ever loaded.
    Fails:
        pipeline: {schedule: {end_time: 2026-11-30T00:00:00Z}}
    Passes:
        pipeline: {schedule: {end_time: 2027-11-30T00:00:00Z}}
    Remedy: put the times in order.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    schedule, sync = ctx.pipeline.schedule, ctx.pipeline.sync_mode
    if schedule.start_time and schedule.end_time and schedule.end_time <= schedule.start_time:
        yield Fault(
            "The schedule's end_time does not lie after its start_time, so it never runs.",
            ctx.at("schedule", "end_time"),
            "Choose an end_time after start_time.",
        )
    if sync.from_ and sync.until and sync.until <= sync.from_:
        yield Fault(
            "The sync mode's until does not lie after its from, so no row is ever read.",
            ctx.at("sync_mode", "until"),
            "Choose an until after from.",
        )


@rule("PF304", Severity.ERROR)
def schedule_already_over(ctx: Context) -> Iterator[Outcome]:
    """The schedule's end lies in the past.

    Why: an interval pipeline recurs until its end time; one that is over when it is created never runs.
    Fails:
        pipeline: {schedule: {start_time: 2026-01-01T00:00:00Z, end_time: 2026-11-01T00:00:00Z}}
    Passes:
        pipeline: {schedule: {end_time: 2027-11-01T00:00:00Z}}
    Remedy: choose a later end_time, or leave it out.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    schedule = ctx.pipeline.schedule
    if schedule.type != "interval":
        yield Inapplicable(f"the schedule is {schedule.type}")
    elif schedule.end_time and schedule.end_time <= ctx.now:
        yield Fault(
            "The schedule's end_time lies in the past, so the pipeline never runs.",
            ctx.at("schedule", "end_time"),
            "Choose a later end_time, or leave it out.",
        )


@rule("PF305", Severity.WARNING)
def until_in_the_past(ctx: Context) -> Iterator[Outcome]:
    """A recurring pipeline reads only rows up to a past instant.

    Why: `until` filters every run, so after the first load all later runs read nothing.
    Fails:
        pipeline: {sync_mode: {until: 2026-11-01T00:00:00Z}}
    Passes:
        pipeline: {schedule: {type: once, frequency: null, start_time: null}, sync_mode: {until: 2026-11-01T00:00:00Z}}
    Remedy: leave `until` out, or load the past with a `once` pipeline.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, note on from and until)
    """
    until = ctx.pipeline.sync_mode.until
    if ctx.pipeline.schedule.type != "once" and until and until <= ctx.now:
        yield Fault(
            f"Only rows up to {until:%Y-%m-%d %H:%M} UTC are read, which is past: later runs load nothing.",
            ctx.at("sync_mode", "until"),
            "Leave `until` out, or load the past with a `once` pipeline.",
        )


@rule("PF321", Severity.WARNING)
def on_demand_without_start(ctx: Context) -> Iterator[Outcome]:
    """An on-demand pipeline has no start time.

    Why: the first triggered run reads from the start time on; without one it is not documented what it reads.
    Fails:
        pipeline: {schedule: {type: on_demand, frequency: null, start_time: null}}
    Passes:
        pipeline: {schedule: {type: on_demand, frequency: null, start_time: 2026-11-01T00:00:00Z}}
    Remedy: give schedule.start_time.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    schedule = ctx.pipeline.schedule
    if schedule.type != "on_demand":
        yield Inapplicable(f"the schedule is {schedule.type}")
    elif schedule.start_time is None:
        yield Fault(
            "The pipeline runs on demand but has no start_time, so it is not defined what its first run reads.",
            ctx.at("schedule", "type"),
            "Give schedule.start_time.",
        )


@rule("PF322", Severity.WARNING)
def frequency_without_interval(ctx: Context) -> Iterator[Outcome]:
    """A schedule that has no interval names a frequency.

    Why: only an interval schedule recurs; what the platform makes of a frequency elsewhere is not documented.
    Fails:
        pipeline: {schedule: {type: on_demand, frequency: daily}}
    Passes:
        pipeline: {schedule: {type: on_demand, frequency: null}}
    Remedy: take the frequency out, or make it an interval schedule.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (the kinds of schedule)
    """
    schedule = ctx.pipeline.schedule
    if schedule.type != "interval" and schedule.frequency is not None:
        yield Fault(
            f"The schedule is {schedule.type}, and still names the frequency {schedule.frequency}.",
            ctx.at("schedule", "frequency"),
            "Take schedule.frequency out, or write `type: interval`.",
        )
