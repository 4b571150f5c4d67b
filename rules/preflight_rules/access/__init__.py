"""PF6xx: warehouse access."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.access import objects

RULES: tuple[Rule, ...] = (objects.query_refused_by_warehouse, objects.missing_table)
