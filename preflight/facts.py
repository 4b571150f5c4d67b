"""Asks adapters and the workspace for the facts that rules need, each once, and says why one is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from preflight import identities, registry
from preflight.config import Connection, FieldTransformation, Pipeline, Project
from preflight.errors import Cause, EnvironmentFailure, WarehouseError
from preflight.event_batch import identity_of
from preflight.finding import Basis, Depth, Failure, Grade, Subject
from preflight.lock import NAME, Lock, LockedAdapter
from preflight.model import (
    HistogramAsk,
    IteratorKind,
    Kind,
    ProfileAsk,
    ProfileColumn,
    Schema,
    TableInfo,
    TableRef,
    WorkspaceState,
)
from preflight.query import Query
from preflight.rule import Fact, Facts, Known, Missing
from preflight.source import Adapter, Capability, Level, Record, Support


class Request(msgspec.Struct, frozen=True):
    """The facts that one subject's rules ask for."""

    subject: Subject
    wanted: frozenset[Fact]
    connection: Connection | None = None
    query: Query | None = None
    pipeline: Pipeline | None = None


class Gathered(msgspec.Struct, frozen=True):
    """Every subject's facts, and how the asking went."""

    facts: Mapping[Subject, Facts]
    failures: tuple[Failure, ...]
    depths: Mapping[str, Depth]
    """How deep each connection was read, by its id."""


MAX_PROFILED = 400
"""Columns beyond which no value profile is asked for: far more than the platform takes, and slow to plan."""
WAREHOUSE = frozenset({Fact.SCHEMA, Fact.TABLES, Fact.COUNTS, Fact.VALUES, Fact.ACCESS})


