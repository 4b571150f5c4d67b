"""What a query's parts are, as frozen values."""

from __future__ import annotations

import msgspec

from preflight.location import SqlRange
from preflight.model import TableRef, Type


class SqlProblem(msgspec.Struct, frozen=True):
    """Something wrong with the text itself; offsets are code points in it, the end is exclusive."""

    kind: str
    """The name of the rule that reports it: ``sql-syntax-error``, ``multiple-statements``, ``not-a-query``,
    ``templated-sql``, ``trailing-semicolon`` or ``empty-sql``."""
    message: str
    start: int
    end: int
    remedy: str


class OutputColumn(msgspec.Struct, frozen=True):
    """One column that a query puts out."""

    index: int
    """From 0."""
    name: str | None
    """As the warehouse would return it; None where the expression has no name of its own."""
    type: Type
    place: SqlRange
    """The alias, the column's name, or the expression; for a star's columns the star."""


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
    """One item of the outermost select list, as written."""

    index: int
    name: str | None
    """The output name as the warehouse would fold it; None for a star and for an expression without a name."""
    quoted: bool
    """Whether the name was written in quotes."""
    is_star: bool
    type: Type
    place: SqlRange
    whole: SqlRange
    """The whole item, with its alias."""
    renamed: bool = False
    """Whether the name is an alias."""


class TableUse(msgspec.Struct, frozen=True):
    """A table that the query reads."""

    ref: TableRef
    place: SqlRange
