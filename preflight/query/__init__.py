"""SQL to ``Query``: what a data model's text says, and where. All lore of sqlglot and of positions in SQL lives here.

sqlglot is a parser, not a validator: what this module cannot tell stays unknown, and the warehouse's own word decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from preflight.location import Excerpt, SqlRange
from preflight.model import Schema, TableInfo, TableRef, Type

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

MAX_DEPTH = 400
"""Nesting (parentheses and CASE) beyond which a query is not analysed but reported as unproven."""
MAX_LENGTH = 1_000_000
"""Code points of SQL beyond which a query is not analysed but reported as unproven."""


class SqlProblem(msgspec.Struct, frozen=True):
    """Something wrong with the text itself; ``kind`` is the name of the rule that reports it."""

    kind: str
    """``sql-syntax-error``, ``multiple-statements``, ``not-a-query``, ``templated-sql``, ``empty-sql``."""
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
    """The output name as the warehouse would fold it; None for a star and for an expression without an alias."""
    quoted: bool
    """Whether the name was written in quotes, so that its case is kept where the warehouse keeps it."""
    is_star: bool
    type: Type
    place: SqlRange


class TableUse(msgspec.Struct, frozen=True):
    """A table that the query reads; common table expressions and table functions are none."""

    ref: TableRef
    place: SqlRange


class Query:
    """One data model's SQL, parsed in its warehouse's dialect.

    ``problems`` holds what is wrong with the text. ``unanalysed`` says why nothing else is known (empty where all is);
    then ``projections`` and ``tables`` are empty and ``nodes`` finds nothing.
    """

    data_model: str
    dialect: str
    sql: Excerpt
    problems: tuple[SqlProblem, ...]
    unanalysed: str
    projections: tuple[Projection, ...]
    tables: tuple[TableUse, ...]

    def nodes(self, *kinds: str) -> tuple[Expression, ...]:
        """The syntax tree's nodes of these sqlglot classes (``"CTE"``, ``"Limit"``), in the text's order."""
        raise NotImplementedError

    def place(self, node: Expression) -> SqlRange:
        """Where a node stands in the text: its own tokens, else those of its descendants, else the whole query."""
        raise NotImplementedError

    def outputs(self, schema: Schema | None = None, tables: Mapping[TableRef, TableInfo] | None = None) -> Outputs:
        """The output columns: as ``schema`` describes them, else as the text says; ``tables`` expand its stars."""
        raise NotImplementedError


def parse(sql: Excerpt, dialect: str, data_model: str = "") -> Query:
    """Parse ``sql``; never raises for what the text holds."""
    raise NotImplementedError


def fold(name: str, dialect: str, *, quoted: bool = False) -> str:
    """The name as the warehouse stores it: Snowflake folds up, Redshift down, quotes keep case where they do."""
    raise NotImplementedError


def transpile(sql: str, dialect: str, *, catalogs: Mapping[str, str] | None = None) -> str:
    """``sql`` as DuckDB reads it; raises WarehouseError with Cause.UNSUPPORTED for what has no exact counterpart.

    ``catalogs`` maps the catalogs that the query names to the attached databases' names; None drops the catalog.
    """
    raise NotImplementedError
