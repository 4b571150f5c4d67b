"""Whether any run would read more records than the platform accepts.

Future windows are judged by past ones. What happens past a limit is not documented, so passing one is an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Measure, Outcome, Severity, Unproven, Weighed
from preflight.limits import Limit
from preflight.location import Route
from preflight.rule import Context, Fact, rule
from preflight.schedule import Count, iso, windows_between

_NO_START = "schedule.start_time is not given, so it is not known where its windows begin"


def _judge(ctx: Context, limit: Limit, rows: int, what: str, place: Route, remedy: str) -> Fault | Weighed:
    """A fault where ``rows`` are past the limit, else their weight; ``what`` is the sentence up to the number."""
    measure = ctx.weigh(limit, rows, ctx.basis(Fact.COUNTS))
    if rows <= limit.value:
        return Weighed((measure,))
    return Fault(f"{what} {rows:,} records; the limit is {limit.value:,}.", place, remedy, (measure,))


@rule("PF401", Severity.ERROR, needs={Fact.COUNTS})
def window_over_record_limit(ctx: Context) -> Iterator[Outcome]:
    """A scheduled run would read more records than its interval allows.

    Why: each run reads the rows of one window of the schedule, both ends included. The schedule is laid over the rows
        that there are, from its own start time, and every window up to now is counted. A full sync reads all rows in
        each run.
    Fails:
        top: {limits: {overrides: {records_per_daily_interval: {value: 2, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {records_per_daily_interval: {value: 3, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Remedy: run more often, narrow the query, or split the pipeline.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    schedule = ctx.pipeline.schedule
    if schedule.type != "interval" or schedule.frequency is None:
        yield Inapplicable(f"the schedule is {schedule.type}: it has no interval")
        return
    limit = ctx.limits.get(f"records_per_{schedule.frequency}_interval")
    place = ctx.at("schedule", "frequency")
    if ctx.pipeline.sync_mode.type == "full":
        remedy = "Use the incremental mode, or narrow the query."
        yield _judge(ctx, limit, ctx.histogram.rows, "Each full run reads", place, remedy)
    elif schedule.start_time is None:
        yield Unproven(_NO_START)
    else:
        yield _judge_windows(ctx, limit, schedule.frequency, place)


def _judge_windows(ctx: Context, limit: Limit, frequency: str, place: Route) -> Fault | Weighed:
    counts = ctx.tally.counts(frequency)
    if not counts:
        return Weighed((ctx.weigh(limit, 0, ctx.basis(Fact.COUNTS)),))
    worst = max(counts, key=lambda count: count.rows)
    total = windows_between(frequency, ctx.histogram.anchor, counts[0].window.start, counts[-1].window.start)
    what = f"The worst of {total:,} past {frequency} windows, {_words(worst)}, holds"
    over = sum(count.rows > limit.value for count in counts)
    often = "" if frequency == "hourly" else "Run more often, "
    remedy = (
        f"{often}narrow the query or split the pipeline: {over:,} of the windows {'is' if over == 1 else 'are'} over."
    )
    remedy = remedy[:1].upper() + remedy[1:]
    outcome = _judge(ctx, limit, worst.rows, what, place, remedy)
    if isinstance(outcome, Fault) and worst.rows != worst.rows_half_open:
        half_open = Measure("rows without the window's last instant", worst.rows_half_open, limit.unit)
        return Fault(outcome.message, outcome.place, outcome.remedy, (*outcome.measures, half_open))
    return outcome


def _words(count: Count) -> str:
    return f"{iso(count.window.start)} to {iso(count.window.end)}"


@rule("PF402", Severity.ERROR, needs={Fact.COUNTS})
def historical_load_over_record_limit(ctx: Context) -> Iterator[Outcome]:
    """The rows before the schedule's start are more than the first load accepts.

    Why: a new interval pipeline first loads everything before its start time, narrowed by `from` and `until`.
    Fails:
        top: {limits: {overrides: {historical_records: {value: 2, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-01-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {historical_records: {value: 2, reason: to keep the example short}}}}
        pipeline: {sync_mode: {from: 2026-02-01T00:00:00Z}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-01-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Remedy: narrow the first load with `from` and `until`, and load the rest in further pipelines.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    schedule, sync = ctx.pipeline.schedule, ctx.pipeline.sync_mode
    if schedule.type != "interval" or sync.type == "full":
        yield Inapplicable("only an incremental interval pipeline loads history before its start")
        return
    if schedule.start_time is None:
        yield Unproven(_NO_START)
        return
    rows = ctx.tally.until(ctx.histogram.anchor).rows
    place = ctx.at("sync_mode", "from") if sync.from_ else ctx.at("sync_mode")
    what = f"The load before the schedule's start, {iso(ctx.histogram.anchor)}, reads"
    remedy = "Set or tighten sync_mode.from and sync_mode.until, and load the rest in further pipelines."
    yield _judge(ctx, ctx.limits.historical_records, rows, what, place, remedy)


@rule("PF403", Severity.ERROR, needs={Fact.COUNTS})
def once_request_over_record_limit(ctx: Context) -> Iterator[Outcome]:
    """The one run of a `once` pipeline would read more records than a request may.

    Why: it reads everything between `from` and `until` in a single request.
    Fails:
        top: {limits: {overrides: {records_per_once_request: {value: 2, reason: to keep the example short}}}}
        pipeline: {schedule: {type: once, frequency: null, start_time: null}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-01-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {records_per_once_request: {value: 3, reason: to keep the example short}}}}
        pipeline: {schedule: {type: once, frequency: null, start_time: null}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-01-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Remedy: narrow it with `from` and `until`, and load the rest in further requests.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    if ctx.pipeline.schedule.type != "once":
        yield Inapplicable(f"the schedule is {ctx.pipeline.schedule.type}")
        return
    rows = ctx.histogram.rows if ctx.pipeline.sync_mode.type == "full" else ctx.histogram.rows - ctx.histogram.null_rows
    remedy = "Narrow it with sync_mode.from and sync_mode.until, and load the rest in further requests."
    yield _judge(
        ctx, ctx.limits.records_per_once_request, rows, "The request reads", ctx.at("schedule", "type"), remedy
    )


@rule("PF404", Severity.ERROR, needs={Fact.COUNTS})
def on_demand_request_over_record_limit(ctx: Context) -> Iterator[Outcome]:
    """The first run of an `on_demand` pipeline would read more records than a request may.

    Why: a triggered run reads from the end of the last successful run, or from the start time where there is none, up
        to now. The first run is judged.
    Fails:
        top: {limits: {overrides: {records_per_on_demand_request: {value: 2, reason: to keep the example short}}}}
        pipeline: {schedule: {type: on_demand, frequency: null, start_time: 2026-01-01T00:00:00Z}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-01-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {records_per_on_demand_request: {value: 2, reason: to keep the example short}}}}
        pipeline: {schedule: {type: on_demand, frequency: null, start_time: 2026-02-01T00:00:00Z}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-01-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Remedy: choose a later start time, or narrow the query.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025); what
        a run covers: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    schedule = ctx.pipeline.schedule
    if schedule.type != "on_demand":
        yield Inapplicable(f"the schedule is {schedule.type}")
        return
    limit, place = ctx.limits.records_per_on_demand_request, ctx.at("schedule", "start_time")
    remedy = "Choose a later schedule.start_time, or narrow the query."
    if ctx.pipeline.sync_mode.type == "full":
        yield _judge(ctx, limit, ctx.histogram.rows, "Each full run reads", place, remedy)
    elif schedule.start_time is None:
        yield Unproven("schedule.start_time is not given, so it is not known where the first run begins")
    else:
        rows = ctx.tally.since(ctx.histogram.anchor)
        what = f"A run triggered now, from {iso(ctx.histogram.anchor)} on, reads"
        yield _judge(ctx, limit, rows, what, place, remedy)
