"""The iterator's type: what was declared, what it really is, and how its values become instants."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity, Unproven
from preflight.model import Kind, Provider
from preflight.query import OutputColumn
from preflight.rule import Context, Fact, rule

_UNIX = ("timestamp_unixtime_ms", "timestamp_unixtime_s")
TYPES = {
    Provider.SNOWFLAKE: ("timestamp_ltz", "timestamp_ntz", "timestamp_tz", "datetime", "date", *_UNIX),
    Provider.BIGQUERY: ("datetime", "date", "timestamp", *_UNIX),
    Provider.REDSHIFT: ("timestamp", "timestamptz", "date", *_UNIX),
    Provider.DATABRICKS: ("timestamp", "timestamp_ntz", "date", *_UNIX),
}
"""The iterator types by warehouse. Snowflake and BigQuery: V1, the reference's lists; the others are inferred."""
_DOCUMENTED = (Provider.SNOWFLAKE, Provider.BIGQUERY)

_TIMES = frozenset({Kind.TIMESTAMP, Kind.INSTANT})
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
_KINDS = {
    "timestamp_ltz": {Kind.INSTANT},
    "timestamp_tz": {Kind.INSTANT},
    "timestamptz": {Kind.INSTANT},
    "timestamp_ntz": {Kind.TIMESTAMP},
    "datetime": {Kind.TIMESTAMP},
    "date": {Kind.DATE},
    "timestamp_unixtime_ms": _NUMBERS,
    "timestamp_unixtime_s": _NUMBERS,
}


def _allowed(declared: str, provider: Provider) -> frozenset[Kind]:
    if declared == "timestamp":
        return frozenset({Kind.TIMESTAMP} if provider is Provider.REDSHIFT else {Kind.INSTANT})
    return frozenset(_KINDS.get(declared, ()))


def _declared(ctx: Context) -> tuple[str, Provider] | None:
    """The declared type, lower case, and the warehouse; None where the sync mode declares none."""
    sync = ctx.pipeline.sync_mode
    if sync.type != "incremental" or not sync.iterator_data_type or ctx.connection is None:
        return None
    return sync.iterator_data_type.lower(), ctx.connection.service_provider


def _column(ctx: Context) -> OutputColumn | None:
    iterator = ctx.pipeline.sync_mode.iterator_field
    return ctx.outputs.named(iterator) if iterator else None


def _unknown_type(ctx: Context, *, documented: bool) -> Iterator[Outcome]:
    declared = _declared(ctx)
    if declared is None:
        yield Inapplicable("the sync mode declares no iterator type")
        return
    name, provider = declared
    if (provider in _DOCUMENTED) is not documented:
        yield Inapplicable(f"the types of {provider.label} have a rule of their own")
    elif name not in TYPES[provider]:
        yield Fault(
            f"{name} is no iterator type of {provider.label}.",
            ctx.at("sync_mode", "iterator_data_type"),
            f"Write one of {', '.join(TYPES[provider])}.",
        )


@rule("PF308", Severity.ERROR)
def unknown_iterator_type(ctx: Context) -> Iterator[Outcome]:
    """The declared iterator type is none that the platform knows for Snowflake or BigQuery.

    Why: the reference lists the types by warehouse.
    Fails:
        pipeline: {sync_mode: {iterator_data_type: timestamp}}
    Passes:
        pipeline: {sync_mode: {iterator_data_type: timestamp_ntz}}
    Remedy: write one of the listed types.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    yield from _unknown_type(ctx, documented=True)


@rule("PF309", Severity.WARNING)
def undocumented_iterator_type(ctx: Context) -> Iterator[Outcome]:
    """The declared iterator type is not among those that Redshift or Databricks have.

    Why: no list for these two could be read; the warehouses' own types and unix times are what can be expected.
    Fails:
        dialect: redshift
        pipeline: {sync_mode: {iterator_data_type: timestamp_ntz}}
    Passes:
        dialect: redshift
        pipeline: {sync_mode: {iterator_data_type: timestamptz}}
    Remedy: write the type that the warehouse gives the column.
    Source: INF, by analogy with V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/
    """
    yield from _unknown_type(ctx, documented=False)


@rule("PF310", Severity.ERROR, needs={Fact.SCHEMA})
def iterator_type_mismatch(ctx: Context) -> Iterator[Outcome]:
    """The iterator's declared type is not the type of the column.

    Why: the platform compares the column with literals of the declared type: a wrong one fails every run, or compares
        apples with oranges. Unix times need a number.
    Fails:
        pipeline: {sync_mode: {iterator_data_type: date}}
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
    Passes:
        pipeline: {sync_mode: {iterator_data_type: timestamp_ntz}}
        warehouse: CREATE SCHEMA public; CREATE TABLE public.contacts (customer_id INT, updated_at TIMESTAMP)
    Remedy: declare the column's own type, or cast the column.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    declared, column = _declared(ctx), _column(ctx)
    if declared is None or column is None:
        yield Inapplicable("there is no declared iterator among the output columns")
        return
    name, provider = declared
    allowed = _allowed(name, provider)
    if not allowed:
        yield Inapplicable(f"{name} is no known iterator type")
    elif column.type.kind is Kind.UNKNOWN:
        yield Unproven(f"the type of {column.name} is not known")
    elif (
        ctx.basis(Fact.SCHEMA).stand_in
        and column.type.kind in _TIMES
        and allowed & _TIMES
        and column.type.kind not in allowed
    ):
        yield Unproven("a stand-in does not tell a timestamp with a zone from one without as the warehouse does")
    elif column.type.kind not in allowed:
        fitting = [t for t in TYPES[provider] if column.type.kind in _allowed(t, provider)]
        advice = (
            f"Declare {' or '.join(fitting)}" if fitting else "Cast the column to a date, a timestamp or an integer"
        )
        yield Fault(
            f"The iterator {column.name} is declared as {name}, but it is of type {column.type}.",
            ctx.at("sync_mode", "iterator_data_type"),
            f"{advice}.",
        )


