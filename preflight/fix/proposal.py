"""What a fix is before it is proven, and what it may look at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from preflight.config import Connection, FieldTransformation, Pipeline
from preflight.fix.edits import Edit
from preflight.location import SqlRange
from preflight.model import TableRef
from preflight.query import Query


class Consumer(msgspec.Struct, frozen=True):
    """A pipeline that reads the text, with what it reads it by."""

    pipeline: Pipeline
    connection: Connection
    transformation: FieldTransformation | None


class Target(msgspec.Struct, frozen=True):
    """One text that may be edited, as it stands now."""

    query: Query
    consumers: tuple[Consumer, ...]

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that it is read over, each once."""
        return tuple({consumer.connection.id: consumer.connection for consumer in self.consumers}.values())


class Fix(msgspec.Struct, frozen=True):
    """Edits that mend a rule's findings, and all that they may change."""

    rule: str
    places: tuple[SqlRange, ...]
    """Where the rule's findings stand."""
    what: str
    """What is done, in the imperative."""
    edits: tuple[Edit, ...]
    names: Mapping[int, str] = {}
    """The new names of output columns, by index, as the warehouse folds them."""
    tables: Mapping[TableRef, TableRef] = {}
    """The tables that are named otherwise."""


class NoFix(msgspec.Struct, frozen=True):
    """Findings that a fix exists for, and why it cannot be made here."""

    rule: str
    places: tuple[SqlRange, ...]
    why: str


Proposal = Fix | NoFix
