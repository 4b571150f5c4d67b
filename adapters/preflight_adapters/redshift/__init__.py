"""Amazon Redshift, provisioned or serverless, read through redshift-connector."""

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
    Column,
    Histogram,
    HistogramAsk,
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
from preflight_adapters.redshift import profile as profiles
from preflight_adapters.redshift import queries, rows
from preflight_adapters.redshift.access import rights
from preflight_adapters.redshift.catalog import Catalog
from preflight_adapters.redshift.connect import Session, options
from preflight_adapters.redshift.diagnosis import route

SUPPORT: Mapping[Capability, Support] = {
    Capability.DESCRIBE: FULL,
    Capability.TABLE: Support(Level.PARTIAL, "rows and size need SELECT on SVV_TABLE_INFO; no time of the last change"),
    Capability.HISTOGRAM: FULL,
    Capability.PROFILE: Support(Level.PARTIAL, "the entries of a SUPER array are counted, but not measured"),
    Capability.ACCESS: Support(Level.PARTIAL, "whether the IAM role is attached to the cluster cannot be asked in SQL"),
    Capability.SAMPLE: FULL,
    Capability.REHEARSE: Support(
        Level.PARTIAL, "compiled only: privileges on tables are checked when a statement runs"
    ),
}


class RedshiftAdapter:
    """Reads one Redshift database; see ``preflight.source.Adapter``."""

    def __init__(self, session: Session, principal: str = "", role_arn: str = "") -> None:
        """``principal`` is the sync's own user, empty: whoever logs in; ``role_arn`` the role that it unloads with."""
        self._session = session
        self._catalog = Catalog(session)
        self._principal = principal
        self._role_arn = role_arn
        self._described: dict[str, Schema] = {}

    @property
    def dialect(self) -> str:
        """Redshift's."""
        return "redshift"

    @property
    def stand_in(self) -> bool:
        """Whether a server on this machine answers in place of Amazon's."""
        return self._session.on_this_machine

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What Redshift can answer."""
        return SUPPORT

    def describe(self, sql: str) -> Schema:
        """The output columns, as the leader node compiles them; each query is compiled once."""
        if sql not in self._described:
            found = self._session.described(queries.model(sql), "describe", queries.no_rows(sql))
            self._described[sql] = Schema(rows.output(found))
        return self._described[sql]

    def table(self, ref: TableRef) -> TableInfo:
        """What the catalog knows; a late-binding view, of which it knows no columns, is compiled."""
        return self._catalog.table(ref)

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows by hour of the iterator; one statement scans. Without an iterator all are rows without its value."""
        if ask.iterator is None:
            [(count,)] = self._session.rows(queries.rows(ask.sql), "rows", Grade.COUNTED)
            return Histogram(ask.anchor, (), null_rows=int(count))
        column = _only(ask.iterator, self.describe(ask.sql).columns)
        statement = queries.histogram(msgspec.structs.replace(ask, iterator=column.name), column.type)
        return rows.histogram(self._session.rows(statement, "histogram", Grade.COUNTED), ask.anchor)

    def profile(self, ask: ProfileAsk) -> Profile:
        """What the values are like, in one statement that returns one row of numbers."""
        grade = Grade.SAMPLED if ask.sample_rows else Grade.COUNTED
        [row] = self._session.rows(profiles.statement(ask), "profile", grade)
        return profiles.values(ask, row)

    def access(self, ask: AccessAsk) -> Access:
        """What the sync's user holds and lacks, as Redshift's own functions say."""
        return rights(self._session, self._catalog, ask, self._principal, self._role_arn)

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """The platform's own statements around the query, compiled and not run."""
        return tuple(self._rehearsed(purpose, statement) for purpose, statement in queries.rehearsals(ask))

    def _rehearsed(self, purpose: str, statement: queries.Statement) -> Rehearsed:
        try:
            self._session.described(statement, f"rehearse {purpose}", None)
        except WarehouseError as error:
            if not error.cause.blames_query:
                raise
            return Rehearsed(purpose, statement.text, error.message)
        return Rehearsed(purpose, statement.text)

    def sample(self, sql: str, rows: int) -> tuple[tuple[Any, ...], ...]:
        """The first rows that it comes upon; see ``preflight.source.Sampler``."""
        found = self._session.rows(queries.sample(sql, rows), "sample", Grade.SAMPLED)
        return sample_rows(found, self.describe(sql).columns)

    def cancel(self) -> None:
        """Ask the cluster to stop the statement that runs."""
        self._session.cancel()

    def close(self) -> None:
        """Log out."""
        self._session.close()


def _only(iterator: str, columns: tuple[Column, ...]) -> Column:
    """The one column with this name: as it is written, else without case."""
    for found in (
        [column for column in columns if column.name == iterator],
        [column for column in columns if column.name.casefold() == iterator.casefold()],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise WarehouseError(
                Cause.INVALID,
                f"{len(found)} output columns are named {iterator}",
                remedy="give each output column a name of its own",
                name=iterator,
            )
    raise WarehouseError(Cause.BAD_COLUMN, f"the query puts out no column {iterator}", name=iterator)


def connect(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> RedshiftAdapter:
    """Log in to the cluster or workgroup of ``connection``; raises WarehouseError."""
    session = Session(options(connection, environ), Gate(connection.id, "redshift", record))
    return RedshiftAdapter(
        session, _configured(connection, environ, "user"), _configured(connection, environ, "aws_iam_role_arn")
    )


def _configured(connection: Connection, environ: Mapping[str, str], name: str) -> str:
    value = connection.config.get(name)
    return (value.read(environ) or "") if isinstance(value, EnvRef) else str(value or "")


def diagnose(connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Iterator[Step]:
    """The route to the database, step by step; see ``preflight.source.Diagnose``."""
    return route(
        lambda: options(connection, environ), lambda found: Session(found, Gate(connection.id, "redshift", record))
    )
