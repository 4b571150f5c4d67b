"""SQL to ``Query``: what a data model's text says, and where. All lore of sqlglot and of positions in SQL lives here.

sqlglot is a parser, not a validator: what this package cannot tell stays unknown, and the warehouse's own word decides.
Importing it does not import sqlglot; parsing does.
"""

from __future__ import annotations

from preflight.query.lexis import remarks
from preflight.query.names import fold, fold_table
from preflight.query.parsing import parse
from preflight.query.query import Query
from preflight.query.values import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TOKENS,
    OutputColumn,
    Outputs,
    Projection,
    SqlProblem,
    TableUse,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_TOKENS",
    "OutputColumn",
    "Outputs",
    "Projection",
    "Query",
    "SqlProblem",
    "TableUse",
    "fold",
    "fold_table",
    "parse",
    "remarks",
]
