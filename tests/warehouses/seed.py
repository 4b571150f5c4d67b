"""The tables that every engine's server holds for the conformance suite, and what they hold, as Python values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from servers.stand import Server

ANCHOR = datetime(2026, 11, 1, 3, 5, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
ZONE = "Europe/Berlin"

_OFFSETS = (
    *(timedelta(hours=hour) for hour in (0, 0, 1, 5, 24, 24, 25, 168, -1, -700, -5000)),
    *(timedelta(hours=hour, microseconds=micro) for hour in (0, 24, 48) for micro in (-1_000, 1_000)),
    *(timedelta(minutes=minutes) for minutes in (59, 61, 700, 20_000)),
)
FUTURE = (NOW + timedelta(days=1), NOW + timedelta(days=40))
INSTANTS: tuple[datetime | None, ...] = (*(ANCHOR + offset for offset in _OFFSETS), *FUTURE, None, None)
"""Each row's instant, to the millisecond at the finest; none falls into an hour that clocks repeat or skip."""

EVENT_COLUMNS = (
    ("id", "integer"),
    ("at_instant", "instant"),
    ("at_local", "timestamp"),
    ("at_day", "date"),
    ("at_s", "big"),
    ("at_ms", "big"),
)
PEOPLE_COLUMNS = (
    ("customer_id", "text"),
    ("email", "text"),
    ("age", "integer"),
    ("big", "big"),
    ("spent", "decimal"),
    ("score", "float"),
    ("active", "boolean"),
    ("joined", "date"),
    ("updated_at", "timestamp"),
    ("seen_at", "instant"),
)


def _person(
    customer: str | None, email: str | None, age: int | None, big: int | None, spent: str | None, day: int | None
) -> tuple[object, ...]:
    moment = f"2026-11-{day:02} 08:00:00" if day else None
    score, active = (age / 2, age > 20) if age else (None, None)
    joined = f"2026-01-{day:02}" if day else None
    return customer, email, age, big, spent, score, active, joined, moment, f"{moment}+00:00" if moment else None


PEOPLE = (
    _person("c1", "ann@example.com", 31, 9_007_199_254_740_993, "10.50", 2),
    _person("c1", "Bob@Example.com", None, 7, "-3.25", 3),
    _person("unknown", " cat@example.com", 44, None, None, 4),
    _person("", "not an address", 18, -5, "0.00", None),
    _person(None, None, 18, 0, "99999.99", 5),
)


def clock(instant: datetime, zone: str = "UTC") -> datetime:
    """What a clock of ``zone`` shows at an instant."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def event_rows() -> list[tuple[object, ...]]:
    """The rows of ``events``; ``at_local`` is what Berlin's clocks show, ``at_day`` its UTC day."""
    return [
        (
            number,
            f"{at:%Y-%m-%d %H:%M:%S.%f}+00:00" if at else None,
            f"{clock(at, ZONE):%Y-%m-%d %H:%M:%S.%f}" if at else None,
            f"{at:%Y-%m-%d}" if at else None,
            int(at.timestamp() // 1) if at else None,
            round(at.timestamp() * 1000) if at else None,
        )
        for number, at in enumerate(INSTANTS)
    ]


def fill(server: Server) -> None:
    """Create and fill the suite's tables."""
    server.load("events", EVENT_COLUMNS, event_rows())
    server.load("people", PEOPLE_COLUMNS, PEOPLE)
    server.load("forbidden", (("id", "integer"),), ((1,),))
    server.forbid("forbidden")
    server.load("nothing", (("id", "integer"), ("at_instant", "instant")), ())
