"""PF5xx: mapping and data plan."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.mapping import sources

RULES: tuple[Rule, ...] = (sources.mapping_source_missing_from_output,)
