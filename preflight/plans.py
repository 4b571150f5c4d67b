"""Data plans: what a plan's version says may be sent, read from the JSON that the Data Planning API returns. Pure.

V1, ``mparticle.dataplanning.oas.yaml`` of the documentation source of 2023: a plan has versions, a version a document,
a document data points, and each data point a match and a JSON Schema of what it matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

EVENTS = ("custom_event", "screen_view", "product_action", "promotion_action", "product_impression")
"""The kinds of data point that an event matches."""
ATTRIBUTES, IDENTITIES = "user_attributes", "user_identities"


class Property(msgspec.Struct, frozen=True):
    """What a plan says of one attribute."""

    types: tuple[str, ...] = ()
    """JSON Schema's type names; empty: any."""
    enum: tuple[str, ...] = ()
    """The texts that it may hold; empty: any."""


class Members(msgspec.Struct, frozen=True):
    """The attributes, or the identities, that a data point plans."""

    properties: Mapping[str, Property] = {}
    open: bool = True
    """Whether others may be sent too."""
    required: tuple[str, ...] = ()

    def plans(self, name: str) -> bool:
        """Whether a member of this name may be sent."""
        return self.open or name in self.properties


class Point(msgspec.Struct, frozen=True):
    """One data point: which events (or the users) it matches, and what they may hold."""

    kind: str
    criteria: Mapping[str, str]
    members: Members


class Plan(msgspec.Struct, frozen=True):
    """One version of a plan."""

    id: str
    version: int
    points: tuple[Point, ...]
    environment: str = ""
    """Where it is active: ``none``, ``development``, ``production`` (both); empty: it does not say."""

    def event(self, kind: str, criteria: Mapping[str, str]) -> Point | None:
        """The data point of an event, where the plan has it."""
        return next((p for p in self.points if p.kind == kind and _matches(p.criteria, criteria)), None)

    def of_kind(self, kind: str) -> Point | None:
        """The data point of this kind, for kinds that there is one of."""
        return next((point for point in self.points if point.kind == kind), None)


def _matches(wanted: Mapping[str, str], found: Mapping[str, str]) -> bool:
    return all(found.get(name) == value for name, value in wanted.items())


@lru_cache(maxsize=64)
def parse(text: str) -> tuple[Plan, ...]:
    """The versions in a file: a plan with its versions, or one version, as the API returns them.

    Raises ValueError with what is wrong, in words that follow "the file …".
    """
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise ValueError("is not JSON") from None
    return read(document)


def read(document: Any) -> tuple[Plan, ...]:
    """The versions in a decoded answer; raises ValueError as ``parse`` does."""
    if not isinstance(document, Mapping):
        raise ValueError("is no JSON object")
    name = document.get("data_plan_id")
    if not isinstance(name, str) or not name:
        raise ValueError("has no data_plan_id")
    if "version_document" in document:
        return (_version(name, document),)
    versions = document.get("data_plan_versions")
    if not isinstance(versions, list):
        raise ValueError("has neither a version_document nor data_plan_versions")
    found = tuple(_version(name, version) for version in versions)
    if not found:
        raise ValueError("has no version")
    return found


def _version(name: str, body: Any) -> Plan:
    number = body.get("version") if isinstance(body, Mapping) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError("has a version without a number")
    points = _under(body, "version_document", "data_points")
    if not isinstance(points, list):
        raise ValueError(f"has no data_points in version {number}")
    environment = body.get("activated_environment")
    return Plan(name, number, tuple(_points(points, number)), environment if isinstance(environment, str) else "")


def _points(points: list[Any], number: int) -> Iterator[Point]:
    for index, point in enumerate(points):
        kind, criteria = _under(point, "match", "type"), _under(point, "match", "criteria")
        definition = _under(point, "validator", "definition")
        if not isinstance(kind, str) or not isinstance(definition, Mapping):
            raise ValueError(f"has a data point without match and validator, number {index + 1} of version {number}")
        texts = {str(k): v for k, v in criteria.items() if isinstance(v, str)} if isinstance(criteria, Mapping) else {}
        yield Point(kind, texts, _members(definition if kind in (ATTRIBUTES, IDENTITIES) else _custom(definition)))


def _custom(definition: Mapping[Any, Any]) -> Any:
    """The schema of an event's custom attributes; where it has none, as open as the event's data are."""
    found = _under(definition, "properties", "data", "properties", "custom_attributes")
    if isinstance(found, Mapping):
        return found
    return {"additionalProperties": _under(definition, "properties", "data", "additionalProperties")}


def _members(schema: Any) -> Members:
    properties, required = schema.get("properties"), schema.get("required")
    return Members(
        {str(k): _property(v) for k, v in properties.items()} if isinstance(properties, Mapping) else {},
        open=schema.get("additionalProperties") is not False,
        required=_texts(required),
    )


def _property(schema: Any) -> Property:
    if not isinstance(schema, Mapping):
        return Property()
    types, enum = schema.get("type"), schema.get("enum")
    if "const" in schema:
        enum = [schema["const"]]
    return Property((types,) if isinstance(types, str) else _texts(types), _texts(enum))


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _under(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
