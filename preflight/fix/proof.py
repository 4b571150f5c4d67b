"""Whether an edited query is the same but for what the fix may change: by its text, and on the stand-ins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from preflight import registry
from preflight.config import Connection
from preflight.errors import WarehouseError
from preflight.fix.proposal import Fix, Target
from preflight.model import Schema
from preflight.query import Query
from preflight.source import Adapter, Capability, Level, Sampler, Support

ROWS = 1_000
"""Rows of each query that are compared on a stand-in."""


def differs(before: Query, after: Query, fix: Fix) -> str:
    """Why the text alone does not prove the edited query to be the same; empty where it does."""
    if before.unanalysed or after.unanalysed:
        return before.unanalysed or after.unanalysed
    if new := {p.kind for p in after.problems} - {p.kind for p in before.problems}:
        return f"the edited query would have another fault: {', '.join(sorted(new))}"
    old, now = before.outputs(), after.outputs()
    names = [fix.names.get(column.index, column.name) for column in old.columns]
    if names != [column.name for column in now.columns] or old.complete != now.complete:
        return "the edited query would have other output columns"
    if [column.type for column in old.columns] != [column.type for column in now.columns]:
        return "the edited query would have output columns of other types"
    folded = [name.casefold() for name in names if name is not None]
    if any(folded.count(names[index].casefold()) > 1 for index in fix.names if names[index]):  # type: ignore[union-attr]
        return "the new name would stand twice among the output columns"
    known = {use.ref for use in before.tables}
    allowed = known | set(fix.tables.values())
    if not {use.ref for use in after.tables} <= allowed or (not fix.tables and known != {u.ref for u in after.tables}):
        return "the edited query would read other tables"
    return ""


class _Seen(msgspec.Struct, frozen=True):
    schema: Schema
    rows: tuple[tuple[Any, ...], ...]


class StandIns:
    """The stand-ins of the connections, each opened once and asked once for each text; to be closed."""

    def __init__(self, root: Path, plugins: tuple[str, ...], environ: Mapping[str, str]) -> None:
        self._root = root
        self._plugins = plugins
        self._environ = environ
        self._adapters: dict[str, Adapter] = {}
        self._seen: dict[tuple[str, str], _Seen] = {}

    def differ(self, target: Target, after: str, fix: Fix) -> str:
        """Why the connections' stand-ins do not say the same of both texts; empty where they do or there are none."""
        for connection in target.connections:
            if connection.introspect.local is None:
                continue
            try:
                reason = self._compare(connection, target.query.sql.text, after, fix)
            except WarehouseError as error:
                reason = f"the stand-in of {connection.id} could not compare the two: {error.message}"
            if reason:
                return reason
        return ""

    def _compare(self, connection: Connection, before: str, after: str, fix: Fix) -> str:
        old, now = self._ask(connection, before), self._ask(connection, after)
        label = f"the stand-in of {connection.id}"
        columns, described = old.schema.columns, now.schema.columns
        names = [fix.names.get(index, column.name) for index, column in enumerate(columns)]
        kept = [index for index in range(len(columns)) if index not in fix.names]
        same = len(columns) == len(described) and all(names[i] == described[i].name for i in kept)
        if not same or [column.type for column in columns] != [column.type for column in described]:
            return f"{label} describes other columns for the edited query"
        if Counter(map(repr, old.rows)) != Counter(map(repr, now.rows)):
            return f"{label} gives other rows for the edited query"
        return ""

    def _ask(self, connection: Connection, sql: str) -> _Seen:
        key = connection.id, sql
        if key not in self._seen:
            adapter = self._open(connection)
            schema = adapter.describe(sql)
            can = adapter.support.get(Capability.SAMPLE, Support(Level.NONE)).level is not Level.NONE
            rows = adapter.sample(sql, ROWS) if can and isinstance(adapter, Sampler) else ()
            self._seen[key] = _Seen(schema, rows)
        return self._seen[key]

    def _open(self, connection: Connection) -> Adapter:
        if connection.id not in self._adapters:
            connect = registry.connect_for(connection, self._plugins)
            assert connect is not None  # noqa: S101 - a stand-in always has its adapter
            self._adapters[connection.id] = connect(
                connection, root=self._root, environ=self._environ, record=lambda _: None
            )
        return self._adapters[connection.id]

    def close(self) -> None:
        """Close what was opened."""
        for adapter in self._adapters.values():
            with suppress(WarehouseError):
                adapter.close()
