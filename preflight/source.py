"""The one seam to a warehouse: what an adapter must answer and how it says what it can.

An adapter belongs to one connection and one thread. Every method may raise ``errors.WarehouseError`` and nothing else;
``cancel`` alone may be called from another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from preflight.config import Connection
from preflight.finding import Asked
from preflight.model import (
    Access,
    AccessAsk,
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


class Capability(Enum):
    """What an adapter may be asked for."""

    DESCRIBE = "describe"
    TABLE = "table"
    HISTOGRAM = "histogram"
    PROFILE = "profile"
    ACCESS = "access"
    REHEARSE = "rehearse"
    SAMPLE = "sample"


class Level(Enum):
    """How far an adapter can answer."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class Support(msgspec.Struct, frozen=True):
    """An adapter's word about one capability; a capability that is absent from its table is unknown."""

    level: Level
    note: str = ""
    """What is missing, or why it cannot be."""


FULL = Support(Level.FULL)


Record = Callable[[Asked], None]
"""Told of each statement when its answer is there; called from the adapter's own thread."""


class Outcome(Enum):
    """How a step of the route to a warehouse went."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNPROVEN = "unproven"


class Step(msgspec.Struct, frozen=True):
    """One step of the route to a warehouse: driver, resolve, TLS, login, role, warehouse, describe, grants."""

    name: str
    outcome: Outcome
    detail: str
    """What was found, without secrets; of an unproven step why it could not be asked."""
    remedy: str = ""


class Adapter(Protocol):
    """The object through which preflight reads one warehouse."""

    @property
    def dialect(self) -> str:
        """The dialect that the data models of this connection are written in."""

    @property
    def stand_in(self) -> bool:
        """Whether something else is read in place of the warehouse."""

    @property
    def support(self) -> Mapping[Capability, Support]:
        """What it can answer."""

    def describe(self, sql: str) -> Schema:
        """The output columns of ``sql``, without reading rows."""

    def table(self, ref: TableRef) -> TableInfo:
        """What is known of one table without reading its rows; Cause.NOT_FOUND where there is none."""

    def histogram(self, ask: HistogramAsk) -> Histogram:
        """The rows of a query by hour of its iterator, counted in one statement that scans."""

    def profile(self, ask: ProfileAsk) -> Profile:
        """What a query's values are like, in one statement that scans; asked only where ``support`` says it can."""

    def access(self, ask: AccessAsk) -> Access:
        """What the sync's principal holds and lacks; asked only where ``support`` says it can."""

    def rehearse(self, ask: RehearsalAsk) -> tuple[Rehearsed, ...]:
        """The platform's own statements, compiled and not run; asked only where ``support`` says it can."""

    def cancel(self) -> None:
        """Stop the statement that runs, at the warehouse too; from any thread, and harmless where none runs."""

    def close(self) -> None:
        """Release the connection; may be called twice."""


@runtime_checkable
class Sampler(Protocol):
    """What an adapter that supports Capability.SAMPLE has beside the rest."""

    def sample(self, sql: str, rows: int) -> tuple[tuple[Any, ...], ...]:
        """At most ``rows`` rows of ``sql``, with a value for each described column, in their order.

        A value is None, a truth value, a number, bytes, text, or a list or dict of these; dates, times and instants are
        text in ISO 8601, instants in UTC.
        """


class Connect(Protocol):
    """How an adapter package opens an adapter: its ``connect`` function."""

    def __call__(self, connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record) -> Adapter:
        """Open ``connection``.

        ``root`` is the project's folder, which relative paths start from; secrets are read from ``environ``.
        """


class Diagnose(Protocol):
    """How an adapter package walks the route to its warehouse: its ``diagnose`` function."""

    def __call__(
        self, connection: Connection, *, root: Path, environ: Mapping[str, str], record: Record
    ) -> Iterator[Step]:
        """The steps in order, each as soon as it is known; steps behind a failed one are unproven. Raises nothing."""
