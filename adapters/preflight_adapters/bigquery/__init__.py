"""BigQuery: read through jobs that only select, dry runs, and the free calls of its REST API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from preflight.config import Connection, EnvRef
from preflight.errors import Cause, WarehouseError
from preflight.finding import Grade
from preflight.model import (
    Access,
    AccessAsk,
    Histogram,
    HistogramAsk,
    Kind,
    Profile,
    ProfileAsk,
    RehearsalAsk,
    Rehearsed,
    Schema,
    TableInfo,
    TableRef,
)
from preflight.source import FULL, Capability, Level, Record, Step, Support
from preflight_adapters._guard import Gate
from preflight_adapters._nested import sample_rows
from preflight_adapters._options import Options, resolve
from preflight_adapters.bigquery import held, queries, route, rows
from preflight_adapters.bigquery import profile as profiles
from preflight_adapters.bigquery.connect import Compiled, Session
from preflight_adapters.bigquery.errors import partition_columns
from preflight_adapters.bigquery.held import Place
from preflight_adapters.bigquery.login import WAYS, Login, log_in

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: Support(Level.PARTIAL, "a wildcard table and INFORMATION_SCHEMA cannot be looked up"),
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: Support(Level.PARTIAL, "a column without a name of its own cannot be read"),
    Capability.ACCESS: Support(Level.PARTIAL, "only the sync's own service account can ask what it holds"),
    Capability.REHEARSE: Support(Level.PARTIAL, "how mParticle writes the bounds of a run for BigQuery is not known"),
    Capability.SAMPLE: FULL,
}


class BigQueryAdapter:
    """Reads one connection's BigQuery; see ``preflight.source.Adapter``."""

    def __init__(self, session: Session, login: Login, place: Place) -> None:
        self.session = session
        self.place = place
        self.login = login
        self._known: dict[str, tuple[Compiled, str]] = {}

    @property
    def dialect(self) -> str:
        """GoogleSQL, by sqlglot's name."""
        return "bigquery"

    @property
    def stand_in(self) -> bool:
        """Whether a server on this machine answers in place of Google's."""
        return self.session.on_this_machine

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What it can answer."""
        return SUPPORT

    def describe(self, sql: str) -> Schema:
        """The output columns, from a dry run, which is free."""
        return Schema(rows.columns(self._compiled(queries.body(sql))[0].fields))

    def table(self, ref: TableRef) -> TableInfo:
        """A table from one free call; rows that still stream in are the service's estimate."""
        full = self._full(ref)
        if "*" in ref.name or "INFORMATION_SCHEMA" in (part.upper() for part in ref.parts):
            raise WarehouseError(Cause.UNSUPPORTED, f"{ref} is no single table that could be looked up", name=str(ref))
        try:
            return rows.table(ref, self.session.table(str(full)))
        except WarehouseError as error:
            error.name = error.name or str(full)
            raise

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator; one statement scans. Without an iterator all are rows without its value."""
        ask = msgspec.structs.replace(ask, sql=queries.body(ask.sql))
        compiled, condition = self._compiled(ask.sql)
        if ask.iterator is None:
            [(number,)] = self._scan(queries.rows(ask.sql, condition), "rows", Grade.COUNTED, ask.sql, compiled)
            return Histogram(ask.anchor, (), null_rows=int(number))
        statement = queries.histogram(ask, self._kind(ask.iterator, compiled), condition)
        return rows.histogram(self._scan(statement, "histogram", Grade.COUNTED, ask.sql, compiled), ask.anchor)

    def profile(self, ask: ProfileAsk) -> Profile:
        """What the values are like, in one statement that returns one row of numbers; a sample costs as much."""
        ask = msgspec.structs.replace(ask, sql=queries.body(ask.sql))
        compiled, condition = self._compiled(ask.sql)
        grade = Grade.SAMPLED if ask.sample_rows is not None else Grade.COUNTED
        [row] = self._scan(profiles.statement(ask, condition), "profile", grade, ask.sql, compiled)
        return profiles.values(ask, row)

    def access(self, ask: AccessAsk) -> Access:
        """What the sync's service account holds; every right is unknown where preflight asks as somebody else."""
        full = {self._full(ref): ref for ref in ask.tables}
        found = held.access(self.session, self.login, self.place, tuple(full))
        rights = (
            msgspec.structs.replace(right, table=full[right.table]) if right.table else right for right in found.rights
        )
        return msgspec.structs.replace(found, rights=tuple(rights))

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """The platform's three statements as dry runs."""
        text = queries.discover(ask.sql)
        discovered, refusal = self._rehearsed(text, "discover columns", ask.sql)
        kind = _kind_of(ask.iterator, discovered) if ask.iterator and discovered else Kind.UNKNOWN
        found = [Rehearsed("discover columns", text, refusal)]
        for purpose, write in (("count", queries.count), ("extract", queries.extract)):
            text = write(ask.sql, ask.iterator, ask.window, kind)
            found.append(Rehearsed(purpose, text, self._rehearsed(text, purpose, ask.sql)[1]))
        return tuple(found)

    def sample(self, sql: str, rows: int) -> tuple[tuple[Any, ...], ...]:
        """The first rows that it comes upon; see ``preflight.source.Sampler``."""
        text = queries.body(sql)
        compiled, condition = self._compiled(text)
        found = self._scan(queries.sample(text, rows, condition), "sample", Grade.SAMPLED, text, compiled)
        return sample_rows(found, self.describe(sql).columns)

    def cancel(self) -> None:
        """Cancel the job that runs."""
        self.session.cancel()

    def close(self) -> None:
        """Release the client."""
        self.session.close()

    def _rehearsed(self, text: str, purpose: str, model: str) -> tuple[Compiled | None, str]:
        try:
            return self.session.compile(text, purpose, model=model), ""
        except WarehouseError as error:
            if not error.cause.blames_query:
                raise
            return None, error.message

    def _compiled(self, sql: str) -> tuple[Compiled, str]:
        """What a dry run says of a model, asked once, and the partition filter that its tables want of who reads it."""
        if sql not in self._known:
            try:
                self._known[sql] = self.session.compile(sql, "describe", model=sql), ""
            except WarehouseError as error:
                if not (columns := partition_columns(error)):
                    raise
                self._known[sql] = self._bounded(sql, columns, error)
        return self._known[sql]

    def _bounded(self, sql: str, columns: tuple[str, ...], error: WarehouseError) -> tuple[Compiled, str]:
        """The same with a filter from outside, as a run gives one; else ``error``, which says what is amiss."""
        try:
            compiled = self.session.compile(queries.filtered(sql, columns), "describe", model=sql)
        except WarehouseError as again:
            raise (error if again.cause.blames_query else again) from None
        return compiled, queries.eliminates(columns)

    def _scan(
        self, statement: str, purpose: str, grade: Grade, model: str, compiled: Compiled
    ) -> list[tuple[Any, ...]]:
        return self.session.rows(statement, purpose, grade, model=model, compiled=compiled)

    def _kind(self, iterator: str, compiled: Compiled) -> Kind:
        kind = _kind_of(iterator, compiled)
        if kind is Kind.UNKNOWN:
            raise WarehouseError(Cause.BAD_COLUMN, f"the query puts out no column {iterator}", name=iterator)
        return kind

    def _full(self, ref: TableRef) -> TableRef:
        """The table with the project and dataset that a shorter name stands for."""
        return TableRef(ref.name, ref.schema or self.place.dataset, ref.catalog or self.session.project)


