"""Asks adapters and the workspace for the facts that rules need, each once, and says why one is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from preflight.config import Connection, Pipeline, Project
from preflight.errors import Cause, EnvironmentFailure, WarehouseError
from preflight.facts.asks import histogram_ask, profile_columns, rehearsal_ask
from preflight.facts.once import Once
from preflight.facts.sessions import Sessions
from preflight.facts.work import spread
from preflight.finding import Asked, Basis, Depth, Failure, Grade, Subject, SubjectKind, size_text
from preflight.lock import NAME, AnyLock, LockedAdapter, opened
from preflight.model import Access, AccessAsk, ProfileAsk, TableInfo, TableRef, WorkspaceState
from preflight.query import Query
from preflight.rule import Fact, Facts, Known, Missing
from preflight.source import Adapter, Capability, Level, Support


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
    statements: tuple[Asked, ...] = ()
    interrupted: bool = False


Watch = Callable[[Subject, str], None]
"""Told what is asked for a subject, before the asking; from any thread."""


def unwatched(_: Subject, __: str) -> None:
    """Watch nothing."""


MAX_PROFILED = 400
"""Columns beyond which no value profile is asked for: far more than the platform takes, and slow to plan."""
WORKERS = 8
"""Pipelines whose facts are asked for at the same time, where the asking waits for a network."""
WAREHOUSE = frozenset({Fact.SCHEMA, Fact.TABLES, Fact.COUNTS, Fact.VALUES, Fact.ACCESS, Fact.REHEARSAL})
_NEED_SCHEMA = frozenset({Fact.SCHEMA, Fact.COUNTS, Fact.VALUES, Fact.REHEARSAL})


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
        require_credentials: bool = True,
        workers: int = WORKERS,
        watch: Watch = unwatched,
        lock: AnyLock | None = None,
    ) -> None:
        self._project = project
        self._now = now
        self._offline = offline
        self._read_workspace = read_workspace
        self._workers = workers
        self._watch = watch
        self._statements: list[Asked] = []
        self._failures: list[tuple[int, Failure]] = []
        self._asking = threading.local()
        self._workspace: Once[Known | Missing] = Once()
        self._tables: Once[TableInfo | Missing] = Once()
        self._access: Once[Known | Missing] = Once()
        self._sessions = Sessions(
            project,
            offline=offline,
            environ=environ,
            record=self._recorded,
            failed=self._not_opened,
            require_credentials=require_credentials,
        )
        if lock is not None:
            self._sessions.locked = lambda connection: opened(lock, connection, project.lock.oldest(now))

    def _recorded(self, asked: Asked) -> None:
        """Keep what was sent, and tell what has been read by now where the warehouse says so."""
        self._statements.append(asked)
        subject = getattr(self._asking, "subject", None)
        if asked.bytes and subject is not None:
            read = sum(one.bytes or 0 for one in self._statements)
            self._watch(subject, f"{size_text(read)} read so far")

    def gather(self, requests: Iterable[Request]) -> Gathered:
        """Ask for everything that is wanted; a fact that cannot be had is Missing, and the others go on.

        At a KeyboardInterrupt what runs is stopped at the warehouse, and what is not known yet is Missing.
        """
        asked = tuple(requests)
        found: list[dict[Fact, Known | Missing]] = [{} for _ in asked]
        tables = _tables_by_connection(asked)
        live = sum(self._sessions.is_live(request.connection) for request in asked)

        def ask(number: int) -> None:
            self._asking.number, self._asking.subject = number, asked[number].subject
            self._gather(asked[number], found[number], tables)

        try:
            interrupted = spread(len(asked), min(self._workers, live), ask, self._sessions.cancel)
        finally:
            self._sessions.close()
        for request, facts in zip(asked, found, strict=True):
            for fact in request.wanted - facts.keys():
                facts[fact] = Missing("the run was interrupted before it was known")
        failures = tuple(dict.fromkeys(failure for _, failure in sorted(self._failures, key=lambda pair: pair[0])))
        facts_of = {request.subject: facts for request, facts in zip(asked, found, strict=True)}
        return Gathered(facts_of, failures, self._sessions.depths, tuple(self._statements), interrupted)

    def _gather(
        self,
        request: Request,
        found: dict[Fact, Known | Missing],
        tables: Mapping[str, tuple[TableRef, ...]],
    ) -> None:
        wanted = request.wanted & WAREHOUSE
        if wanted and request.subject.kind is SubjectKind.CONNECTION and request.connection is not None:
            self._ask_connection(request, request.connection, found, tables)
        elif wanted:
            ready = self._ready(request)
            if isinstance(ready, Missing):
                found.update(dict.fromkeys(wanted, ready))
            else:
                self._ask_warehouse(request, *ready, found, tables)
        if Fact.PLATFORM in request.wanted:
            found[Fact.PLATFORM] = self._workspace.get("", self._ask_workspace)

    def _ask_connection(
        self,
        request: Request,
        connection: Connection,
        found: dict[Fact, Known | Missing],
        tables: Mapping[str, tuple[TableRef, ...]],
    ) -> None:
        """A connection by itself has no query: only what it may do can be asked."""
        adapter = self._sessions.adapter(connection)
        if isinstance(adapter, Missing):
            found.update(dict.fromkeys(request.wanted & WAREHOUSE, adapter))
        else:
            found[Fact.ACCESS] = self._access_of(request, adapter, (), tables)

    def _ask_warehouse(
        self,
        request: Request,
        adapter: Adapter,
        query: Query,
        found: dict[Fact, Known | Missing],
        tables: Mapping[str, tuple[TableRef, ...]],
    ) -> None:
        wanted = request.wanted & WAREHOUSE
        if wanted & _NEED_SCHEMA:
            found[Fact.SCHEMA] = self._ask(request, "describe", lambda: self._schema(adapter, query))
        if Fact.TABLES in wanted:
            found[Fact.TABLES] = self._ask(request, "tables", lambda: self._table_facts(request, adapter, query))
        if Fact.ACCESS in wanted:
            own = tuple(use.ref for use in query.tables)
            found[Fact.ACCESS] = self._access_of(request, adapter, own, tables)
        if Fact.REHEARSAL in wanted:
            found[Fact.REHEARSAL] = self._rehearsal(request, adapter, query, found[Fact.SCHEMA])
        if Fact.COUNTS in wanted:
            found[Fact.COUNTS] = self._counts(request, adapter, query, found[Fact.SCHEMA])
        if Fact.VALUES in wanted:
            found[Fact.VALUES] = self._values(request, adapter, query, found[Fact.SCHEMA])

    def _ready(self, request: Request) -> tuple[Adapter, Query] | Missing:
        """The adapter and the query to ask about, or why nothing can be asked."""
        if request.connection is None:
            return Missing("its connection could not be read from the project, so no warehouse was asked")
        if request.query is None:
            return Missing("its data model could not be read from the project, so no warehouse was asked")
        if blocking := [p for p in request.query.problems if p.kind != "trailing-semicolon"]:
            return Missing(f"the SQL is not one query ({blocking[0].kind}), so it was not sent to a warehouse")
        self._watch(request.subject, "connect")
        adapter = self._sessions.adapter(request.connection)
        return adapter if isinstance(adapter, Missing) else (adapter, request.query)

    def _ask(self, request: Request, step: str, call: Callable[[], Known]) -> Known | Missing:
        self._watch(request.subject, step)
        try:
            return call()
        except WarehouseError as error:
            label = self._label(request)
            if error.cause.blames_query:
                return Missing(f"{label} refused the query: {error.message}", error.cause, error.offset, error.name)
            if error.cause not in (Cause.UNSUPPORTED, Cause.NOT_LOCKED):
                assert request.connection is not None  # noqa: S101 - _ready has seen it
                self._fail(f"connection {request.connection.id}", f"{step} for {request.subject}", error)
            return Missing(f"{label}: {error.message}", error.cause)

    def _fail(self, subject: str, step: str, error: EnvironmentFailure) -> None:
        self._failures.append((self._asking.number, Failure(subject, step, error.message, error.remedy)))

    def _not_opened(self, connection: Connection, error: WarehouseError) -> None:
        """Before all others, whichever pipeline asked first."""
        self._failures.append((-1, Failure(f"connection {connection.id}", "connect", error.message, error.remedy)))

    def _label(self, request: Request) -> str:
        assert request.connection is not None  # noqa: S101 - only asked for once there is one
        if request.connection.introspect.local is not None:
            return f"the stand-in of {request.connection.id}"
        if self._offline:
            return NAME
        return request.connection.service_provider.label

    # -- one fact each -----------------------------------------------------------------------------------------------

    def _schema(self, adapter: Adapter, query: Query) -> Known:
        schema = adapter.describe(query.sql.text)
        if not schema.columns:
            raise WarehouseError(Cause.OTHER, "it answered that the query puts out no column, which no query does")
        return Known(schema, _basis(adapter, Grade.DESCRIBED))

    def _table_facts(self, request: Request, adapter: Adapter, query: Query) -> Known:
        assert request.connection is not None  # noqa: S101 - _ready has seen it
        connection = request.connection.id
        tables = {
            use.ref: self._tables.get((connection, use.ref), lambda ref=use.ref: self._table(adapter, ref))  # type: ignore[misc]
            for use in query.tables
        }
        return Known(tables, _basis(adapter, Grade.METADATA))

    def _table(self, adapter: Adapter, ref: TableRef) -> TableInfo | Missing:
        try:
            return adapter.table(ref)
        except WarehouseError as error:
            if error.cause.blames_query or error.cause in (Cause.UNSUPPORTED, Cause.NOT_LOCKED):
                return Missing(error.message, error.cause, name=error.name or str(ref))
            raise

    def _access_of(
        self,
        request: Request,
        adapter: Adapter,
        own: tuple[TableRef, ...],
        tables: Mapping[str, tuple[TableRef, ...]],
    ) -> Known | Missing:
        """The connection's rights, asked once for all its tables, without those to tables of other queries."""
        if missing := self._unable(request, adapter, Capability.ACCESS, "grants"):
            return missing
        assert request.connection is not None  # noqa: S101 - _ready has seen it
        ask = AccessAsk(tables.get(request.connection.id, ()))
        basis = _basis(adapter, Grade.DESCRIBED)
        known = self._access.get(
            request.connection.id,
            lambda: self._ask(request, "grants", lambda: Known(adapter.access(ask), basis)),
        )
        if isinstance(known, Missing):
            return known
        access: Access = known.value
        rights = tuple(right for right in access.rights if right.table is None or right.table in own)
        return Known(msgspec.structs.replace(access, rights=rights), known.basis)

    def _rehearsal(self, request: Request, adapter: Adapter, query: Query, schema: Known | Missing) -> Known | Missing:
        if missing := self._unable(request, adapter, Capability.REHEARSE, "what it says to the platform's statements"):
            return missing
        if request.pipeline is None:
            return Missing("no pipeline uses the data model, so there is no run to rehearse")
        if isinstance(schema, Missing):
            return schema
        ask = rehearsal_ask(request.pipeline, query.sql.text, round(self._now.timestamp()))
        if isinstance(ask, Missing):
            return ask
        basis = _basis(adapter, Grade.DESCRIBED)
        return self._ask(request, "rehearsal", lambda: Known(adapter.rehearse(ask), basis))

    def _unable(self, request: Request, adapter: Adapter, capability: Capability, what: str) -> Missing | None:
        support = adapter.support.get(capability, Support(Level.NONE))
        if support.level is not Level.NONE:
            return None
        note = f": {support.note}" if support.note else ""
        return Missing(f"preflight cannot ask {self._label(request)} for {what}{note}", Cause.UNSUPPORTED)

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
        if missing := self._unable(request, adapter, Capability.PROFILE, "a profile of the values"):
            return missing
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

    def _ask_workspace(self) -> Known | Missing:
        if self._offline:
            return Missing("the workspace was not asked in this run")
        if self._read_workspace is None:
            return Missing(
                "the workspace was not asked: there are no credentials for it (MP_CLIENT_ID, MP_CLIENT_SECRET)"
            )
        self._watch(Subject(SubjectKind.PROJECT), "workspace")
        try:
            state = self._read_workspace()
        except EnvironmentFailure as error:
            self._fail("workspace", "read", error)
            return Missing(f"the workspace could not be read: {error.message}")
        return Known(state, Basis(Grade.DESCRIBED, state.stand_in))


def _basis(adapter: Adapter, grade: Grade) -> Basis:
    """What an answer of this grade rests on: whatever it was on the day, the lock's own word is no more than locked."""
    return Basis(Grade.LOCKED if isinstance(adapter, LockedAdapter) else grade, adapter.stand_in)


def _tables_by_connection(requests: Sequence[Request]) -> dict[str, tuple[TableRef, ...]]:
    """Every table that a connection's queries read, once, in order."""
    tables: dict[str, dict[TableRef, None]] = {}
    for request in requests:
        if request.connection is not None and request.query is not None:
            tables.setdefault(request.connection.id, {}).update(dict.fromkeys(use.ref for use in request.query.tables))
    return {connection: tuple(refs) for connection, refs in tables.items()}
