"""PF3xx: schedule and sync mode."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.schedule import iterator

RULES: tuple[Rule, ...] = (iterator.iterator_missing_from_output, iterator.incremental_without_iterator)
