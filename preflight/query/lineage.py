"""Where an output column comes from: through derived tables and common table expressions to the item that makes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from preflight.query.scope import outermost

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_CASTS = ("Cast", "TryCast", "Paren")


def origins(tree: Expression, name: str) -> Iterator[tuple[Any, Any]]:
    """Each SELECT that passes the output column called ``name`` (without case) on, with its item for it."""
    waiting: list[tuple[Any, str]] = [(tree, name.casefold())]
    seen: set[tuple[int, str]] = set()
    while waiting:
        query, wanted = waiting.pop(0)
        if (id(query), wanted) in seen:
            continue
        seen.add((id(query), wanted))
        for select in outermost(query):
            if type(select).__name__ != "Select":
                continue
            item = next((item for item in select.expressions if item.alias_or_name.casefold() == wanted), None)
            if item is not None:
                yield select, item
            waiting += _below(select, item, wanted)


def plain_column(item: Any) -> Any:
    """The column that an item passes on, be it cast or renamed; None where it makes something of it."""
    if type(item).__name__ == "Alias":
        item = item.this
    while type(item).__name__ in _CASTS:
        item = item.this
    return item if type(item).__name__ == "Column" else None


def _below(select: Any, item: Any, wanted: str) -> Iterator[tuple[Any, str]]:
    """The queries that the column may come from, with its name there."""
    if item is None:
        stars = [star for star in select.expressions if star.is_star]
        tables = {star.table.casefold() if type(star).__name__ == "Column" else "" for star in stars}
        name = wanted
    else:
        column = plain_column(item)
        tables = {column.table.casefold()} if column is not None else set()
        name = column.name.casefold() if column is not None else ""
    sources = [*_sources(select)] if tables else []
    for source in sources:
        if len(sources) == 1 or source.alias_or_name.casefold() in tables:
            inner = _query_of(source)
            if inner is not None:
                yield inner, name


def _sources(select: Any) -> Iterator[Any]:
    first = select.args.get("from_")
    for part in [first] if first is not None else []:
        yield part.this
    for join in select.args.get("joins") or ():
        yield join.this


def _query_of(source: Any) -> Any:
    """What a derived table, or the common table expression of that name, selects; None for a table of the warehouse."""
    if type(source).__name__ == "Subquery":
        return source.this
    if type(source).__name__ != "Table" or source.args.get("db"):
        return None
    above = source.parent
    while above is not None:
        with_ = above.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            if cte.alias.casefold() == source.name.casefold():
                return cte.this
        above = above.parent
    return None
