"""Where everything of a project stands, so that a symbolic place finds its span."""

from __future__ import annotations

import msgspec

from preflight.config.nodes import Mapping, Node, Scalar, Sequence
from preflight.config.problems import Problems
from preflight.location import Route, Span


class Place(msgspec.Struct):
    """Where one resource stands."""

    file: Problems
    node: Node
    kind: str
    folder: str
    """Of the file that holds it, relative to the project's."""


class Places:
    """The project file's top level, and every resource's place by its list's name and its id."""

    def __init__(self) -> None:
        self.top: tuple[Problems, Mapping] | None = None
        self.items: dict[tuple[str, str], Place] = {}

    def add(self, place: Place, id_: str) -> None:
        """Keep where a resource stands; of two with the same id the first is kept."""
        self.items.setdefault((place.kind, id_), place)

    def locate(self, route: Route) -> Span | None:
        """The span of a route: the deepest part of it that is there, else the resource's ``id``, else None."""
        if route.kind:
            place = self.items.get((route.kind, route.id))
            return None if place is None else _deepest(place.file, place.node, route.keys)
        return None if self.top is None else _deepest(*self.top, route.keys)


def _deepest(file: Problems, node: Node, keys: tuple[str | int, ...]) -> Span:
    at: Node = node
    label: Node | None = None
    for key in keys:
        if isinstance(at, Mapping) and isinstance(key, str) and key in at.entries:
            label, at = at.entries[key]
        elif isinstance(at, Sequence) and isinstance(key, int) and 0 <= key < len(at.items):
            at = at.items[key]
            label = next(iter(at.entries.values()))[0] if isinstance(at, Mapping) and at.entries else at
        else:
            break
    if isinstance(at, Scalar) and at.style not in ("|", ">") and at is not node and at.value is not None:
        return file.span(at)
    if label is not None:
        return file.span(label)
    if isinstance(node, Mapping) and "id" in node.entries:
        return file.span(node.entries["id"][1])
    return file.span(node)
