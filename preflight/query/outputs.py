"""A query's output columns: as a warehouse described them, or as far as the text and its tables tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from preflight.location import SqlRange
from preflight.model import UNKNOWN, Schema, TableInfo, TableRef, Type
from preflight.query.deep import quiet, run, sqlglot_errors
from preflight.query.expand import Expanded, expand, missing_reason
from preflight.query.expand import open_stars as find_open_stars
from preflight.query.expand import written_types as find_written_types
from preflight.query.listing import Listed, listed
from preflight.query.listing import open_stars as listed_open_stars
from preflight.query.values import OutputColumn, Outputs, Projection

if TYPE_CHECKING:
    from preflight.query.query import Query


def described(query: Query, schema: Schema) -> Outputs:
    """The columns that a warehouse named; a star among the projections takes the place of all that follow it."""
    places = [*_places(query.projections, len(schema.columns))]
    whole = SqlRange(query.data_model, 0, len(query.sql.text))
    columns = tuple(
        OutputColumn(n, column.name, column.type, places[n] if n < len(places) else whole)
        for n, column in enumerate(schema.columns)
    )
    return Outputs(columns, complete=True, described=True)


def _places(projections: Sequence[Projection], count: int) -> list[SqlRange]:
    """A place for each of ``count`` columns; those behind the one star are counted from the end."""
    stars = [p for p in projections if p.is_star]
    if not stars:
        return [p.place for p in projections]
    before = [p.place for p in projections[: stars[0].index]]
    after = [p.place for p in projections[stars[-1].index + 1 :]] if len(stars) == 1 else []
    middle = count - len(before) - len(after)
    return (
        before + [stars[0].place] * middle + after if middle >= 0 else before + [stars[0].place] * (count - len(before))
    )


def from_text(query: Query, tables: Mapping[TableRef, TableInfo]) -> Outputs:
    """The columns as the text names them, its stars expanded by ``tables``."""
    if query.unanalysed or query.tree is None:
        return Outputs((), complete=False, reason=query.unanalysed or "there is no query to read")
    if not any(info.columns for info in tables.values()) and (found := listed(query)) is not None:
        return _listed(query, *found)
    expanded = _expanded(query, tables)
    columns = tuple(OutputColumn(n, c.name, c.type, c.place) for n, c in enumerate(expanded.columns))
    return Outputs(columns, complete=not expanded.reason, reason=expanded.reason)


def _expanded(query: Query, tables: Mapping[TableRef, TableInfo]) -> Expanded:
    with quiet:
        try:
            return run(query.depth, lambda: expand(query, tables))
        except RecursionError:
            return Expanded((), "the query nests too deep to expand its stars")


def _listed(query: Query, found: Sequence[Listed], closed: bool) -> Outputs:
    """The columns that the text lists; their types are inferred once somebody asks for one."""
    types = lru_cache(maxsize=1)(partial(_listed_types, query, found))
    columns = tuple(
        OutputColumn(n, column.name, partial(_at, types, n), column.projection.place) for n, column in enumerate(found)
    )
    reason = missing_reason(query, closed=closed)
    return Outputs(columns, complete=not reason, reason=reason)


def _at(types: Callable[[], Sequence[Type]], index: int) -> Type:
    return types()[index]


def _listed_types(query: Query, found: Sequence[Listed]) -> Sequence[Type]:
    """The columns' types; where sqlglot gives up those that each item tells by itself."""
    expanded = _expanded(query, {}).columns
    if len(expanded) == len(found):
        return [column.type for column in expanded]
    return [UNKNOWN if c.projection.is_star else query.types[c.projection.index] for c in found]


def written_types(query: Query) -> tuple[Type, ...]:
    """The types of the projections as far as each item tells by itself; UNKNOWN for what sqlglot cannot read."""
    with quiet:
        try:
            return run(query.depth, lambda: find_written_types(query))
        except RecursionError:
            return (UNKNOWN,) * len(query.projections)
        except sqlglot_errors():
            return (UNKNOWN,) * len(query.projections)


def open_stars(query: Query) -> tuple[SqlRange, ...]:
    """The stars in the output's select lists that put out whatever columns a table has."""
    if not query.stars:
        return ()
    if (found := listed_open_stars(query)) is not None:
        return tuple(query.place(star) for star in found)
    with quiet:
        try:
            return run(query.depth, lambda: find_open_stars(query))
        except RecursionError:
            return query.stars
