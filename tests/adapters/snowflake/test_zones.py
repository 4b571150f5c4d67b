"""A zone's listed steps read a clock as Python's own zones do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight_adapters._zones import steps

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo")
EPOCH = datetime(1970, 1, 1)
NOW = 1_900_000_000


def instant(zone: str, clock: int, lower: int | None = None) -> int:
    offset = next(offset for start, offset in steps(zone, lower, NOW) if start is None or clock >= start)
    return clock - offset


def by_python(zone: str, clock: int) -> int:
    """The later of two instants, the offset before a jump."""
    local = EPOCH + timedelta(seconds=clock)
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    repeated = first < second
    return round((second if repeated else first).timestamp())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ZONES), st.integers(-2_000_000_000, NOW))
def test_any_clock(zone: str, clock: int) -> None:
    assert instant(zone, clock) == by_python(zone, clock)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("lower", [None, 1_700_000_000])
def test_around_every_change(zone: str, lower: int | None) -> None:
    starts = [start for start, _ in steps(zone, 1_700_000_000, NOW) if start is not None]
    assert len(starts) >= 10
    for start in starts:
        for by in (-7200, -3601, -3600, -1800, -1, 0, 1, 1800, 3599, 3600, 7200):
            assert instant(zone, start + by, lower) == by_python(zone, start + by)


def test_a_zone_without_changes_is_one_step() -> None:
    assert steps("UTC", None, NOW) == ((None, 0),)
    assert steps("Asia/Kolkata", 1_700_000_000, NOW) == ((None, 19_800),)
