"""PF6xx: warehouse access."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.access import grants, objects

RULES: tuple[Rule, ...] = (
    objects.query_refused_by_warehouse,
    objects.missing_table,
    grants.missing_grant,
    grants.platform_statement_refused,
    grants.writing_principal,
    grants.stale_storage_integration,
    grants.disabled_storage_integration,
    grants.wrong_dataset_location,
    grants.warehouse_does_not_resume,
)
