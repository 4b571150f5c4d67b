"""PF7xx: the workspace."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.platform import slots

RULES: tuple[Rule, ...] = (slots.too_many_active_pipelines,)