def _kinds(ctx: Context, declared: tuple[str, Provider]) -> frozenset[Kind]:
    """What the iterator can be: the described column's kind, else what the declared type stands for; empty: unknown."""
    column = _column(ctx)
    if column is not None and column.type.kind is not Kind.UNKNOWN:
        return frozenset({column.type.kind})
    return _allowed(*declared)


@rule("PF313", Severity.WARNING, uses={Fact.SCHEMA})
def zoneless_iterator_without_zone(ctx: Context) -> Iterator[Outcome]:
    """The iterator has no time zone, and the sync mode names none.

    Why: a value without a zone is an instant only where somebody says which zone it was written in; mParticle
        recommends UTC.
    Fails:
        pipeline: {sync_mode: {time_zone: null}}
    Passes:
        pipeline: {sync_mode: {time_zone: Europe/Berlin}}
    Remedy: name the zone that the values are written in.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    declared = _declared(ctx)
    if declared is None:
        yield Inapplicable("the sync mode declares no iterator type")
        return
    if ctx.pipeline.sync_mode.time_zone:
        return
    kinds = _kinds(ctx, declared)
    if not kinds:
        yield Unproven("the iterator's type is not known")
    elif kinds & {Kind.TIMESTAMP, Kind.DATE}:
        yield Fault(
            f"{ctx.pipeline.sync_mode.iterator_field} holds times without a zone, and no time_zone is named.",
            ctx.at("sync_mode", "iterator_data_type"),
            "Add time_zone with the zone that the values are written in, such as UTC.",
        )


@rule("PF314", Severity.WARNING, uses={Fact.SCHEMA})
def date_iterator_on_hourly_schedule(ctx: Context) -> Iterator[Outcome]:
    """An hourly schedule filters on an iterator that only knows days.

    Why: all rows of a day lie on its first instant, so one run of the day reads them all and the others read none.
    Fails:
        pipeline: {schedule: {frequency: hourly}, sync_mode: {iterator_data_type: date}}
    Passes:
        pipeline: {schedule: {frequency: hourly}, sync_mode: {iterator_data_type: timestamp_ntz}}
    Remedy: use an iterator with a time of day, or run daily.
    Source: INF, from how a date compares with a timestamp
    """
    declared = _declared(ctx)
    if declared is None or ctx.pipeline.schedule.frequency != "hourly":
        yield Inapplicable("the schedule is not hourly, or has no iterator")
        return
    kinds = _kinds(ctx, declared)
    if not kinds:
        yield Unproven("the iterator's type is not known")
    elif kinds == {Kind.DATE}:
        yield Fault(
            f"The iterator {ctx.pipeline.sync_mode.iterator_field} is a date: one run a day reads the whole day.",
            ctx.at("schedule", "frequency"),
            "Use an iterator with a time of day, or run daily.",
        )


@rule("PF312", Severity.ERROR)
def unknown_time_zone(ctx: Context) -> Iterator[Outcome]:
    """The sync mode's time zone is no name of the IANA database.

    Why: the platform takes IANA names, such as `Europe/Berlin`.
    Fails:
        pipeline: {sync_mode: {time_zone: Berlin}}
    Passes:
        pipeline: {sync_mode: {time_zone: Europe/Berlin}}
    Remedy: write the IANA name.
    Source: V1 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (2023 docs source)
    """
    zone = ctx.pipeline.sync_mode.time_zone
    if not zone:
        yield Inapplicable("the sync mode names no time zone")
        return
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        known = available_timezones()
        if not known:
            yield Unproven("this machine has no time-zone database: install the package tzdata")
            return
        close = [name for name in sorted(known) if name.casefold().endswith(zone.casefold())][:1]
        yield Fault(
            f"{zone} is no time zone of the IANA database.",
            ctx.at("sync_mode", "time_zone"),
            f"Write {close[0]}." if close else "Write an IANA name, such as UTC or Europe/Berlin.",
        )
