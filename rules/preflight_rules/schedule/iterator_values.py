"""The iterator's values: those that no run reads, those that two runs read, and those that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.event_batch import normalise
from preflight.finding import Fault, Inapplicable, Measure, Outcome, Severity, Unproven, Weighed
from preflight.model import HOUR
from preflight.rule import Context, Fact, rule

_YEAR = 365 * 24 * HOUR
EARLY = 10 * _YEAR
"""Iterator values before 1980 are not meant: seconds that are read as milliseconds all fall there."""


def _share(rows: int, total: int) -> str:
    return f"{rows:,} of {total:,} rows ({100 * rows / total:.1f} %)"


@rule("PF315", Severity.WARNING, needs={Fact.COUNTS})
def null_iterator_values(ctx: Context) -> Iterator[Outcome]:
    """Some rows have no iterator value.

    Why: the filter on the iterator is never true for NULL, so an incremental sync never reads these rows.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, NULL::TIMESTAMP AS updated_at;
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: give every row a value, with COALESCE if need be.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source; the effect follows)
    """
    if ctx.pipeline.sync_mode.type != "incremental":
        yield Inapplicable("the sync mode has no iterator")
        return
    nulls, rows = ctx.histogram.null_rows, ctx.histogram.rows
    measure = Measure("rows without an iterator value", nulls, "rows", basis=ctx.basis(Fact.COUNTS))
    if nulls:
        yield Fault(
            f"{_share(nulls, rows)} have no {ctx.pipeline.sync_mode.iterator_field}: no run ever reads them.",
            ctx.at("sync_mode", "iterator_field"),
            "Give every row a value, with COALESCE if need be.",
            (measure,),
        )
    else:
        yield Weighed((measure,))


@rule("PF316", Severity.WARNING, needs={Fact.COUNTS})
def future_iterator_values(ctx: Context) -> Iterator[Outcome]:
    """Some rows have an iterator value in the future.

    Why: they are read only when that time has come, and by then they are not new. Often the zone or the unit is wrong.
    Fails:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, TIMESTAMP '2027-11-01' AS updated_at;
    Passes:
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: check the column's zone and unit, or filter such rows.
    Source: INF, from how the runs' windows lie
    """
    if ctx.pipeline.sync_mode.type != "incremental":
        yield Inapplicable("the sync mode has no iterator")
        return
    future, rows = ctx.histogram.future_rows, ctx.histogram.rows
    measure = Measure("rows later than now", future, "rows", basis=ctx.basis(Fact.COUNTS))
    if future:
        yield Fault(
            f"{_share(future, rows)} have a {ctx.pipeline.sync_mode.iterator_field} in the future.",
            ctx.at("sync_mode", "iterator_field"),
            "Check the column's time zone and unit, or filter such rows.",
            (measure,),
        )
    else:
        yield Weighed((measure,))


@rule("PF319", Severity.INFO, needs={Fact.COUNTS})
def rows_on_window_edges(ctx: Context) -> Iterator[Outcome]:
    """Some rows lie exactly on the instant where one run's window ends and the next begins.

    Why: the documented filter is a BETWEEN, which includes both ends, so such rows are read by two runs. Attributes are
        set twice to the same value; events arrive twice unless they carry an id of their own. Rows before the
        schedule's start are read by the first load alone; they show what later rows will do.
    Fails:
        pipeline: {schedule: {start_time: 2026-12-01T00:00:00Z}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, TIMESTAMP '2026-11-01' AS updated_at;
    Passes:
        pipeline: {schedule: {start_time: 2026-12-01T00:05:00Z}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, TIMESTAMP '2026-11-01' AS updated_at;
    Remedy: start at a minute that values do not fall on, or map `source_message_id`.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/sql/ (2023 docs source)
    """
    schedule = ctx.pipeline.schedule
    if schedule.type != "interval" or ctx.pipeline.sync_mode.type != "incremental" or schedule.frequency is None:
        yield Inapplicable("there are no windows")
        return
    if schedule.start_time is None:
        yield Unproven("schedule.start_time is not given, so it is not known where its windows begin")
        return
    edges = [(count.window.end, count.rows - count.rows_half_open) for count in ctx.tally.counts(schedule.frequency)]
    twice = sum(rows for instant, rows in edges if instant >= ctx.histogram.anchor)
    early = sum(rows for instant, rows in edges if instant < ctx.histogram.anchor)
    measure = Measure("rows on a window's edge", twice + early, "rows", basis=ctx.basis(Fact.COUNTS))
    if not twice + early or _has_message_id(ctx):
        yield Weighed((measure,))
        return
    total = ctx.histogram.rows
    once = f"{_share(early, total)} lie on a window's edge before the start: the first load reads them once, but later"
    yield Fault(
        f"{_share(twice, total)} lie exactly on a window's edge and are read by two runs."
        if twice
        else f"{once} rows like them will be read by two runs.",
        ctx.at("schedule", "start_time"),
        "Start at a minute that values do not fall on"
        + (", or map a stable source_message_id." if ctx.pipeline.is_event else "."),
        (measure,),
    )


def _has_message_id(ctx: Context) -> bool:
    """Whether each event carries an id of its own, so that reading it twice makes no second event."""
    transformation = ctx.field_transformation
    mappings = transformation.mappings if transformation else ()
    return any(normalise(m.destination or "") == "events.data.source_message_id" and m.source for m in mappings)


@rule("PF311", Severity.ERROR, needs={Fact.COUNTS})
def wrong_unix_time_unit(ctx: Context) -> Iterator[Outcome]:
    """The iterator's unix times are declared in the wrong unit.

    Why: seconds that are read as milliseconds all lie in January 1970; milliseconds that are read as seconds lie tens
        of thousands of years ahead. No run's window ever holds them.
    Fails:
        pipeline: {sync_mode: {iterator_data_type: timestamp_unixtime_ms}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, 1793491200 AS updated_at;
    Passes:
        pipeline: {sync_mode: {iterator_data_type: timestamp_unixtime_s}}
        warehouse: |
            CREATE SCHEMA public;
            CREATE TABLE public.contacts AS SELECT 1 AS customer_id, 1793491200 AS updated_at;
    Remedy: declare the other unit.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    declared = (ctx.pipeline.sync_mode.iterator_data_type or "").lower()
    if declared not in ("timestamp_unixtime_s", "timestamp_unixtime_ms"):
        yield Inapplicable("the iterator is no unix time")
        return
    histogram = ctx.histogram
    if not histogram.rows - histogram.null_rows:
        yield Unproven("no row has an iterator value")
        return
    last = ctx.tally.span
    if declared == "timestamp_unixtime_ms" and last is not None and last[1] < EARLY and not histogram.future_rows:
        meant, seen = "timestamp_unixtime_s", "before 1980"
    elif declared == "timestamp_unixtime_s" and last is None:
        meant, seen = "timestamp_unixtime_ms", "in the future"
    else:
        return
    yield Fault(
        f"Read as {declared}, every row lies {seen}: the values are probably {meant}.",
        ctx.at("sync_mode", "iterator_data_type"),
        f"Declare {meant}.",
    )