class Gatherer:
    """One run's facts. Adapters are opened when first needed and closed at the end."""

    def __init__(
        self,
        project: Project,
        *,
        now: datetime,
        offline: bool,
        environ: Mapping[str, str],
        read_workspace: Callable[[], WorkspaceState] | None,
        record: Record = lambda _: None,
        lock: Lock | None = None,
    ) -> None:
        self._project = project
        self._now = now
        self._offline = offline
        self._environ = environ
        self._record = record
        self._read_workspace = read_workspace
        self._lock = lock
        self._adapters: dict[str, Adapter | Missing] = {}
        self._tables: dict[tuple[str, TableRef], TableInfo | Missing] = {}
        self._failures: list[Failure] = []
        self._workspace: Known | Missing | None = None

    def gather(self, requests: Iterable[Request]) -> Gathered:
        """Ask for everything that is wanted; a fact that cannot be had is Missing, and the others go on."""
        try:
            facts = {request.subject: self._gather(request) for request in requests}
        finally:
            for adapter in self._adapters.values():
                if not isinstance(adapter, Missing):
                    adapter.close()
        return Gathered(facts, tuple(dict.fromkeys(self._failures)), self._depths())

    def _depths(self) -> dict[str, Depth]:
        def depth(adapter: Adapter | Missing) -> Depth:
            if isinstance(adapter, Missing):
                return Depth.STATIC
            if isinstance(adapter, LockedAdapter):
                return Depth.LOCKED
            return Depth.LOCAL if adapter.stand_in else Depth.LIVE

        return {connection: depth(adapter) for connection, adapter in self._adapters.items()}

    def _gather(self, request: Request) -> Facts:
        found: dict[Fact, Known | Missing] = {}
        if Fact.PLATFORM in request.wanted:
            found[Fact.PLATFORM] = self._platform()
        wanted = request.wanted & WAREHOUSE
        if not wanted:
            return found
        ready = self._ready(request)
        if isinstance(ready, Missing):
            return found | dict.fromkeys(wanted, ready)
        adapter, query = ready
        if wanted & {Fact.SCHEMA, Fact.COUNTS, Fact.VALUES}:
            found[Fact.SCHEMA] = self._ask(request, "describe", lambda: self._schema(adapter, query))
        if Fact.TABLES in wanted:
            found[Fact.TABLES] = self._ask(request, "tables", lambda: self._table_facts(request, adapter, query))
        if Fact.COUNTS in wanted:
            found[Fact.COUNTS] = self._counts(request, adapter, query, found[Fact.SCHEMA])
        if Fact.VALUES in wanted:
            found[Fact.VALUES] = self._values(request, adapter, query, found[Fact.SCHEMA])
        for fact in wanted - found.keys():
            found[fact] = Missing(f"preflight cannot ask {self._label(request)} for {fact.value} yet")
        return found

    def _ready(self, request: Request) -> tuple[Adapter, Query] | Missing:
        """The adapter and the query to ask about, or why nothing can be asked."""
        if request.connection is None:
            return Missing("its connection could not be read from the project, so no warehouse was asked")
        if request.query is None:
            return Missing("its data model could not be read from the project, so no warehouse was asked")
        if blocking := [p for p in request.query.problems if p.kind != "trailing-semicolon"]:
            return Missing(f"the SQL is not one query ({blocking[0].kind}), so it was not sent to a warehouse")
        adapter = self._adapter(request.connection)
        return adapter if isinstance(adapter, Missing) else (adapter, request.query)

    def _adapter(self, connection: Connection) -> Adapter | Missing:
        if connection.id not in self._adapters:
            self._adapters[connection.id] = self._open(connection)
        return self._adapters[connection.id]

    def _open(self, connection: Connection) -> Adapter | Missing:
        provider = connection.service_provider.label
        if self._offline and connection.introspect.local is None:
            if self._lock is not None and self._lock.holds(connection.id):
                return LockedAdapter(self._lock, connection, self._project.lock.oldest(self._now))
            return Missing(f"the run is offline, so {provider} was not asked")
        connect = registry.connect_for(connection, self._project.plugins)
        if connect is None:
            return Missing(f"there is no adapter for {provider} yet, and the connection names no stand-in")
        try:
            return connect(connection, root=self._project.root, environ=self._environ, record=self._record)
        except WarehouseError as error:
            self._fail(f"connection {connection.id}", "connect", error)
            return Missing(f"connection {connection.id} could not be opened: {error.message}")

    def _ask(self, request: Request, step: str, call: Callable[[], Known]) -> Known | Missing:
        try:
            return call()
        except WarehouseError as error:
            label = self._label(request)
            if error.cause.blames_query:
                return Missing(f"{label} refused the query: {error.message}", error.cause, error.offset, error.name)
            if error.cause is not Cause.UNSUPPORTED:
                assert request.connection is not None  # noqa: S101 - _ready has seen it
                self._fail(f"connection {request.connection.id}", f"{step} for {request.subject}", error)
            return Missing(f"{label}: {error.message}", error.cause)

    def _fail(self, subject: str, step: str, error: EnvironmentFailure) -> None:
        self._failures.append(Failure(subject, step, error.message, error.remedy))

    def _label(self, request: Request) -> str:
        assert request.connection is not None  # noqa: S101 - only asked for once there is one
        if request.connection.introspect.local is not None:
            return f"the stand-in of {request.connection.id}"
        if self._offline:
            return NAME
        return request.connection.service_provider.label

    # -- one fact each -----------------------------------------------------------------------------------------------

    def _schema(self, adapter: Adapter, query: Query) -> Known:
        return Known(adapter.describe(query.sql.text), _basis(adapter, Grade.DESCRIBED))

    def _table_facts(self, request: Request, adapter: Adapter, query: Query) -> Known:
        assert request.connection is not None  # noqa: S101 - _ready has seen it
        tables: dict[TableRef, TableInfo | Missing] = {}
        for use in query.tables:
            key = request.connection.id, use.ref
            if key not in self._tables:
                self._tables[key] = self._table(adapter, use.ref)
            tables[use.ref] = self._tables[key]
        return Known(tables, _basis(adapter, Grade.METADATA))

    def _table(self, adapter: Adapter, ref: TableRef) -> TableInfo | Missing:
        try:
            return adapter.table(ref)
        except WarehouseError as error:
            if error.cause.blames_query or error.cause is Cause.UNSUPPORTED:
                return Missing(error.message, error.cause, name=error.name or str(ref))
            raise

    def _counts(self, request: Request, adapter: Adapter, query: Query, schema: Known | Missing) -> Known | Missing:
        if request.pipeline is None:
            return Missing("no pipeline uses the data model, so there are no windows to count")
        if isinstance(schema, Missing):
            return schema
        ask = histogram_ask(request.pipeline, query.sql.text, schema.value, self._now)
        if isinstance(ask, Missing):
            return ask
        basis = _basis(adapter, Grade.COUNTED)
        return self._ask(request, "count", lambda: Known(adapter.histogram(ask), basis))

    def _values(self, request: Request, adapter: Adapter, query: Query, schema: Known | Missing) -> Known | Missing:
        if request.pipeline is None:
            return Missing("no pipeline uses the data model, so it is not known which columns are identities")
        support = adapter.support.get(Capability.PROFILE, Support(Level.NONE))
        if support.level is Level.NONE:
            note = f": {support.note}" if support.note else ""
            return Missing(f"preflight cannot profile the values of {self._label(request)}{note}")
        if isinstance(schema, Missing):
            return schema
        if (count := len(schema.value.columns)) > MAX_PROFILED:
            return Missing(f"the query puts out {count:,} columns; the values of up to {MAX_PROFILED} are profiled")
        assert request.connection is not None  # noqa: S101 - _ready has seen it
        wanted = request.pipeline.field_transformation_id
        transformation = self._project.field_transformation(wanted) if wanted else None
        if wanted and transformation is None:
            return Missing(f"the field transformation {wanted} could not be read, so identities are not known")
        sample = request.connection.introspect.sample_rows
        ask = ProfileAsk(query.sql.text, profile_columns(schema.value, transformation), sample)
        return self._ask(request, "profile", lambda: self._profile(adapter, ask))

    def _profile(self, adapter: Adapter, ask: ProfileAsk) -> Known:
        profile = adapter.profile(ask)
        return Known(profile, _basis(adapter, Grade.SAMPLED if profile.sampled else Grade.COUNTED))

    def _platform(self) -> Known | Missing:
        if self._workspace is None:
            self._workspace = self._ask_workspace()
        return self._workspace

    def _ask_workspace(self) -> Known | Missing:
        if self._offline:
            return Missing("the workspace was not asked in this run")
        if self._read_workspace is None:
            return Missing(
                "the workspace was not asked: there are no credentials for it (MP_CLIENT_ID, MP_CLIENT_SECRET)"
            )
        try:
            state = self._read_workspace()
        except EnvironmentFailure as error:
            self._fail("workspace", "read", error)
            return Missing(f"the workspace could not be read: {error.message}")
        return Known(state, Basis(Grade.DESCRIBED, state.stand_in))


