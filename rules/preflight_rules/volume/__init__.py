"""PF4xx: volume."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.volume import runs

RULES: tuple[Rule, ...] = (
    runs.window_over_record_limit,
    runs.historical_load_over_record_limit,
    runs.once_request_over_record_limit,
    runs.on_demand_request_over_record_limit,
)
