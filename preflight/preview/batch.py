"""One row as the event batch or the user profile that it would become, held against the batch schema.

That rows become JSON so is V1 (the 2023 docs source) and inferred; the members are those of ``event_batch.toml``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from preflight import identities
from preflight.config import FieldMapping, FieldTransformation, Pipeline
from preflight.event_batch import DATA, EVENT_TYPE, Member, identity_of, normalise, schema
from preflight.finding import Fate
from preflight.model import Column
from preflight.outlook import fate_of_user_column

MASK = "***"
_LISTS = frozenset({"events", "products", "promotions", "product_impressions"})
"""Members that are lists; a row gives one entry of each."""
_DEEPEST = 16
"""Parts of a path; the schema has none of more than six."""
_PERSONAL = re.compile(f"{identities.EMAIL}|{identities.E164}")
_BATCH_LEVEL = ("mpid", "mp_deviceid")


class Problem(msgspec.Struct, frozen=True):
    """What the batch schema has against a batch; no message holds a row's value."""

    path: str
    message: str


class Batch(msgspec.Struct, frozen=True):
    """One row's batch, ready for JSON, and what is wrong with it."""

    document: dict[str, Any]
    problems: tuple[Problem, ...]


class _Placeholder(str):
    """Stands for a value that is not known; it is shown, and not held against the schema's types."""

    __slots__ = ()


class Maker:
    """Makes batches of a pipeline's rows."""

    def __init__(
        self,
        pipeline: Pipeline,
        transformation: FieldTransformation | None,
        columns: Sequence[Column],
        *,
        show_values: bool = False,
    ) -> None:
        self._pipeline = pipeline
        self._transformation = transformation
        self._columns = columns
        self._show = show_values
        self._index: dict[str, int] = {}
        for index, column in enumerate(columns):
            self._index.setdefault(column.name.casefold(), index)

    def placeholders(self) -> tuple[Any, ...]:
        """A row of the columns' types, where there are no values."""
        return tuple(_Placeholder(f"<{column.type}>") for column in self._columns)

    def batch(self, row: Sequence[Any]) -> Batch:
        """The batch of one row, with a value for each column."""
        building = _Building()
        building.put("environment", self._pipeline.environment)
        if self._pipeline.plan_id is not None:
            building.put("context.data_plan.plan_id", self._pipeline.plan_id)
            if self._pipeline.plan_version is not None:
                building.put("context.data_plan.plan_version", self._pipeline.plan_version)
        if self._transformation is not None:
            self._event(building, self._transformation.mappings, row)
            problems = (*building.problems, *_against_schema(building.written))
        else:
            self._user(building, row)
            problems = tuple(building.problems)
        return Batch(building.document(self._shown), problems)

    def _shown(self, path: str, value: Any, column: str) -> Any:
        if self._show or value is None or isinstance(value, _Placeholder) or not column:
            return value
        identity = identity_of(path) is not None or column.casefold() in identities.RESERVED
        personal = isinstance(value, str) and _PERSONAL.fullmatch(value.strip())
        return MASK if identity or personal else value

    def _user(self, building: _Building, row: Sequence[Any]) -> None:
        sync = self._pipeline.sync_mode
        iterator = (sync.iterator_field or "").casefold() if sync.type != "full" else ""
        for column, value in zip(self._columns, row, strict=True):
            fate, target = fate_of_user_column(column.name, iterator)
            if fate is Fate.ITERATOR:
                continue
            roots = {Fate.USER_IDENTITY: "user_identities", Fate.DEVICE_IDENTITY: "device_info"}
            path = [target] if target in _BATCH_LEVEL else [roots.get(fate, "user_attributes"), target]
            if target == "customerid":
                path[-1] = "customer_id"
            member = schema().member(".".join(path)) if len(path) == 1 or "." not in path[1] else None
            building.put(path, value, member or Member(".".join(path), "attribute"), column.name)

    def _event(self, building: _Building, mappings: Sequence[FieldMapping], row: Sequence[Any]) -> None:
        event_type = _event_type(mappings, self._index, row)
        for mapping in mappings:
            path = normalise(mapping.destination or "")
            if mapping.mapping_type == "ignore" or not path:
                continue
            if path.count(".") >= _DEEPEST:
                building.problem(path[:80], "is no member of the event batch")
                continue
            member = schema().member(path, event_type) or schema().member(path)
            if member is None:
                building.problem(path, "is no member of the event batch")
            elif not member.written:
                building.problem(path, "is set by the platform")
            if mapping.source is None:
                building.put(path, _constant(mapping.value, member), member)
                continue
            index = self._index.get(mapping.source.casefold())
            if index is None:
                building.problem(path, f"has no value: the query puts out no column {mapping.source}")
            else:
                building.put(path, row[index], member, self._columns[index].name)


def _event_type(mappings: Sequence[FieldMapping], index: dict[str, int], row: Sequence[Any]) -> str | None:
    for mapping in mappings:
        if normalise(mapping.destination or "") != EVENT_TYPE:
            continue
        at = index.get((mapping.source or "").casefold())
        value = mapping.value if mapping.source is None else row[at] if at is not None else None
        return str(value) if value is not None and not isinstance(value, _Placeholder) else None
    return None


