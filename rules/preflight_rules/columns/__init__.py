"""PF2xx: columns, identities and types."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.columns import count, identities, output_names

RULES: tuple[Rule, ...] = (
    count.too_many_columns,
    output_names.unnamed_output_column,
    output_names.duplicate_output_column,
    identities.no_identity_column,
    identities.misspelt_identity,
)
