"""Reads what a lock holds from the warehouses, and says how one lock differs from another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from preflight.config import Connection, DataModel, Pipeline, Project
from preflight.engine.selection import parts, subjects
from preflight.facts import Gathered, Gatherer, Request
from preflight.facts.asks import histogram_ask
from preflight.finding import Basis, Failure, Subject, SubjectKind
from preflight.lock.file import (
    Lock,
    LockedAccess,
    LockedCounts,
    LockedModel,
    LockedTable,
    Seen,
    ask_digest,
    hours,
    settings,
    sql_digest,
)
from preflight.model import Access, Column
from preflight.query import Query, parse
from preflight.rule import Fact, Known, Missing

Entry = TypeVar("Entry", LockedModel, LockedTable, LockedCounts, LockedAccess)
_WANTED = frozenset({Fact.SCHEMA, Fact.TABLES, Fact.COUNTS, Fact.ACCESS})


class Snapshot(msgspec.Struct, frozen=True):
    """A lock as the warehouses fill it now, and what could not be read for it."""

    lock: Lock
    failures: tuple[Failure, ...]
    unread: tuple[str, ...]
    """Why a fact is not in the lock, one sentence each."""


class _Asked(msgspec.Struct, frozen=True):
    subject: Subject
    data_model: DataModel
    connection: Connection
    query: Query
    pipeline: Pipeline | None


def take(project: Project, *, now: datetime, environ: Mapping[str, str], before: Lock | None = None) -> Snapshot:
    """Read every data model's schema, tables and counts; asks warehouses and stand-ins, and never the workspace.

    Where a warehouse cannot be reached, the entries of ``before`` stay.
    """
    asked = list(_asked(project))
    requests = [Request(a.subject, _WANTED, a.connection, a.query, a.pipeline) for a in asked]
    gathered = Gatherer(project, now=now, offline=False, environ=environ, read_workspace=None).gather(requests)
    lock, unread = _locked(asked, gathered, now)
    if gathered.failures and before is not None:
        lock = _with_what_was(lock, before, project)
    return Snapshot(lock, gathered.failures, unread)


def _asked(project: Project) -> Iterator[_Asked]:
    for subject in subjects(project, ()):
        if subject.kind not in (SubjectKind.PIPELINE, SubjectKind.DATA_MODEL):
            continue
        pipeline = project.pipeline(subject.id) if subject.kind is SubjectKind.PIPELINE else None
        data_model, connection = parts(project, subject, pipeline)
        if data_model is not None and connection is not None:
            query = parse(data_model.sql, connection.service_provider.value, data_model.id)
            yield _Asked(subject, data_model, connection, query, pipeline)


def _locked(asked: Iterable[_Asked], gathered: Gathered, now: datetime) -> tuple[Lock, tuple[str, ...]]:
    models: dict[tuple[str, str], LockedModel] = {}
    tables: dict[tuple[str, str], LockedTable] = {}
    counts: dict[tuple[str, str], LockedCounts] = {}
    access: dict[tuple[str, str], LockedAccess] = {}
    unread: list[str] = []
    for one in asked:
        facts = gathered.facts[one.subject]
        unread += [
            f"{one.subject}: {known.reason}"
            for fact, known in facts.items()
            if isinstance(known, Missing) and fact is not Fact.ACCESS and not (fact is Fact.COUNTS and not one.pipeline)
        ]
        schema = facts[Fact.SCHEMA]
        if isinstance(schema, Missing):
            continue
        digest = settings(one.connection)
        model = LockedModel(
            one.connection.id,
            one.data_model.id,
            digest,
            sql_digest(one.data_model.sql.text),
            _seen(one.connection, schema.basis, now),
            schema.value.columns,
        )
        models[model.key] = model
        if isinstance(known := facts[Fact.TABLES], Known):
            for table in known.value.values():
                if not isinstance(table, Missing):
                    entry = LockedTable(one.connection.id, digest, _seen(one.connection, known.basis, now), table)
                    tables[entry.key] = entry
        if one.pipeline is not None and isinstance(known := facts[Fact.COUNTS], Known):
            entry_of = _counts(one, one.pipeline, schema, known, now)
            counts[entry_of.key] = entry_of
        if isinstance(known := facts[Fact.ACCESS], Known) and isinstance(known.value, Access):
            seen = msgspec.structs.replace(_seen(one.connection, known.basis, now), by=known.value.principal)
            tables_read = tuple(str(use.ref) for use in one.query.tables)
            rights = _together(
                access.get((one.connection.id, "")),
                LockedAccess(one.connection.id, digest, tables_read, seen, known.value),
            )
            access[rights.key] = rights
    lock = Lock(models=_sorted(models), tables=_sorted(tables), counts=_sorted(counts), access=_sorted(access))
    return lock, tuple(dict.fromkeys(unread))


def _counts(one: _Asked, pipeline: Pipeline, schema: Known, known: Known, now: datetime) -> LockedCounts:
    ask = histogram_ask(pipeline, one.data_model.sql.text, schema.value, now)
    assert not isinstance(ask, Missing)  # noqa: S101 - it has been counted
    histogram = known.value
    return LockedCounts(
        one.connection.id,
        pipeline.id,
        ask_digest(one.connection, ask),
        _seen(one.connection, known.basis, now),
        histogram.anchor,
        histogram.null_rows,
        histogram.future_rows,
        hours(histogram.buckets),
    )


def _together(before: LockedAccess | None, more: LockedAccess) -> LockedAccess:
    """Both queries' tables and rights, each once."""
    rights = (*before.access.rights, *more.access.rights) if before else more.access.rights
    access = msgspec.structs.replace(more.access, rights=tuple(dict.fromkeys(rights)))
    tables = tuple(sorted({*more.tables, *(before.tables if before else ())}))
    return msgspec.structs.replace(more, tables=tables, access=access)


