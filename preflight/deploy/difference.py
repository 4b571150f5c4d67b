"""Where a resource in the workspace differs, by meaning, from what the project says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from preflight.config import EnvRef, Value
from preflight.workspace import wire
from preflight.workspace.meaning import comparable


class Change(msgspec.Struct, frozen=True):
    """One field: what the workspace holds, and what it is to hold; None where it is absent."""

    path: tuple[str, ...]
    old: Any
    new: Any

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)


def differences(kind: str, body: Mapping[str, Value], held: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes that make ``held`` mean what ``body`` means, in the body's order, additions before removals.

    Secrets cannot be compared and are left out, and so are fields of the workspace that no client may set, and those
    that the platform fills in where a client leaves them out.
    """
    wanted, found = comparable(kind, body), comparable(kind, held)
    return tuple(_walk(kind, (), wanted, found, body, held))


_REPOINTS = {
    ("pipelines", "connection_id"): "re-points the pipeline to another connection",
    ("pipelines", "data_model_id"): "re-points the pipeline to another data model",
    ("pipelines", "field_transformation_id"): "maps the pipeline's columns otherwise",
    ("pipelines", "partner_feed_id"): "re-points the pipeline to another feed",
    ("pipelines", "environment"): "re-points the pipeline to another environment",
    ("connections", "service_provider"): "re-points the connection to another warehouse",
    ("connections", "config.account_identifier"): "re-points the connection to another account",
    ("connections", "config.region"): "re-points the connection to another region's account",
    ("connections", "config.host"): "re-points the connection to another host",
    ("connections", "config.port"): "re-points the connection to another port",
    ("connections", "config.database"): "re-points the connection to another database",
    ("connections", "config.project_id"): "re-points the connection to another project",
    ("connections", "config.dataset_id"): "re-points the connection to another dataset",
}


_NEVER_ABSENT = frozenset({"partner_feed_id", "field_transformation_id"})
"""Without the first a pipeline is fed by a key that nobody shows, without the second it maps by column names."""


def destruction(kind: str, change: Change) -> str:
    """How a change deactivates or re-points what runs, in words; empty where it does neither.

    Most fields that were absent re-point nothing, and one that is dropped does. What a connection's config holds beyond
    the documented fields may be where its warehouse is.
    """
    if change.path == ("state",) and str(change.new or "").lower() in ("paused", "inactive"):
        return "deactivates: no further run starts"
    if change.name == "schedule.type" and str(change.old).lower() == "interval":
        return "deactivates: no further run starts by itself"
    if change.old is None and change.name not in _NEVER_ABSENT:
        return ""
    if kind == "connections" and change.path[0] == "config" and change.name not in wire.FIELDS[kind]:
        return "may re-point the connection: no page says what this field does"
    return _REPOINTS.get((kind, change.name), "")


def _walk(
    kind: str,
    path: tuple[str, ...],
    wanted: Mapping[str, Any],
    found: Mapping[str, Any],
    new: Any,
    old: Any,
) -> Iterator[Change]:
    """Changes below ``path``; ``new`` and ``old`` are the same maps as they were written, for showing."""
    for name, value in wanted.items():
        here, there = (*path, name), found.get(name)
        if isinstance(value, EnvRef) or value == there:
            continue
        shown_old, shown_new = _as_written(old, name, there), _as_written(new, name, value)
        if isinstance(value, Mapping):
            yield from _walk(kind, here, value, there if isinstance(there, Mapping) else {}, shown_new, shown_old)
        else:
            yield Change(here, shown_old, shown_new)
    for name in found.keys() - wanted.keys():
        here = (*path, name)
        if _ours(kind, here):
            yield Change(here, _as_written(old, name, found[name]), None)


def _as_written(fields: Any, name: str, value: Any) -> Any:
    written = fields.get(name, value) if isinstance(fields, Mapping) else value
    return value if isinstance(written, list | tuple) else written


def _ours(kind: str, path: tuple[str, ...]) -> bool:
    """Whether a field that only the workspace holds is one that the project has dropped."""
    name = ".".join(path)
    if name in wire.SERVER_SET:
        return False
    return path[0] == "mappings" or name in wire.FIELDS[kind]
