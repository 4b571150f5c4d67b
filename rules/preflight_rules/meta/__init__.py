"""PF9xx: preflight itself."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.meta import lock, settings

RULES: tuple[Rule, ...] = (
    settings.unknown_rule,
    lock.unreadable_lock,
    lock.stale_lock,
    lock.missing_from_lock,
    lock.old_lock,
)
