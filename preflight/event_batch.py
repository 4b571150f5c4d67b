"""The event batch's members: which paths a field transformation may write to, of which type, for which event type.

The schema is data (``event_batch.toml``), with its sources. Paths are dotted and hold no array index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

DATA = "events.data."
EVENT_TYPE = "events.event_type"
NAMES = (DATA + "event_name", DATA + "screen_name")
"""The members that name an event; their different values together are limited."""


class Member(msgspec.Struct, frozen=True):
    """One member of the batch."""

    path: str
    type: str
    """text, integer, number, boolean, attribute, list or object."""
    required: bool = False
    """Whether it must be there where its parent is."""
    enum: tuple[str, ...] = ()
    written: bool = True
    """Whether a sender may write it."""
    note: str = ""
    mark: str = "OAS"


class EventType(msgspec.Struct, frozen=True):
    """One event type, with the members of its ``events.data`` beyond the common ones, by full path."""

    name: str
    members: Mapping[str, Member]
    exclusive: tuple[str, ...] = ()
    """Members of ``events.data`` of which exactly one may be written."""
    mark: str = "OAS"


class Schema(msgspec.Struct, frozen=True):
    """The whole batch."""

    members: Mapping[str, Member]
    """What is common to every event, by full path; a path that ends in ``.*`` takes any further key."""
    events: Mapping[str, EventType]

    def member(self, path: str, event_type: str | None = None) -> Member | None:
        """The member at a normalised path, for one event type or (None) for any; None where there is none."""
        if found := _lookup(self.members, path):
            return found
        names = [event_type] if event_type is not None else list(self.events)
        return next(
            (m for name in names if name in self.events and (m := _lookup(self.events[name].members, path))), None
        )

    def paths(self) -> tuple[str, ...]:
        """Every path of the schema, for the nearest right name."""
        return (*self.members, *(path for event in self.events.values() for path in event.members))


def normalise(path: str) -> str:
    """The dotted form of a path: a leading ``$.`` and array indexes (``[0]``, ``[]``, ``[*]``) are dropped."""
    return re.sub(r"\[\s*(\d+|\*)?\s*\]", "", path.strip()).removeprefix("$").lstrip(".")


def identity_of(destination: str | None) -> str | None:
    """The identity that a mapping's destination writes, such as ``email``; None for any other destination."""
    path = normalise(destination or "")
    root, _, name = path.rpartition(".")
    if root:
        return name if root in _IDENTITIES and name != "*" and path in schema().members else None
    return name if name in ("mpid", "mp_deviceid") else None


_IDENTITIES = ("user_identities", "device_info")


def _lookup(members: Mapping[str, Member], path: str) -> Member | None:
    if path in members:
        return members[path]
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        if (found := members.get(".".join(parts[:length]) + ".*")) is not None:
            return found if all(parts) else None
    return None


@cache
def schema() -> Schema:
    """The schema as ``event_batch.toml`` holds it."""
    import tomllib

    document = tomllib.loads(Path(__file__).with_name("event_batch.toml").read_text("utf-8"))
    mark = document["mark"]
    members = _members("", document["batch"], mark)
    members |= _members("user_identities.", document["user_identities"], mark)
    members |= _members("device_info.", document["device_identities"], mark)
    members |= _members(DATA, document["common"], mark)
    members[EVENT_TYPE] = Member(EVENT_TYPE, "text", required=True, enum=tuple(document["events"]), mark=mark)
    return Schema(members, {name: _event(name, body, mark) for name, body in document["events"].items()})


def _event(name: str, body: dict[str, Any], mark: str) -> EventType:
    own = body.get("mark", mark)
    members = {key: value for key, value in body.items() if key not in ("mark", "exclusive")}
    return EventType(name, _members(DATA, members, own), tuple(body.get("exclusive", ())), own)


def _members(prefix: str, entries: dict[str, Any], mark: str) -> dict[str, Member]:
    found = {}
    for name, entry in entries.items():
        settings = {"type": entry} if isinstance(entry, str) else dict(entry)
        kind = settings.pop("type")
        enum = tuple(settings.pop("enum", ()))
        path = prefix + name
        found[path] = Member(
            path, kind.removesuffix("*"), required=kind.endswith("*"), enum=enum, **{"mark": mark, **settings}
        )
    return found
