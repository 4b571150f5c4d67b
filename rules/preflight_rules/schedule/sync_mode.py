"""What the sync mode says against what it means for the runs."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.finding import Fault, Inapplicable, Outcome, Severity
from preflight.rule import Context, rule

_ITERATOR_KEYS = ("iterator_field", "iterator_data_type", "track_by", "time_zone")


@rule("PF317", Severity.WARNING)
def full_sync_on_recurring_schedule(ctx: Context) -> Iterator[Outcome]:
    """Every run of a recurring schedule reads the whole result again.

    Why: mParticle recommends incremental syncs for speed and cost; a full one sends every row in each run.
    Fails:
        pipeline: {sync_mode: {type: full, iterator_field: null, iterator_data_type: null, time_zone: null}}
    Passes:
        pipeline: {sync_mode: {type: incremental}}
    Remedy: use the incremental mode with an iterator.
    Source: V2 https://docs.mparticle.com/developers/warehouse-sync-api/reference/ (best practices)
    """
    if ctx.pipeline.sync_mode.type == "full" and ctx.pipeline.schedule.type == "interval":
        yield Fault(
            f"Each {ctx.pipeline.schedule.frequency or 'scheduled'} run reads the whole result again.",
            ctx.at("sync_mode", "type"),
            "Use the incremental mode with an iterator, or run it once.",
        )


@rule("PF318", Severity.WARNING)
def iterator_in_full_sync(ctx: Context) -> Iterator[Outcome]:
    """A full sync names an iterator, which it does not use.

    Why: whoever wrote it probably meant an incremental sync. That the settings are ignored is inferred.
    Fails:
        pipeline: {sync_mode: {type: full}}
    Passes:
        pipeline: {sync_mode: {type: full, iterator_field: null, iterator_data_type: null, time_zone: null}}
    Remedy: choose the incremental mode, or leave the iterator's settings out.
    Source: INF, from the meaning of the two modes
    """
    sync = ctx.pipeline.sync_mode
    if sync.type != "full":
        yield Inapplicable("the sync mode is not full")
        return
    given = [key for key in _ITERATOR_KEYS if getattr(sync, key)]
    if given:
        yield Fault(
            f"The sync mode is full but gives {', '.join(given)}, which a full sync does not use.",
            ctx.at("sync_mode", given[0]),
            "Choose the incremental mode, or leave these settings out.",
        )
