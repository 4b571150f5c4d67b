"""What a parsed query is told in: problems, projections, tables and output columns. Values only."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from preflight.location import SqlRange
from preflight.model import TableRef, Type

MAX_DEPTH = 400
"""Nesting (brackets and CASE) beyond which a query is not analysed but reported as unproven."""
MAX_LENGTH = 1_000_000
"""Code points of SQL beyond which a query is not analysed but reported as unproven."""
MAX_TOKENS = 250_000
"""Words and signs beyond which a query is not analysed: about five seconds of parsing, a list of 120,000 literals."""


class SqlProblem(msgspec.Struct, frozen=True):
    """Something wrong with the text itself; ``kind`` is the name of the rule that reports it."""

    kind: str
    """``sql-syntax-error``, ``multiple-statements``, ``not-a-query``, ``trailing-semicolon``, ``templated-sql``,
    ``empty-sql``."""
    message: str
    start: int
    end: int
    remedy: str


class OutputColumn:
    """One output column of a query.

    Its type may be given as what infers it, which is asked once and only where somebody asks for the type.
    """

    __slots__ = ("_type", "index", "name", "place")

    def __init__(self, index: int, name: str | None, type_: Type | Callable[[], Type], place: SqlRange) -> None:
        self.index = index
        """From 0."""
        self.name = name
        """As the warehouse would return it; None where the expression has no name of its own."""
        self._type = type_
        self.place = place
        """The alias, the column's name, or the expression; for a star's columns the star."""

    @property
    def type(self) -> Type:
        """The type, as far as it is known."""
        if not isinstance(self._type, Type):
            self._type = self._type()
        return self._type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OutputColumn) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.index, self.name, self.place))

    def __repr__(self) -> str:
        return f"OutputColumn{self._values()!r}"

    def _values(self) -> tuple[int, str | None, Type, SqlRange]:
        return self.index, self.name, self.type, self.place


class Outputs(msgspec.Struct, frozen=True):
    """What is known of a query's output columns, in order."""

    columns: tuple[OutputColumn, ...]
    complete: bool
    """Whether these are all: a star that could not be expanded leaves it False."""
    reason: str = ""
    """Why it is not complete."""
    described: bool = False
    """Whether the warehouse (or its stand-in, or the lock) named them, rather than the text alone."""

    def named(self, name: str) -> OutputColumn | None:
        """The column with this name, compared without case as the platform compares; the first where several match."""
        folded = name.casefold()
        return next((c for c in self.columns if c.name is not None and c.name.casefold() == folded), None)


class Projection(msgspec.Struct, frozen=True):
    """One item of the outermost select list, as written; of a set operation, of its first branch."""

    index: int
    name: str | None
    """The output name as the warehouse would fold it; None for a star and for an expression without an alias."""
    quoted: bool
    """Whether the name was written in quotes, so that its case is kept where the warehouse keeps it."""
    is_star: bool
    place: SqlRange
    whole: SqlRange
    """The whole item, with its alias."""
    renamed: bool = False
    """Whether the name is an alias."""


class TableUse(msgspec.Struct, frozen=True):
    """A table that the query reads; common table expressions and table functions are none."""

    ref: TableRef
    place: SqlRange
