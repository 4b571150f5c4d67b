"""PF4xx: volume."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.volume import growth, headroom, runs

RULES: tuple[Rule, ...] = (
    runs.window_over_record_limit,
    runs.historical_load_over_record_limit,
    runs.once_request_over_record_limit,
    runs.on_demand_request_over_record_limit,
    headroom.burst_in_one_hour,
    headroom.near_record_limit,
    headroom.empty_result,
    headroom.only_within_newer_limits,
    headroom.throughput,
    headroom.frequency_advice,
    growth.growth_towards_record_limit,
)
