"""PF2xx: columns, identities and types."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.columns import attributes, count, identities, identity_columns, output_names, types

RULES: tuple[Rule, ...] = (
    count.too_many_columns,
    output_names.unnamed_output_column,
    output_names.duplicate_output_column,
    identities.no_identity_column,
    identities.misspelt_identity,
    attributes.system_column_name,
    attributes.unknown_reserved_attribute,
    attributes.technical_column,
    attributes.folded_attribute_names,
    identity_columns.only_device_identities,
    identity_columns.accidental_identity,
    identity_columns.two_customer_id_columns,
    identity_columns.mpid_of_wrong_type,
    identity_columns.fractional_identity,
    identity_columns.alias_column,
    attributes.personal_data_as_attribute,
    types.object_column,
    types.opaque_column,
    types.list_column,
    types.list_of_objects,
    types.imprecise_decimal,
    types.zoneless_attribute,
)
