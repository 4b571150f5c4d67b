from __future__ import annotations

from datetime import date

import pytest

from preflight import limits
from preflight.limits import Override

DOCUMENTED = {
    "active_pipelines": 5,
    "columns": 100,
    "historical_records": 24_000_000,
    "records_per_hourly_interval": 1_000_000,
    "records_per_daily_interval": 24_000_000,
    "records_per_weekly_interval": 40_000_000,
    "records_per_monthly_interval": 40_000_000,
    "records_per_once_request": 40_000_000,
    "records_per_on_demand_request": 24_000_000,
}
"""The table of the platform's own overview, page dated 27 February 2025."""

SERVICE = {
    "event_name_length": 256,
    "event_attribute_name_length": 256,
    "event_attribute_value_length": 4096,
    "attributes_per_event": 100,
    "user_attributes_per_batch": 100,
    "user_attribute_name_length": 256,
    "user_attribute_value_length": 4096,
    "user_attribute_list_entries": 1000,
    "user_attribute_list_entry_length": 512,
    "batch_bytes": 131_072,
    "unique_event_names": 1000,
    "events_api_batches_per_second": 270,
}
"""The rows of the page of default service limits that touch ingestion, as the 2023 docs source has them."""


def test_the_default_profile_is_the_documented_table() -> None:
    assert limits.profiles()[0] == limits.DEFAULT_PROFILE == "docs-2025-02"
    found = {limit.name: limit.value for limit in limits.load() if limit.mark == "V2"}
    assert found == DOCUMENTED
    assert {limit.source for limit in limits.load() if limit.mark == "V2"} == {
        "https://docs.mparticle.com/developers/apis/warehouse-sync-api/overview/"
    }


def test_the_service_limits_keep_their_own_source_and_mark() -> None:
    found = {limit.name: limit.value for limit in limits.load() if limit.mark == "V1"}
    assert found == SERVICE
    assert {limit.source for limit in limits.load() if limit.mark == "V1"} == {
        "https://docs.mparticle.com/guides/default-service-limits/"
    }
    assert len(tuple(limits.load())) == len(DOCUMENTED) + len(SERVICE)


def test_a_profile_inherits_what_it_leaves_out() -> None:
    observed = limits.load("observed-2026-08")
    assert observed.records_per_hourly_interval.value == 5_000_000
    assert observed.records_per_hourly_interval.mark == "3P"
    assert observed.columns.value == 100
    assert observed.columns.profile == "docs-2025-02"


@pytest.mark.parametrize("profile", limits.profiles())
def test_every_profile_holds_every_limit_with_its_source_and_date(profile: str) -> None:
    found = {limit.name: limit for limit in limits.load(profile)}
    assert tuple(found) == limits.NAMES
    for limit in found.values():
        assert limit.source.startswith("https://docs.mparticle.com/")
        assert isinstance(limit.read, date)
        assert limit.mark in {"V2", "V1", "3P", "INF"}


def test_an_override_holds_up_to_and_including_its_last_day() -> None:
    override = {"columns": Override(120, "contract C-118", date(2027, 6, 30))}
    assert limits.load().with_overrides(override, date(2027, 6, 30)).columns.value == 120
    assert limits.load().with_overrides(override, date(2027, 7, 1)).columns.value == 100


def test_an_override_says_that_it_is_one() -> None:
    overridden = limits.load().with_overrides({"columns": Override(120, "contract C-118")}, date(2026, 1, 1))
    assert (overridden.columns.mark, overridden.columns.reason) == ("OVERRIDE", "contract C-118")
    assert limits.load().columns.value == 100


def test_a_name_that_is_no_limit() -> None:
    with pytest.raises(AttributeError, match="no limit is named 'rows'"):
        _ = limits.load().rows
    with pytest.raises(KeyError):
        limits.load().with_overrides({"rows": Override(1, "x")}, date(2026, 1, 1))
    with pytest.raises(KeyError):
        limits.load("docs-1999-01")
