from __future__ import annotations

import pytest

from preflight import identities
from preflight.event_batch import identity_of, normalise, schema


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("events.data.event_name", "events.data.event_name"),
        ("$.events[0].data.event_name", "events.data.event_name"),
        ("events[].data.event_name", "events.data.event_name"),
        (" $.events[*].data.product_action.products[0].id ", "events.data.product_action.products.id"),
        ("$", ""),
    ],
)
def test_paths_are_dotted(written: str, normal: str) -> None:
    assert normalise(written) == normal


def test_a_member_belongs_to_its_event_type() -> None:
    assert schema().member("events.data.screen_name", "screen_view") is not None
    assert schema().member("events.data.screen_name", "session_start") is None
    assert schema().member("events.data.screen_name") is not None
    assert schema().member("events.data.screem_name") is None


def test_a_map_takes_any_key_but_not_an_empty_one() -> None:
    attribute = schema().member("events.data.custom_attributes.order_total", "custom_event")
    assert attribute is not None
    assert attribute.type == "attribute"
    assert schema().member("events.data.custom_attributes.") is None
    assert schema().member("events.data.custom_attributes") is None


def test_the_spelling_trap_of_the_two_wish_lists() -> None:
    action = schema().member("events.data.product_action.action", "commerce_event")
    assert action is not None
    assert "remove_from_wish_list" in action.enum
    assert "remove_from_wishlist" not in action.enum


def test_identities_of_the_batch_are_reserved_names_save_alias() -> None:
    users = {path.removeprefix("user_identities.") for path in schema().members if path.startswith("user_identities.")}
    assert users - set(identities.USER) == {"alias"}
    assert set(identities.USER) - users == {"mpid", "customerid"}
    devices = {path.removeprefix("device_info.") for path in schema().members if path.startswith("device_info.")}
    assert devices - {"*"} == set(identities.DEVICE) - {"mp_deviceid"}


def test_required_members_are_members_of_their_type() -> None:
    required = {
        (event.name, member.path.removeprefix("events.data."))
        for event in schema().events.values()
        for member in event.members.values()
        if member.required
    }
    assert ("custom_event", "event_name") in required
    assert ("commerce_event", "product_action.action") in required
    assert ("session_end", "session_duration_ms") in required


@pytest.mark.parametrize(
    ("destination", "identity"),
    [
        ("user_identities.email", "email"),
        ("$.user_identities.other_id_2", "other_id_2"),
        ("device_info.mp_deviceid", None),
        ("device_info.ios_idfv", "ios_idfv"),
        ("device_info.brand", None),
        ("device_info.*", None),
        ("mpid", "mpid"),
        ("mp_deviceid", "mp_deviceid"),
        ("email", None),
        ("user_attributes.email", None),
        ("events.data.custom_attributes.mpid", None),
        ("", None),
        (None, None),
    ],
)
def test_the_identity_that_a_destination_writes(destination: str | None, identity: str | None) -> None:
    assert identity_of(destination) == identity
