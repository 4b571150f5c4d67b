"""PF0xx: project and config."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.project import expiry, grammar

RULES: tuple[Rule, ...] = (
    grammar.broken_yaml,
    grammar.duplicate_key,
    grammar.unknown_key,
    grammar.missing_key,
    grammar.wrong_value,
    grammar.duplicate_id,
    grammar.unresolved_reference,
    grammar.unreadable_file,
    grammar.literal_secret,
    grammar.v1_field,
    grammar.invalid_id,
    expiry.expired_override,
)