def _basis(adapter: Adapter, grade: Grade) -> Basis:
    """What an answer of this grade rests on: whatever it was on the day, the lock's own word is no more than locked."""
    return Basis(Grade.LOCKED if isinstance(adapter, LockedAdapter) else grade, adapter.stand_in)


_KINDS = {
    Kind.INSTANT: IteratorKind.INSTANT,
    Kind.TIMESTAMP: IteratorKind.ZONELESS,
    Kind.DATE: IteratorKind.DATE,
}
_EPOCHS = {"timestamp_unixtime_s": IteratorKind.EPOCH_S, "timestamp_unixtime_ms": IteratorKind.EPOCH_MS}


def histogram_ask(pipeline: Pipeline, sql: str, schema: Schema, now: datetime) -> HistogramAsk | Missing:
    """What to count for a pipeline's windows, or why its iterator cannot be counted.

    The iterator is read by the column's real type; for a number the declared type says whether it holds seconds or
    milliseconds. ``from`` and ``until`` are taken to be included, which counts no row too few.
    """
    sync, schedule = pipeline.sync_mode, pipeline.schedule
    anchor = math.floor(schedule.start_time.timestamp()) if schedule.start_time else 0
    instant = math.floor(now.timestamp())
    if sync.type == "full":
        return HistogramAsk(sql, None, None, anchor, instant)
    if not sync.iterator_field:
        return Missing("the sync mode names no iterator_field, so its windows cannot be counted")
    wanted = sync.iterator_field.casefold()
    column = next((c for c in schema.columns if c.name.casefold() == wanted), None)
    if column is None:
        return Missing(
            f"the iterator {sync.iterator_field} is not among the output columns, so its windows cannot be counted"
        )
    kind = _KINDS.get(column.type.kind)
    if kind is None and column.type.kind in (Kind.INTEGER, Kind.DECIMAL):
        kind = _EPOCHS.get(sync.iterator_data_type or "")
        if kind is None:
            return Missing(
                f"the iterator {column.name} is a number, but iterator_data_type does not say seconds or milliseconds"
            )
    if kind is None:
        return Missing(f"the iterator {column.name} is of type {column.type}, which cannot be counted by time")
    return HistogramAsk(
        sql,
        column.name,
        kind,
        anchor,
        instant,
        time_zone=sync.time_zone or "UTC",
        lower=math.floor(sync.from_.timestamp()) if sync.from_ else None,
        upper=math.ceil(sync.until.timestamp()) if sync.until else None,
    )


def profile_columns(schema: Schema, transformation: FieldTransformation | None) -> tuple[ProfileColumn, ...]:
    """The columns to profile, each with the identity that its values become.

    In a user pipeline that is the reserved name that it has, in an event pipeline the destination of its mapping.
    """
    if transformation is None:
        named = {name: name for name in identities.RESERVED}
    else:
        pairs = ((m.source, identity_of(m.destination)) for m in transformation.mappings if m.mapping_type == "column")
        named = {source.casefold(): identity for source, identity in pairs if source and identity}
    return tuple(ProfileColumn(c.name, c.type, named.get(c.name.casefold())) for c in schema.columns)
