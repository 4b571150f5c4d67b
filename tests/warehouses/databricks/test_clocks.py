"""Clock times that are shown twice or skipped, on the stand-in and on Spark: both read them as Python's fold 1 does."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from preflight.model import HistogramAsk, IteratorKind
from tests.warehouses.opened import Opened

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns")
CLOCKS = (
    *("2026-10-25 01:59:59.999", "2026-10-25 02:00:00", "2026-10-25 02:30:00", "2026-10-25 03:00:00"),
    *("2026-03-29 01:59:59.999", "2026-03-29 02:00:00", "2026-03-29 02:30:00", "2026-03-29 03:00:00"),
    *("2026-11-01 00:59:59", "2026-11-01 01:00:00", "2026-11-01 01:30:00", "2026-11-01 02:00:00"),
    *("2026-03-08 02:00:00", "2026-03-08 02:45:00", "2026-04-05 01:29:59", "2026-04-05 01:30:00"),
    *("2026-04-05 01:45:00", "2026-04-05 02:00:00", "2026-10-04 02:15:00"),
    *("1970-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59"),
)
ANCHOR = 1_793_502_300
NOW = 253_500_000_000


def instant(clock: datetime, zone: str) -> int:
    """Whole seconds. Where clocks are put back the later instant; a skipped time has the offset before the jump."""
    there = clock.replace(tzinfo=ZoneInfo(zone))
    twice = there.replace(fold=1)
    shown = twice.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    moment = twice if shown == clock else there
    offset = moment.utcoffset()
    assert offset is not None
    return round((clock.replace(microsecond=0) - datetime(1970, 1, 1) - offset).total_seconds())


@pytest.mark.parametrize("zone", ZONES)
def test_clock_times_that_are_shown_twice_or_skipped(opened: Opened, zone: str) -> None:
    server = opened.server
    server.load("clocks", (("at_local", "timestamp"),), [(clock,) for clock in CLOCKS])
    moments = [datetime.fromisoformat(clock) for clock in CLOCKS]
    near = [moment for moment in moments if 1 < moment.year < 9999]
    rows = Counter((instant(moment, zone) - ANCHOR) // 3600 for moment in near)
    sql = f"SELECT c.at_local FROM {server.name('clocks')} AS c"
    wanted = HistogramAsk(sql, server.stored("at_local"), IteratorKind.ZONELESS, ANCHOR, NOW, zone)
    found = opened.adapter.histogram(wanted)
    assert found.rows == len(CLOCKS)
    first, last = min(rows), max(rows)
    assert {bucket.index: bucket.rows for bucket in found.buckets if first <= bucket.index <= last} == rows
