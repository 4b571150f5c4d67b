"""How far a pipeline's runs are from their limits, and what else the counted rows say about the schedule."""

from __future__ import annotations

from collections.abc import Iterator

from preflight import limits as limit_profiles
from preflight.finding import Fault, Inapplicable, Measure, Outcome, Severity, Weighed
from preflight.model import HOUR, Bucket
from preflight.rule import Context, Fact, rule
from preflight.schedule import FREQUENCIES, Count, iso
from preflight_rules.volume.loads import loads, windows, windows_of

NEAR = 80
"""Above this percentage of its limit a run is near it."""
_DOCUMENTED, _OBSERVED = "docs-2025-02", "observed-2026-08"


@rule("PF405", Severity.ERROR, needs={Fact.COUNTS})
def burst_in_one_hour(ctx: Context) -> Iterator[Outcome]:
    """A single hour holds more rows than a whole run may read.

    Why: no shorter schedule helps, because even an hourly run would read too much. Often a backfill has stamped many
        rows with one and the same time.
    Fails:
        top: {limits: {overrides: {records_per_daily_interval: {value: 2, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {records_per_daily_interval: {value: 2, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:10:00' + INTERVAL (i) HOUR AS updated_at
            FROM range(3) AS r(i);
    Remedy: spread the iterator's values, or load these rows apart with `from` and `until`.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    frequency = ctx.pipeline.schedule.frequency
    if ctx.pipeline.sync_mode.type == "full":
        yield Inapplicable("a full sync has no windows")
        return
    counts = windows(ctx)
    if not isinstance(counts, tuple):
        yield counts
        return
    limit, histogram = ctx.limits.get(f"records_per_{frequency}_interval"), ctx.histogram
    worst = max(histogram.buckets, key=lambda bucket: bucket.rows, default=Bucket(0, 0, 0))
    if worst.rows > limit.value:
        start = iso(histogram.anchor + worst.index * HOUR)
        yield Fault(
            f"The hour from {start} alone holds {worst.rows:,} records; one {frequency} run may read {limit.value:,}.",
            ctx.at("sync_mode", "iterator_field"),
            "Spread the iterator's values, or load these rows apart with sync_mode.from and sync_mode.until.",
            (ctx.weigh(limit, worst.rows, ctx.basis(Fact.COUNTS)),),
        )


@rule("PF406", Severity.WARNING, needs={Fact.COUNTS})
def near_record_limit(ctx: Context) -> Iterator[Outcome]:
    """A run reads more than four fifths of what it may.

    Why: what happens past a limit is not documented, and rows grow.
    Fails:
        top: {limits: {overrides: {records_per_daily_interval: {value: 3, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {records_per_daily_interval: {value: 4, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:00:00' AS updated_at FROM range(3) AS r(i);
    Remedy: run more often, narrow the query, or split the pipeline, before it is too late.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    found = loads(ctx)
    if not isinstance(found, tuple):
        yield found
        return
    for load in found:
        limit = ctx.limits.get(load.limit)
        if NEAR * limit.value < 100 * load.rows <= 100 * limit.value:
            yield Fault(
                f"{load.what} {load.rows:,} records, which is above {NEAR} % of the limit of {limit.value:,}.",
                load.place,
                "Run more often, narrow the query, or split the pipeline, before it is too late.",
                (ctx.weigh(limit, load.rows, ctx.basis(Fact.COUNTS)),),
            )


@rule("PF407", Severity.WARNING, needs={Fact.COUNTS})
def empty_result(ctx: Context) -> Iterator[Outcome]:
    """The query returns no row.

    Why: an empty result proves nothing about the rows to come. Often a filter, a join or the sync mode's span is wrong.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP);
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: check the query's filters and joins, and the sync mode's `from` and `until`.
    Source: INF, from what the counts mean
    """
    rows = ctx.histogram.rows
    measure = Measure("rows", rows, basis=ctx.basis(Fact.COUNTS))
    if rows:
        yield Weighed((measure,))
    else:
        yield Fault(
            "The query returns no row within the sync mode's span.",
            ctx.at("data_model_id"),
            "Check the query's filters and joins, and sync_mode.from and sync_mode.until.",
            (measure,),
        )


@rule("PF408", Severity.WARNING, needs={Fact.COUNTS})
def only_within_newer_limits(ctx: Context) -> Iterator[Outcome]:
    """A run holds the limits that were observed in August 2026, but not those of the documentation.

    Why: the higher numbers are a third party's reading of the platform's page of service limits. They may not hold for
        this account. A limit that the project sets itself is not compared.
    Fails:
        pipeline: {schedule: {frequency: hourly}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(1000001);
    Passes:
        pipeline: {schedule: {frequency: hourly}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT 1 AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(1000000);
    Remedy: ask for the account's limits and set them under `limits.overrides`, or make the runs smaller.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025); 3P,
        of https://docs.mparticle.com/guides/default-service-limits/ on 13 August 2026
    """
    found = loads(ctx)
    if not isinstance(found, tuple):
        yield found
        return
    documented, observed = limit_profiles.load(_DOCUMENTED), limit_profiles.load(_OBSERVED)
    for load in found:
        if ctx.limits.get(load.limit).mark == "OVERRIDE":
            continue
        older, newer = documented.get(load.limit), observed.get(load.limit)
        if load.rows <= older.value:
            continue
        if load.rows <= newer.value:
            yield Fault(
                f"{load.what} {load.rows:,} records: within the newer limit of {newer.value:,}, but not within the"
                f" documented {older.value:,}.",
                load.place,
                "Ask for the account's limits and set them under limits.overrides, or make the runs smaller.",
                tuple(ctx.weigh(limit, load.rows, ctx.basis(Fact.COUNTS)) for limit in (older, newer)),
            )
        else:
            yield Inapplicable(f"{load.rows:,} records are past both profiles' limits")


@rule("PF409", Severity.WARNING, needs={Fact.COUNTS})
def throughput(ctx: Context) -> Iterator[Outcome]:
    """A run's rows are more than the account's default rate passes on within its interval.

    Why: the Events API takes a number of batches a second for the whole account, and one row makes one batch. That a
        sync is held to this rate is inferred.
    Fails:
        top: {limits: {overrides: {events_api_batches_per_second: {value: 1, reason: to keep the example short}}}}
        pipeline: {schedule: {frequency: hourly}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(3601) AS r(i);
    Passes:
        top: {limits: {overrides: {events_api_batches_per_second: {value: 1, reason: to keep the example short}}}}
        pipeline: {schedule: {frequency: hourly}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(3600) AS r(i);
    Remedy: spread the rows over more intervals, or have the account's rate raised.
    Source: INF, from V1 https://docs.mparticle.com/guides/default-service-limits/ (2023 docs source)
    """
    limit, counts = ctx.limits.events_api_batches_per_second, windows(ctx)
    if not isinstance(counts, tuple):
        yield counts
        return
    worst = max(counts, key=_rate, default=None)
    rate = _rate(worst) if worst is not None else 0
    measure = ctx.weigh(limit, rate, ctx.basis(Fact.COUNTS))
    if worst is None or rate <= limit.value:
        yield Weighed((measure,))
        return
    frequency = ctx.pipeline.schedule.frequency
    yield Fault(
        f"One run ({frequency}) reads {worst.rows:,} records; at {limit.value:,} batches a second an interval"
        f" passes on {limit.value * (worst.window.end - worst.window.start):,}.",
        ctx.at("schedule", "frequency"),
        "Spread the rows over more intervals, or have the account's rate raised.",
        (measure,),
    )


def _rate(count: Count) -> int:
    """Batches a second that a window's rows need, rounded up."""
    return -(-count.rows // (count.window.end - count.window.start))


@rule("PF411", Severity.INFO, needs={Fact.COUNTS})
def frequency_advice(ctx: Context) -> Iterator[Outcome]:
    """Another frequency would hold its limit where the chosen one does not.

    Why: each frequency has a limit of its own, and the rows lie in other windows.
    Fails:
        top: {limits: {overrides: {records_per_daily_interval: {value: 2, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(3) AS r(i);
    Passes:
        top: {limits: {overrides: {records_per_daily_interval: {value: 3, reason: to keep the example short}}}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS
            SELECT i AS customer_id, TIMESTAMP '2026-11-20 12:10:00' AS updated_at FROM range(3) AS r(i);
    Remedy: choose one of the frequencies that hold.
    Source: V2 https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/ (Limits, 27 February 2025)
    """
    schedule, counts = ctx.pipeline.schedule, windows(ctx)
    if not isinstance(counts, tuple):
        yield counts
        return
    worst = {frequency: _worst(ctx, frequency) for frequency in FREQUENCIES}
    holding = [name for name, rows in worst.items() if rows <= ctx.limits.get(f"records_per_{name}_interval").value]
    if schedule.frequency in holding:
        return
    advice = f"{' or '.join(holding)} would" if holding else "no other frequency would either"
    yield Fault(
        f"The {schedule.frequency} schedule does not hold its limit; {advice}.",
        ctx.at("schedule", "frequency"),
        f"Choose {' or '.join(holding)}." if holding else "Narrow the query or split the pipeline.",
        tuple(
            ctx.weigh(ctx.limits.get(f"records_per_{name}_interval"), rows, ctx.basis(Fact.COUNTS))
            for name, rows in worst.items()
        ),
    )


def _worst(ctx: Context, frequency: str) -> int:
    counts = windows_of(ctx, frequency)
    return max((count.rows for count in counts), default=0) if isinstance(counts, tuple) else 0
