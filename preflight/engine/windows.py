"""The counted windows of a pipeline's schedule, for the report."""

from __future__ import annotations

from preflight.finding import WindowRows, Windows
from preflight.rule import Context, Fact
from preflight.schedule import windows_between


def windows(context: Context) -> Windows | None:
    """The windows of an incremental interval pipeline; None for any other, and where nothing was counted."""
    pipeline = context.used_by
    if pipeline is None or pipeline.sync_mode.type == "full":
        return None
    context = context.declaring(frozenset({Fact.COUNTS}))
    schedule = pipeline.schedule
    if schedule.type != "interval" or schedule.frequency is None or schedule.start_time is None:
        return None
    if context.missing(Fact.COUNTS):
        return None
    counts = context.tally.counts(schedule.frequency)
    if not counts:
        return None
    first, last = counts[0].window.start, counts[-1].window.start
    limit = context.limits.get(f"records_per_{schedule.frequency}_interval")
    return Windows(
        schedule.frequency,
        tuple(WindowRows(count.window.start, count.window.end, count.rows) for count in counts),
        windows_between(schedule.frequency, context.histogram.anchor, first, last),
        context.weigh(limit, max(count.rows for count in counts), context.basis(Fact.COUNTS)),
    )
