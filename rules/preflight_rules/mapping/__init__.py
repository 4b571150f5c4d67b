"""PF5xx: mapping and data plan."""

from __future__ import annotations

from preflight.rule import Rule
from preflight_rules.mapping import destinations, events, plans, shape, sizes, sources, values

RULES: tuple[Rule, ...] = (
    sources.mapping_source_missing_from_output,
    shape.incomplete_mapping,
    shape.source_in_another_case,
    shape.unmapped_column,
    destinations.unknown_destination,
    shape.unusual_path_style,
    shape.duplicate_destination,
    shape.source_mapped_twice,
    destinations.read_only_destination,
    destinations.consent_destination,
    destinations.partner_identity_destination,
    events.missing_event_type,
    events.unknown_event_type,
    events.missing_required_member,
    destinations.value_outside_enum,
    events.commerce_parts_conflict,
    destinations.member_of_another_event_type,
    events.event_time_unmapped,
    events.event_time_of_wrong_type,
    events.message_id_unmapped,
    destinations.column_type_against_destination,
    shape.several_products_in_a_row,
    destinations.environment_destination,
    destinations.mapping_writes_whole_object,
    destinations.static_value_of_wrong_type,
    values.column_outside_enum,
    values.event_time_in_wrong_unit,
    values.old_events,
    values.future_events,
    sizes.too_many_event_attributes,
    sizes.no_room_for_the_feeds_attribute,
    sizes.overlong_event_name,
    sizes.overlong_mapped_name,
    sizes.too_many_event_names,
    sizes.near_event_name_limit,
    plans.plan_version_without_plan,
    plans.plan_without_version,
)
