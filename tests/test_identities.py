from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight import identities


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("custmer_id", "customer_id"),
        ("CUSTOMER_IDD", "customer_id"),
        ("cutsomer_id", "customer_id"),
        ("customer-id", "customer_id"),
        ("Customer Id", "customer_id"),
        ("cust_id", "customer_id"),
        ("e_mail", "email"),
        ("email_address", "email"),
        ("phone", "mobile_number"),
        ("mobilenumber", "mobile_number"),
        ("idfa", "ios_advertising_id"),
        ("other_id_1", "other"),
    ],
)
def test_what_is_close_to_an_identity(written: str, meant: str) -> None:
    assert identities.nearest(written) == meant


@pytest.mark.parametrize(
    "name",
    [
        "first_name",
        "customer_tier",
        "total",
        "emails_sent",
        "other_city",
        "google_ads_spend",
        "id",
        "phone_number_4",
        "m",
    ],
)
def test_what_is_an_attribute_on_purpose(name: str) -> None:
    assert identities.nearest(name) is None


def test_a_reserved_name_is_close_to_none() -> None:
    for name in identities.RESERVED:
        assert identities.nearest(name) is None
        assert identities.nearest(name.upper()) is None


def test_every_synonym_means_a_reserved_name() -> None:
    assert set(identities.SYNONYMS.values()) <= identities.RESERVED
    assert not identities.SYNONYMS.keys() & identities.RESERVED


@given(st.text(max_size=40))
def test_any_name_has_an_answer(name: str) -> None:
    meant = identities.nearest(name)
    assert meant is None or meant in identities.RESERVED


@given(st.sampled_from(sorted(identities.RESERVED)), st.data())
def test_one_dropped_letter_is_found(name: str, data: st.DataObject) -> None:
    letters = [i for i, char in enumerate(name) if char.isalpha()]
    bare = sum(char.isalnum() for char in name)
    at = data.draw(st.sampled_from(letters))
    slipped = name[:at] + name[at + 1 :]
    if bare >= 6 and slipped not in identities.RESERVED and slipped not in identities.SYNONYMS:
        assert identities.nearest(slipped) is not None
