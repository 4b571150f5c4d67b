"""Every documented number, with its unit, its source and the day it was read. No rule holds a number of its own.

The numbers are data (``limits.json``, which is read in a fifth of the time that TOML would take), as named and dated
profiles: a number stands there once, with the page that it was read on, the day, and a mark that says how sure it is.
An entry may name its own source, day and mark in place of its profile's; a profile that leaves a limit out inherits it.
A project chooses a profile and may override single values with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

DEFAULT_PROFILE = "docs-2025-02"


class Limit(msgspec.Struct, frozen=True):
    """One documented number: a value up to which, and including which, the platform accepts."""

    name: str
    value: int
    unit: str
    scope: str
    source: str
    read: date
    mark: str
    """V2: read on the v2 page. V1: in the 2023 docs source. 3P: a third party's dated reading. INF: inferred.

    OVERRIDE when the project set the value.
    """
    profile: str
    reason: str = ""
    """Why the project overrides it, else empty."""
    expires: date | None = None


class Override(msgspec.Struct, frozen=True):
    """A project's own value for a limit."""

    value: int
    reason: str
    expires: date | None = None


class Limits:
    """The limits in force for one run: a profile with the project's overrides; each is an attribute by its name."""

    def __init__(self, profile: str, values: dict[str, Limit]) -> None:
        self.profile = profile
        self._values = values

    def __getattr__(self, name: str) -> Limit:
        try:
            return self.__dict__["_values"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"no limit is named {name!r}") from None

    def __iter__(self) -> Iterator[Limit]:
        return iter(self._values.values())

    def get(self, name: str) -> Limit:
        """The limit called ``name``; raises KeyError."""
        return self._values[name]

    def with_overrides(self, overrides: dict[str, Override], today: date) -> Limits:
        """These limits with the overrides that have not expired on ``today``; unknown names raise KeyError."""
        values = dict(self._values)
        for name, override in overrides.items():
            base = values[name]
            if override.expires is None or override.expires >= today:
                values[name] = msgspec.structs.replace(
                    base, value=override.value, mark="OVERRIDE", reason=override.reason, expires=override.expires
                )
        return Limits(self.profile, values)


@cache
def _sections() -> dict[str, Any]:
    return msgspec.json.decode(Path(__file__).with_name("limits.json").read_bytes())  # type: ignore[no-any-return]


def profiles() -> tuple[str, ...]:
    """The names of the profiles, the default first."""
    return tuple(_sections())


@cache
def load(profile: str = DEFAULT_PROFILE) -> Limits:
    """The limits of a profile, inherited ones included; an unknown profile raises KeyError."""
    section = _sections()[profile]
    inherited = section.get("inherits")
    values = {limit.name: limit for limit in load(inherited)} if inherited else {}
    for name, entry in section["limits"].items():
        values[name] = Limit(
            name=name,
            value=entry["value"],
            unit=entry["unit"],
            scope=entry["scope"],
            source=entry.get("source", section["source"]),
            read=date.fromisoformat(entry.get("read", section["read"])),
            mark=entry.get("mark", section["mark"]),
            profile=profile,
        )
    return Limits(profile, values)


NAMES = (
    "active_pipelines",
    "columns",
    "historical_records",
    "records_per_hourly_interval",
    "records_per_daily_interval",
    "records_per_weekly_interval",
    "records_per_monthly_interval",
    "records_per_once_request",
    "records_per_on_demand_request",
    "event_name_length",
    "event_attribute_name_length",
    "event_attribute_value_length",
    "attributes_per_event",
    "user_attributes_per_batch",
    "user_attribute_name_length",
    "user_attribute_value_length",
    "user_attribute_list_entries",
    "user_attribute_list_entry_length",
    "batch_bytes",
    "unique_event_names",
    "events_api_batches_per_second",
)
"""Every limit's name, as a project may write it under ``limits.overrides``; a test holds it against limits.json."""
