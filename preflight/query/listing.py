"""The names of a query's output columns where the text alone lists them, also behind a star.

A star over subqueries and common table expressions that name their columns puts out those names, and a star over a
table whatever it holds. That much is read off the tree as it is, at a fraction of what it costs to let sqlglot copy
and rewrite it. Where anything else has a say (a pivot, USING, EXCLUDE, a generator of rows), it is left to ``expand``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from preflight.query.names import same
from preflight.query.projections import UNNAMED, branches, first_select, named_items
from preflight.query.tables import cte_of, folded_name, read_tables
from preflight.query.values import Projection

if TYPE_CHECKING:
    from preflight.query.query import Query


class Listed(msgspec.Struct, frozen=True):
    """One output column."""

    name: str | None
    projection: Projection
    """What puts it out: the item itself, or the star."""


class _Unclear(Exception):
    """What is listed hangs on more than is read here."""


Names = list[tuple[str, str | None]]
"""Columns as the folded name that they are found by and the name as it is spelled, None where one has none."""


def listed(query: Query) -> tuple[tuple[Listed, ...], bool] | None:
    """The output columns, and whether they are all; None where it takes more than this to tell."""
    select: Any = first_select(query.tree)
    if select is None:
        return None
    stars = [node for node in select.expressions if node.is_star]
    owners = {star.args["table"].name.lower() if star.args.get("table") else "" for star in stars}
    if len(stars) > 1 and (len(owners) < len(stars) or "" in owners):
        return None
    try:
        behind = [query.lists.star(select, star) for star in stars]
    except (_Unclear, RecursionError):
        return None
    closed = None not in behind
    waiting = iter(behind)
    found: list[Listed] = []
    for projection in query.projections:
        if not projection.is_star:
            found.append(Listed(projection.name, projection))
        elif (names := next(waiting)) is not None and closed:
            found += [Listed(name, projection) for _, name in names]
    return tuple(found), closed


def open_stars(query: Query) -> tuple[Any, ...] | None:
    """The stars of the output's select lists whose columns the text does not list; None where it takes more to tell."""
    assert query.tree is not None  # noqa: S101 - asked of an analysed query alone
    found: list[Any] = []
    try:
        for select in branches(query.tree):
            stars = [node for node in select.expressions if node.is_star]
            if stars and query.lists.select(select) is None:
                found += stars
    except (_Unclear, RecursionError):
        return None
    return tuple(found)


class Lists:
    """What the queries of one tree put out, each read once; raises _Unclear for what is not certain."""

    def __init__(self, dialect: str) -> None:
        from sqlglot.dialects.dialect import Dialect

        self._dialect = dialect
        self._pseudocolumns = Dialect.get_or_raise(dialect).PSEUDOCOLUMNS
        self._selects: dict[int, Names | None] = {}

    def select(self, select: Any) -> Names | None:
        """What a SELECT puts out; None where that hangs on a table."""
        if id(select) not in self._selects:
            self._selects[id(select)] = self._select(select)
        return self._selects[id(select)]

    def _select(self, select: Any) -> Names | None:
        if select.args.get("kind"):
            raise _Unclear
        found: Names = []
        for at, node in enumerate(select.expressions):
            if node.is_star:
                names = self.star(select, node)
                if names is None:
                    return None
                found += names
            else:
                found.append(self._item(node, at))
        return found

    def _item(self, node: Any, at: int) -> tuple[str, str | None]:
        items = named_items(node, self._dialect)
        if len(items) != 1:
            raise _Unclear
        name = items[0].name
        if name is None:
            if type(node).__name__ == "Alias":
                raise _Unclear
            return f"{UNNAMED}{at}", None
        if name.startswith(UNNAMED):
            raise _Unclear
        return self._folded(name), name

    def _folded(self, name: str) -> str:
        if not name.isascii() or name.upper() in self._pseudocolumns:
            raise _Unclear
        return name if self._dialect == "snowflake" else name.lower()

    def star(self, select: Any, star: Any) -> Names | None:
        """What a star puts out in a SELECT; None where that hangs on a table."""
        sources = self._sources(select)
        wanted: Iterable[Any] = sources.values()
        if type(star).__name__ == "Column":
            owner = star.args.get("table")
            if owner is None or not _has_only(star, "this", "table"):
                raise _Unclear
            source = sources.get(self._folded(folded_name(owner, self._dialect)))
            if source is None:
                raise _Unclear
            star, wanted = star.this, [source]
        if type(star).__name__ != "Star" or not _has_only(star):
            raise _Unclear
        found: Names = []
        for source in wanted:
            names = self._source(source)
            if names is None:
                return None
            if len(dict(names)) < len(names):
                raise _Unclear
            found += names
        return found

    def _sources(self, select: Any) -> dict[str, Any]:
        """What a SELECT reads, by the folded names, in order."""
        from_ = select.args.get("from_")
        if from_ is None or any(select.args.get(key) for key in ("laterals", "pivots", "match")):
            raise _Unclear
        joins = select.args.get("joins") or []
        for join in joins:
            if not _has_only(join, "this", "on", "kind", "side") or join.kind in ("SEMI", "ANTI"):
                raise _Unclear
        nodes = [from_.this, *(join.this for join in joins)]
        found = {self._source_name(node, alone=not joins): node for node in nodes}
        if len(found) < len(nodes):
            raise _Unclear
        return found

    def _source_name(self, source: Any, *, alone: bool) -> str:
        alias = source.args.get("alias")
        if alias is not None and not _has_only(alias, "this"):
            raise _Unclear
        name = (alias if alias is not None else source).args.get("this")
        if type(name).__name__ == "Identifier":
            return self._folded(folded_name(name, self._dialect))
        if alone and alias is None:
            return ""
        raise _Unclear

    def _source(self, source: Any) -> Names | None:
        if type(source).__name__ == "Subquery" and _has_only(source, "this", "alias"):
            return self._query(source.this)
        if type(source).__name__ != "Table" or not _has_only(source, "this", "db", "catalog", "alias"):
            raise _Unclear
        cte = cte_of(source, self._dialect)
        if cte is None:
            if not read_tables([source], self._dialect):
                raise _Unclear
            return None
        if not _has_only(cte, "this", "alias", "materialized") or not _has_only(cte.args["alias"], "this"):
            raise _Unclear
        if cte.parent.args.get("recursive") or not _is_query(cte.parent.parent):
            raise _Unclear
        names = [folded_name(other.args["alias"].this, self._dialect) for other in cte.parent.expressions]
        own = folded_name(cte.args["alias"].this, self._dialect)
        if sum(same(name, own, self._dialect) for name in names) > 1:
            raise _Unclear
        return self._query(cte.this)

    def _query(self, query: Any) -> Names | None:
        while _is_query(query) and type(query).__name__ != "Select":
            if any(query.args.get(key) for key in ("by_name", "side", "kind", "on")):
                raise _Unclear
            query = query.this
        if type(query).__name__ != "Select":
            raise _Unclear
        return self.select(query)


def _is_query(node: Any) -> bool:
    return type(node).__name__ in ("Select", "Union", "Intersect", "Except")


def _has_only(node: Any, *keys: str) -> bool:
    """Whether a node has no arguments but these."""
    return all(key in keys or not value for key, value in node.args.items())
