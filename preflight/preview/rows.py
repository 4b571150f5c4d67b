"""Sample rows of a pipeline's query, from whatever the connection leads to, and why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from preflight import registry
from preflight.config import Connection, DataModel, Project
from preflight.errors import Cause, WarehouseError
from preflight.model import Column
from preflight.query import Query, parse
from preflight.source import Adapter, Capability, Level, Sampler, Support


class Rows(msgspec.Struct, frozen=True):
    """The output columns, and rows with a value for each; without rows ``reason`` says why."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...] = ()
    source: str = ""
    """``stand-in`` or ``warehouse``; empty where the columns are the text's own."""
    reason: str = ""
    failed: bool = False
    """Whether something in the environment kept the rows away."""


def read_rows(
    project: Project,
    data_model: DataModel,
    connection: Connection,
    *,
    count: int,
    offline: bool,
    environ: Mapping[str, str],
) -> Rows:
    """At most ``count`` rows; asks the warehouse or its stand-in, in two statements at most."""
    query = parse(data_model.sql, connection.service_provider.value, data_model.id)
    provider = connection.service_provider.label
    if blocking := [p.kind for p in query.problems if p.kind != "trailing-semicolon"]:
        return _written(query, f"the SQL is not one query ({blocking[0]}), so it was not sent to a warehouse")
    if offline and connection.introspect.local is None:
        return _written(query, f"the run is offline, so {provider} was not asked")
    connect = registry.connect_for(connection, project.plugins)
    if connect is None:
        return _written(query, f"there is no adapter for {provider} yet, and the connection names no stand-in")
    try:
        adapter = connect(connection, root=project.root, environ=environ, record=lambda _: None)
    except WarehouseError as error:
        if error.cause is Cause.NO_CREDENTIALS:
            return _written(query, f"connection {connection.id} was not asked: {error.message}")
        return _written(query, f"connection {connection.id} could not be opened: {error.message}", failed=True)
    try:
        return _sampled(adapter, query, count)
    except WarehouseError as error:
        return _written(query, f"{provider} did not answer: {error.message}", failed=True)
    finally:
        adapter.close()


def _sampled(adapter: Adapter, query: Query, count: int) -> Rows:
    source = "stand-in" if adapter.stand_in else "warehouse"
    columns = adapter.describe(query.sql.text).columns
    support = adapter.support.get(Capability.SAMPLE, Support(Level.NONE, "it has no way to read rows"))
    if support.level is Level.NONE or not isinstance(adapter, Sampler):
        return Rows(columns, source=source, reason=f"no rows were read: {support.note or 'the adapter reads none'}")
    rows = adapter.sample(query.sql.text, count)
    return Rows(columns, rows, source, "" if rows else "the query puts out no row")


def _written(query: Query, reason: str, *, failed: bool = False) -> Rows:
    outputs = query.outputs()
    columns = tuple(Column(column.name or f"column {column.index + 1}", column.type) for column in outputs.columns)
    more = "" if outputs.complete else f"; not all columns are known: {outputs.reason}"
    return Rows(columns, reason=reason + more, failed=failed)