def _constant(value: str | None, member: Member | None) -> Any:
    """A static mapping's text as its member's type takes it; the text itself where it does not."""
    if value is None or member is None:
        return value
    try:
        if member.type == "integer":
            return int(value)
        if member.type == "number":
            return float(value)
    except ValueError:
        return value
    return {"true": True, "false": False}.get(value.lower(), value) if member.type == "boolean" else value


class _Building:
    """A batch while it is put together."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.written: dict[str, Any] = {}
        """Values by dotted path."""
        self._parts: dict[tuple[str, ...], tuple[Any, str]] = {}

    def problem(self, path: str, message: str) -> None:
        """Keep a problem."""
        self.problems.append(Problem(path, f"{path} {message}."))

    def put(self, path: str | list[str], value: Any, member: Member | None = None, column: str = "") -> None:
        """Write a value at a path; a list's last part may hold dots."""
        parts = tuple(path.split(".") if isinstance(path, str) else path)
        dotted = ".".join(parts)
        inside = any(parts[:n] in self._parts for n in range(1, len(parts)))
        if inside or any(other[: len(parts)] == parts and other != parts for other in self._parts):
            self.problem(dotted, "is written whole by one mapping and in part by another")
            return
        if parts in self._parts and column:
            self.problem(dotted, "is written twice; the last value is shown")
        value, wrong = _fitted(value, member)
        if wrong:
            self.problem(dotted, wrong)
        self._parts[parts] = value, column
        self.written[dotted] = value

    def document(self, shown: Callable[[str, Any, str], Any]) -> dict[str, Any]:
        """The nested batch, each value as ``shown`` answers it for its path, itself and its column."""
        root: dict[str, Any] = {}
        for parts, (value, column) in self._parts.items():
            at = root
            for part in parts[:-1]:
                below = at.setdefault(part, [{}] if part in _LISTS else {})
                at = below[0] if isinstance(below, list) else below
            at[parts[-1]] = shown(".".join(parts), value, column)
        return root


def _fitted(value: Any, member: Member | None) -> tuple[Any, str]:
    """A value as JSON has it and as its member takes it, and what is wrong with it."""
    if value is None or isinstance(value, _Placeholder):
        return value, ""
    value, wrong = _plain(value)
    kind = member.type if member is not None else "attribute"
    if wrong:
        return value, wrong
    if kind == "text" and isinstance(value, bool | int | float):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "attribute":
        scalars = value if isinstance(value, list) else [value]
        return value, "takes no object" if any(isinstance(entry, dict | list) for entry in scalars) else ""
    if not _FITS.get(kind, _anything)(value):
        return value, f"must be of type {kind}"
    if member is not None and member.enum and value not in member.enum:
        return value, f"must be one of {', '.join(member.enum)}"
    return value, ""


def _anything(_: Any) -> bool:
    return True


_FITS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _plain(value: Any, depth: int = 0) -> tuple[Any, str]:
    """A driver's value as JSON has it, and what JSON cannot say of it."""
    if isinstance(value, Decimal) and value.is_finite():
        return (int(value) if value == value.to_integral_value() else float(value)), ""
    if isinstance(value, Decimal) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value), "is no number that JSON can hold"
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        found = [_plain(entry, depth + 1) for entry in value]
        return [entry for entry, _ in found], next((wrong for _, wrong in found if wrong), "")
    if isinstance(value, dict) and depth < _DEEPEST:
        pairs = {str(key): _plain(entry, depth + 1) for key, entry in value.items()}
        return {key: entry for key, (entry, _) in pairs.items()}, next((w for _, w in pairs.values() if w), "")
    if value is None or isinstance(value, bool | int | float | str):
        return value, ""
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex(), "is binary"
    return str(value), ""


def _against_schema(written: dict[str, Any]) -> Iterator[Problem]:
    """What is missing from an event batch, and what excludes each other."""
    event_type = written.get(EVENT_TYPE)
    if event_type is None:
        yield Problem(EVENT_TYPE, f"{EVENT_TYPE} is missing.")
    members = dict(schema().members)
    event = None if isinstance(event_type, _Placeholder) else schema().events.get(str(event_type))
    if event is not None:
        members |= event.members
        present = [n for n in event.exclusive if any(f"{path}.".startswith(f"{DATA}{n}.") for path in written)]
        if event.exclusive and len(present) != 1:
            names = ", ".join(event.exclusive)
            yield Problem(DATA.rstrip("."), f"exactly one of {names} must be written; {len(present)} are.")
    for path, member in members.items():
        parent = path.rpartition(".")[0]
        wanted = f"{parent}." == DATA or any(other.startswith(f"{parent}.") for other in written)
        if member.required and path != EVENT_TYPE and wanted and written.get(path) is None:
            yield Problem(path, f"{path} is missing.")
