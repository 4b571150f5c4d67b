"""A data model's SQL inside a YAML file, found again in a text that was edited, and all else that the file says."""

from __future__ import annotations

from typing import Any

from preflight.config.excerpts import excerpt
from preflight.config.nodes import Mapping, Node, Scalar, Sequence, parse
from preflight.location import Excerpt, SourceFile


def sql_in(path: str, text: str, data_model: str) -> Excerpt | None:
    """The query of the data model with this id; None where the text holds none that can be read."""
    root, mistakes = parse(text)
    scalar = _query(root, data_model) if root is not None and not mistakes else None
    return excerpt(scalar.text, scalar, SourceFile(path, text)) if scalar is not None else None


def says(text: str, data_model: str) -> Any:
    """All that the file says but this data model's query, as plain values; None where it cannot be read."""
    root, mistakes = parse(text)
    if root is None or mistakes:
        return None
    return _plain(root, _query(root, data_model))


def _query(root: Node | None, data_model: str) -> Scalar | None:
    models = root.entries.get("data_models") if isinstance(root, Mapping) else None
    for item in models[1].items if models is not None and isinstance(models[1], Sequence) else ():
        if not isinstance(item, Mapping) or "id" not in item.entries:
            continue
        named = item.entries["id"][1]
        if isinstance(named, Scalar) and named.text == data_model:
            value = item.entries.get("sql_query")
            return value[1] if value is not None and isinstance(value[1], Scalar) else None
    return None


def _plain(node: Node, left_out: Scalar | None) -> Any:
    if isinstance(node, Scalar):
        return "" if node is left_out else (node.text, node.style)
    if isinstance(node, Sequence):
        return [_plain(item, left_out) for item in node.items]
    return {name: _plain(value, left_out) for name, (_, value) in node.entries.items()}
