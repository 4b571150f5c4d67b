"""PF9xx: preflight itself."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.meta import baseline, lock, settings, suppressions

RULES: tuple[Rule, ...] = (
    settings.unknown_rule,
    suppressions.unreadable_suppression,
    suppressions.suppression_without_reason,
    suppressions.expired_suppression,
    suppressions.unused_suppression,
    baseline.stale_baseline_entry,
    lock.unreadable_lock,
    lock.stale_lock,
    lock.missing_from_lock,
    lock.old_lock,
)
