"""Values that follow the grammar to the project's resources; and what only the whole can tell: ids and references."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Protocol

import msgspec

from preflight.config import grammar as g
from preflight.config.nodes import Mapping, Node, Scalar
from preflight.config.project import (
    Connection,
    DataModel,
    FieldMapping,
    FieldTransformation,
    Introspect,
    Pipeline,
    Problem,
    Schedule,
    SyncMode,
)
from preflight.config.read import BAD, Reader, nearest
from preflight.location import Excerpt, Route, SourceFile, Span
from preflight.model import Provider


class Place(msgspec.Struct):
    """Where one resource stands."""

    reader: Reader
    node: Node
    kind: str
    folder: str
    """Of the file that holds it, relative to the project's."""


class Locator(Protocol):
    """Finds the span of a route."""

    def locate(self, route: Route) -> Span | None:
        """Where a route points."""


ReadFile = Callable[[str, Span | None, list[Problem]], SourceFile | None]


class Resources:
    """The four kinds of resources as they are read, and the ids of those that a problem left out."""

    def __init__(self, read_file: ReadFile) -> None:
        self.connections: dict[str, Connection] = {}
        self.data_models: dict[str, DataModel] = {}
        self.field_transformations: dict[str, FieldTransformation] = {}
        self.pipelines: dict[str, Pipeline] = {}
        self.broken: set[tuple[str, str]] = set()
        self._first: dict[tuple[str, str], Span] = {}
        self._wanted: list[tuple[str, str, str]] = []
        """(pipeline, field, id) of every reference as it is written, whatever else is wrong with the pipeline."""
        self._read_file = read_file

    def add(self, place: Place, shape: g.Shape, what: str) -> str | None:
        """Read one resource; answers its id, where it has one that no other resource of its kind has."""
        identity = _written(place.node, "id")
        values = place.reader.shape(place.node, shape, identity or what)
        if identity is None:
            return None
        key = place.kind, identity
        node = place.node.entries["id"][1] if isinstance(place.node, Mapping) else place.node
        if key in self._first:
            first = self._first[key]
            where = f"{first.path}:{first.line}"
            message = f"The id {identity} is used twice among the {place.kind}; first in {where}."
            place.reader.problem("duplicate-id", message, node, "Give one of the two another id.")
            return None
        self._first[key] = place.reader.span(node)
        if place.kind == "pipelines":
            named = ((field, _written(place.node, field)) for field in _REFERENCES)
            self._wanted += [(identity, field, wanted) for field, wanted in named if wanted is not None]
        built = None if values is BAD else _BUILDERS[place.kind](self, place, values)
        if built is None:
            self.broken.add(key)
        else:
            getattr(self, place.kind)[identity] = built
        return identity

    def check_references(self, problems: list[Problem], places: Locator) -> None:
        """A problem for each id that a pipeline names and the project does not have."""
        for pipeline, field, wanted in self._wanted:
            kind = _REFERENCES[field]
            known = getattr(self, kind)
            if wanted in known or (kind, wanted) in self.broken:
                continue
            close = nearest(wanted, known)
            problems.append(
                Problem(
                    "unresolved-reference",
                    f"The project has no {field.removesuffix('_id').replace('_', ' ')} with the id {wanted}.",
                    places.locate(Route("pipelines", pipeline, (field,))),
                    f"Write {close}." if close else f"Add it under `{kind}`.",
                )
            )

    # -- one builder a kind --------------------------------------------------------------------------------------------

    def connection(self, place: Place, values: dict[str, Any]) -> Connection:
        """A connection."""
        named = dict(values.pop("introspect", {}))
        fields = {key: named.pop(key) for key in list(named) if key in g.INTROSPECT.fields}
        introspect = Introspect(**fields, options=named, folder=place.folder)
        provider = Provider(values.pop("service_provider"))
        return Connection(**values, service_provider=provider, introspect=introspect)

    def data_model(self, place: Place, values: dict[str, Any]) -> DataModel | None:
        """A data model with its query's text; None where its file cannot be read."""
        name, query = values.pop("sql_file", None), values.pop("sql_query", None)
        if name is None:
            assert isinstance(place.node, Mapping)  # noqa: S101 - its shape was read
            scalar = place.node.entries["sql_query"][1]
            assert isinstance(scalar, Scalar)  # noqa: S101 - its text was read
            return DataModel(**values, sql=excerpt(query, scalar, place.reader.file))
        span = place.reader.span(place.node.entries["sql_file"][1])  # type: ignore[union-attr]
        path = _relative(place.folder, name)
        if path is None:
            message = f"{name} lies outside the project's folder."
            place.reader.problems.append(
                Problem("unreadable-file", message, span, "Keep the file inside the project's folder.")
            )
            return None
        file = self._read_file(path, span, place.reader.problems)
        return None if file is None else DataModel(**values, sql=Excerpt.whole(file), sql_file=path)

    def field_transformation(self, _: Place, values: dict[str, Any]) -> FieldTransformation:
        """A field transformation."""
        mappings = tuple(FieldMapping(**mapping) for mapping in values.pop("mappings"))
        return FieldTransformation(**values, mappings=mappings)

    def pipeline(self, place: Place, values: dict[str, Any]) -> Pipeline | None:
        """A pipeline; None where an interval schedule names no frequency."""
        sync, schedule = values.pop("sync_mode"), values.pop("schedule")
        if schedule["type"] == "interval" and "frequency" not in schedule:
            node = place.node.entries["schedule"][1]  # type: ignore[union-attr]
            message = f"{values['id']}.schedule is an interval without a frequency."
            place.reader.problem("missing-key", message, node, "Add frequency: hourly, daily, weekly or monthly.")
            return None
        if "from" in sync:
            sync["from_"] = sync.pop("from")
        return Pipeline(**values, sync_mode=SyncMode(**sync), schedule=Schedule(**schedule))


