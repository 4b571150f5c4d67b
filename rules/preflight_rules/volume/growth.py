"""Whether the runs grow towards their limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from preflight.finding import Fault, Inapplicable, Measure, Outcome, Severity, Weighed
from preflight.rule import Context, Fact, rule
from preflight.schedule import number_at, window
from preflight_rules.volume.loads import windows

FEWEST, MOST, AHEAD = 8, 52, 12
"""How many past windows show a trend, how many of the last ones are looked at, and how far ahead. preflight's own."""
STEADY = 50
"""The percentage of the windows' variance that a straight line must explain to be called a trend."""


@rule("PF412", Severity.WARNING, needs={Fact.COUNTS})
def growth_towards_record_limit(ctx: Context) -> Iterator[Outcome]:
    """The runs grow, and will soon read more records than the limit.

    Why: a pipeline that holds its limit today fails when its rows have grown. A straight line through the last windows
        (at most 52, whole ones alone) is drawn 12 windows further.
    Fails:
        top: {limits: {overrides: {records_per_daily_interval: {value: 12, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-13 12:00:00' + INTERVAL (day) DAY AS updated_at
            FROM range(10) AS d(day), range(10) AS r(i) WHERE i <= day;
    Passes:
        top: {limits: {overrides: {records_per_daily_interval: {value: 30, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-13 12:00:00' + INTERVAL (day) DAY AS updated_at
            FROM range(10) AS d(day), range(10) AS r(i) WHERE i <= day;
    Remedy: run more often, narrow the query or split the pipeline before it is too late.
    Source: INF, from the counts; the limits are V2
        https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    if ctx.pipeline.sync_mode.type == "full":
        yield Inapplicable("a full sync has no windows")
        return
    counts = windows(ctx)
    if not isinstance(counts, tuple):
        yield counts
        return
    frequency = ctx.pipeline.schedule.frequency or ""
    rows = _last_windows(ctx, frequency)
    if len(rows) < FEWEST:
        yield Inapplicable(f"{len(rows)} whole windows show no trend; it takes {FEWEST}")
        return
    limit = ctx.limits.get(f"records_per_{frequency}_interval")
    slope, fitted, explained = trend(rows)
    ahead = round(fitted + AHEAD * slope)
    basis = ctx.basis(Fact.COUNTS)
    growth = Measure("growth from window to window", round(slope, 1), limit.unit, basis=basis)
    if max(rows) <= limit.value < ahead and 100 * explained >= STEADY:
        windows_left = max(1, math.floor((limit.value - fitted) / slope) + 1)
        yield Fault(
            f"The {frequency} windows grow by {slope:,.1f} records each and will pass the limit of {limit.value:,} in"
            f" about {windows_left} of them.",
            ctx.at("schedule", "frequency"),
            "Run more often, narrow the query or split the pipeline before it is too late.",
            (ctx.weigh(limit, ahead, basis), growth),
        )
    else:
        yield Weighed((growth,))


def _last_windows(ctx: Context, frequency: str) -> list[int]:
    """The rows of the last whole windows, the empty ones among them, oldest first."""
    anchor, span = ctx.histogram.anchor, ctx.tally.span
    if span is None:
        return []
    last = number_at(frequency, anchor, math.floor(ctx.now.timestamp())) - 1
    first = max(number_at(frequency, anchor, span[0]), last - MOST + 1)
    return [ctx.tally.count(window(frequency, anchor, number)).rows for number in range(first, last + 1)]


def trend(rows: Sequence[int]) -> tuple[float, float, float]:
    """The least-squares line through ``rows``: its slope, its value at the last one, and the share that it explains."""
    count = len(rows)
    middle, mean = (count - 1) / 2, sum(rows) / count
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * y for x, y in enumerate(rows)) / spread
    variance = sum((y - mean) ** 2 for y in rows)
    return slope, mean + slope * (count - 1 - middle), slope**2 * spread / variance if variance else 0.0
