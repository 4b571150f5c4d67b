"""The only gate to a warehouse's execute: one statement, which only reads. Every adapter asks it before it sends.

It is the first of two gates: an adapter adds what its engine offers (a read-only session, the engine's own parser).
"""

from __future__ import annotations

from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.location import Excerpt, SourceFile
from preflight.query import parse

_READING_COMMANDS = ("DESCRIBE ", "DESC ", "SHOW ")


def require_reading(statement: str, dialect: str) -> None:
    """Raise WarehouseError unless ``statement`` is a single query, or DESCRIBE or SHOW of one.

    The statement is judged by its parsed kind; what cannot be parsed is refused.
    """
    text = statement.strip()
    upper = text[:12].upper()
    command = next((c for c in _READING_COMMANDS if upper.startswith(c)), None)
    if command is not None:
        text = text[len(command) :]
        if command == "SHOW " or not text.lstrip(" (\n").upper().startswith(("SELECT", "WITH")):
            _require_plain(text)
            return
    query = parse(Excerpt.whole(SourceFile("", text)), dialect)
    if query.problems or query.tree is None:
        reason = query.problems[0].message if query.problems else query.unanalysed
        raise _refusal(reason)
    for node in query.nodes("Anonymous", "Command"):
        name = str(_name(node)).upper()
        if name.startswith("SYSTEM$") or name in _ACTING:
            raise _refusal(f"the function {name} may act")


_ACTING = frozenset(
    {
        "NEXTVAL", "SETVAL", "READ_CSV", "READ_CSV_AUTO", "READ_TEXT", "READ_BLOB", "READ_JSON", "READ_PARQUET", "GLOB",
        "GETENV", "EXTERNAL_QUERY", "AI_QUERY", "HTTP_REQUEST", "REMOTE_QUERY", "PG_TERMINATE_BACKEND",
        "PG_CANCEL_BACKEND", "LO_IMPORT", "LO_EXPORT", "QUERY", "QUERY_TABLE",
    }
)  # fmt: skip


def _name(node: Any) -> Any:
    return node.this


def _require_plain(text: str) -> None:
    """A SHOW or DESCRIBE of an object: names, quotes and a pattern, no second statement and no comment."""
    if any(mark in text for mark in (";", "--", "/*", "#", "(", ")")):
        raise _refusal("it is more than a SHOW or DESCRIBE of one object")


def _refusal(reason: str) -> WarehouseError:
    return WarehouseError(
        Cause.OTHER,
        f"preflight does not send this statement: {reason.rstrip('.')}",
        remedy="report it: preflight only ever sends single statements that read",
    )