def _kind_of(iterator: str, compiled: Compiled) -> Kind:
    """The kind of an output column, found without case as BigQuery finds it; UNKNOWN where there is none."""
    wanted = iterator.casefold()
    columns = rows.columns(compiled.fields)
    return next((column.type.kind for column in columns if column.name.casefold() == wanted), Kind.UNKNOWN)


_CONFIG = {"region": "location"}


def _opened(connection: Connection, root: Path, environ: Mapping[str, str]) -> tuple[Options, Login, Place]:
    """The options, the login and the place of the connection's data; sends nothing."""
    named = any(name in connection.introspect.options for name in WAYS)
    config = _CONFIG if named else {**_CONFIG, "service_account_key": "service_account_key"}
    options = resolve(connection, environ, config=config)
    if not options.given.get("api_endpoint") and (emulator := environ.get("BIGQUERY_EMULATOR_HOST")):
        options = msgspec.structs.replace(options, given={**options.given, "api_endpoint": emulator})
    place = Place(*(_text(connection, name, environ) for name in ("project_id", "dataset_id", "service_account_id")))
    folder = root / connection.introspect.folder
    return options, log_in(options, folder), place


def _text(connection: Connection, name: str, environ: Mapping[str, str]) -> str:
    value = connection.config.get(name)
    if isinstance(value, EnvRef):
        value = value.read(environ)
    return str(value or "")


def connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> BigQueryAdapter:
    """A client of ``connection``; nothing is sent before the first question. Raises WarehouseError (AUTH, DRIVER)."""
    options, login, place = _opened(connection, root, environ)
    return _adapter(connection, options, login, place, record)


def _adapter(connection: Connection, options: Options, login: Login, place: Place, record: Record) -> BigQueryAdapter:
    gate = Gate(connection.id, "bigquery", record)
    session = Session(gate, options, login, project=place.project, default_dataset=place.dataset)
    return BigQueryAdapter(session, login, msgspec.structs.replace(place, project=place.project or session.project))


def diagnose(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Iterator[Step]:
    """Driver, credentials, host, TLS, login, project, dataset; see ``preflight.source.Diagnose``."""

    def open_session() -> route.Walk:
        options, login, place = _opened(connection, root, environ)
        return route.Walk(options, login, environ, lambda: _adapter(connection, options, login, place, record))

    yield from route.walk(open_session)
