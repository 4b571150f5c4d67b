"""The one seam to a warehouse: what an adapter must answer and how it says what it can.

An adapter belongs to one connection and one thread. Every method may raise ``errors.WarehouseError`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Protocol

import msgspec

from preflight.config import Connection
from preflight.model import Histogram, HistogramAsk, Profile, ProfileAsk, Schema, TableInfo, TableRef


class Capability(Enum):
    """What an adapter may be asked for."""

    DESCRIBE = "describe"
    TABLE = "table"
    HISTOGRAM = "histogram"
    PROFILE = "profile"
    ACCESS = "access"


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

    def close(self) -> None:
        """Release the connection; may be called twice."""


class Connect(Protocol):
    """How an adapter package opens an adapter: its ``connect`` function."""

    def __call__(self, connection: Connection, *, root: Path) -> Adapter:
        """Open ``connection``; ``root`` is the project's folder, which relative paths start from."""