_BUILDERS: dict[str, Callable[[Resources, Place, dict[str, Any]], Any]] = {
    "connections": Resources.connection,
    "data_models": Resources.data_model,
    "field_transformations": Resources.field_transformation,
    "pipelines": Resources.pipeline,
}
_REFERENCES = {
    "connection_id": "connections",
    "data_model_id": "data_models",
    "field_transformation_id": "field_transformations",
}


def _written(node: Node, field: str) -> str | None:
    entry = node.entries.get(field) if isinstance(node, Mapping) else None
    value = entry[1].value if entry and isinstance(entry[1], Scalar) else None
    return value if isinstance(value, str) and value else None


def _relative(folder: str, name: str) -> str | None:
    """``name`` as seen from the project's folder; None where it leads out of it."""
    if PurePosixPath(name).is_absolute() or "\\" in name or "\0" in name:
        return None
    parts: list[str] = []
    for part in (PurePosixPath(folder) / name).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def excerpt(text: str, scalar: Scalar, file: SourceFile) -> Excerpt:
    """A scalar's text inside its file: exact for literal blocks and for text that stands there as it is."""
    if scalar.style == "|":
        pieces = _block_pieces(text, scalar, file)
        return Excerpt(text, file, pieces) if pieces else Excerpt.pinned(text, file, scalar.start, scalar.end)
    start = scalar.start + (1 if scalar.style in ("'", '"') else 0)
    if file.text[start : start + len(text)] == text:
        return Excerpt(text, file, ((0, start),))
    return Excerpt.pinned(text, file, scalar.start, scalar.end)


def _block_pieces(text: str, scalar: Scalar, file: SourceFile) -> tuple[tuple[int, int], ...]:
    at = file.text.find("\n", scalar.start) + 1
    lines = text.split("\n")
    stops: list[tuple[int, int]] = []
    for _ in lines:
        stop = file.text.find("\n", at)
        stops.append((at, len(file.text) if stop < 0 else stop))
        at = stops[-1][1] + 1
    written = [file.text[start:stop].rstrip("\r") for start, stop in stops]
    indent = next((len(w) - len(line) for w, line in zip(written, lines, strict=True) if line.strip()), 0)
    if any(not w.endswith(line) for w, line in zip(written, lines, strict=True) if line.strip()):
        return ()
    pieces, offset = [], 0
    for (start, stop), line in zip(stops, lines, strict=True):
        pieces.append((offset, min(start + indent, stop)))
        offset += len(line) + 1
    return tuple(pieces)
