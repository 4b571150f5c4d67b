"""PF9xx: preflight itself."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.meta import settings

RULES: tuple[Rule, ...] = (settings.unknown_rule,)
