"""SQL to ``Query``: what a data model's text says, and where. All lore of sqlglot and of positions in SQL lives here.

sqlglot is a parser, not a validator: what this package cannot tell stays unknown, and the warehouse's own word decides.
It is imported when a text is parsed, not before.
"""

from __future__ import annotations

from preflight.query.names import fold
from preflight.query.parse import MAX_DEPTH, MAX_LENGTH, parse
from preflight.query.tree import Query
from preflight.query.values import OutputColumn, Outputs, Projection, SqlProblem, TableUse

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "OutputColumn",
    "Outputs",
    "Projection",
    "Query",
    "SqlProblem",
    "TableUse",
    "fold",
    "parse",
]
