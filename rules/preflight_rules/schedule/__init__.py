"""PF3xx: schedule and sync mode."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.schedule import iterator, iterator_expression, iterator_type, iterator_values, sync_mode, times

RULES: tuple[Rule, ...] = (
    iterator.iterator_missing_from_output,
    iterator.incremental_without_iterator,
    times.times_out_of_order,
    times.schedule_already_over,
    times.frequency_without_interval,
    times.until_in_the_past,
    iterator_expression.iterator_needs_quotes,
    iterator_expression.iterator_with_odd_characters,
    iterator_type.unknown_iterator_type,
    iterator_type.undocumented_iterator_type,
    iterator_type.iterator_type_mismatch,
    iterator_values.wrong_unix_time_unit,
    iterator_type.unknown_time_zone,
    iterator_type.zoneless_iterator_without_zone,
    iterator_type.date_iterator_on_hourly_schedule,
    iterator_values.null_iterator_values,
    iterator_values.future_iterator_values,
    sync_mode.full_sync_on_recurring_schedule,
    sync_mode.iterator_in_full_sync,
    iterator_values.rows_on_window_edges,
    iterator_expression.iterator_from_the_clock,
    times.on_demand_without_start,
)
