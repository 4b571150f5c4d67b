"""Whether any run would read more records than the platform accepts.

Future windows are judged by past ones. What happens past a limit is not documented, so passing one is an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Outcome, Severity
from preflight.rule import Context, Fact, rule
from preflight_rules.volume.loads import (
    historical_load,
    interval_run,
    judged,
    on_demand_request,
    once_request,
)


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
    yield from judged(ctx, interval_run(ctx))


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
    yield from judged(ctx, historical_load(ctx))


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
    yield from judged(ctx, once_request(ctx))


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
    yield from judged(ctx, on_demand_request(ctx))