def _sorted(entries: Mapping[tuple[str, str], Entry]) -> tuple[Entry, ...]:
    return tuple(entry for _, entry in sorted(entries.items()))


def _seen(connection: Connection, basis: Basis, now: datetime) -> Seen:
    return Seen(now.date(), _identity(connection, basis.stand_in), basis.grade.name.lower(), basis.stand_in)


def _identity(connection: Connection, stand_in: bool) -> str:
    """As whom the warehouse was read: what ``introspect`` says, else what ``config`` says."""
    if stand_in:
        return "a stand-in"
    for source in (connection.introspect.options, connection.config):
        named = [f"{key} {value}" for key in _IDENTITIES if isinstance(value := source.get(key), str)]
        if named:
            return ", ".join(named)
    return "not known"


_IDENTITIES = ("connection_name", "profile", "impersonate", "service_account_id", "user", "role")


def _with_what_was(lock: Lock, before: Lock, project: Project) -> Lock:
    """``lock`` with the entries of ``before`` that it lacks, as long as the project still names what they are about."""
    connections = {connection.id for connection in project.connections}
    models = {model.id for model in project.data_models}
    pipelines = {pipeline.id for pipeline in project.pipelines}
    still = Lock(
        models=tuple(m for m in before.models if m.connection in connections and m.data_model in models),
        tables=tuple(table for table in before.tables if table.connection in connections),
        counts=tuple(c for c in before.counts if c.connection in connections and c.pipeline in pipelines),
        access=tuple(a for a in before.access if a.connection in connections),
    )
    return Lock(
        models=_sorted({m.key: m for m in (*still.models, *lock.models)}),
        tables=_sorted({t.key: t for t in (*still.tables, *lock.tables)}),
        counts=_sorted({c.key: c for c in (*still.counts, *lock.counts)}),
        access=_sorted({a.key: a for a in (*still.access, *lock.access)}),
    )


# -- differences -------------------------------------------------------------------------------------------------------


def changes(before: Lock | None, after: Lock) -> tuple[str, ...]:
    """How ``after`` differs but for days and row counts, which always move; one line each, sorted."""
    was, now = _substance(before or Lock()), _substance(after)
    lines: list[str] = []
    for key in sorted(was.keys() | now.keys()):
        if key not in now:
            lines.append(f"{key}: no longer asked for")
        elif key not in was:
            lines.append(f"{key}: new")
        else:
            lines += [f"{key}: {change}" for change in _differences(was[key], now[key])]
    return tuple(lines)


def _substance(lock: Lock) -> dict[str, tuple[str, tuple[Column, ...], str]]:
    """Each entry's digest of what was asked, its columns, and whatever else of it does not move by itself."""
    found: dict[str, tuple[str, tuple[Column, ...], str]] = {}
    for model in lock.models:
        found[f"data model {model.data_model} over {model.connection}"] = (
            model.sql + model.settings,
            model.columns,
            "",
        )
    for table in lock.tables:
        info = table.table
        rest = f"{info.kind}, keys {', '.join(info.keys)}"
        found[f"table {info.ref} over {table.connection}"] = (table.settings, info.columns, rest)
    for counts in lock.counts:
        found[f"counts of {counts.pipeline} over {counts.connection}"] = (counts.ask, (), "")
    for access in lock.access:
        held = ", ".join(f"{right.privilege} on {right.name}: {right.held}" for right in access.access.rights)
        found[f"grants over {access.connection}"] = (access.settings, (), held)
    return found


def _differences(was: tuple[str, tuple[Column, ...], str], now: tuple[str, tuple[Column, ...], str]) -> Iterator[str]:
    if was[0] != now[0]:
        yield "what is asked has changed"
    yield from column_changes(was[1], now[1])
    if was[2] != now[2]:
        yield f"{was[2]} → {now[2]}"


def column_changes(was: tuple[Column, ...], now: tuple[Column, ...]) -> Iterator[str]:
    """Columns added, removed, retyped and moved, in words."""
    before, after = {c.name: c for c in was}, {c.name: c for c in now}
    yield from (f"column {name} removed" for name in before if name not in after)
    for name, column in after.items():
        old = before.get(name)
        if old is None:
            yield f"column {name} ({column.type}) added"
        elif old.type != column.type:
            yield f"column {name} retyped: {old.type} → {column.type}"
        elif old.nullable != column.nullable:
            yield f"column {name} {'may' if column.nullable else 'may not'} be null now"
    if [n for n in before if n in after] != [n for n in after if n in before]:
        yield "columns in another order"
