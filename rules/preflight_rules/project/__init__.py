"""PF0xx: project and config."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.project import connections, dbt, expiry, grammar, resources, together

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
    dbt.stale_dbt_manifest,
    expiry.expired_override,
    connections.incomplete_snowflake_config,
    connections.incomplete_bigquery_config,
    connections.incomplete_redshift_config,
    connections.unverified_databricks_config,
    connections.malformed_arn,
    connections.implausible_external_id,
    connections.misnamed_storage_integration,
    connections.implausible_snowflake_account,
    connections.unsplit_bigquery_dataset,
    resources.name_without_its_kind,
    resources.identical_connections,
    resources.inactive_connection_in_use,
    resources.production_without_rehearsal,
    together.attribute_written_twice,
    together.feed_for_two_kinds,
    connections.password_only_snowflake_login,
)
