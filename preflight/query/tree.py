"""A parsed query: its projections, its tables, its nodes, and the place of each. Everything here is asked lazily."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from preflight.location import Excerpt, SqlRange
from preflight.model import UNKNOWN, Column, Schema, TableInfo, TableRef, Type
from preflight.query import deep, scope, text
from preflight.query.names import fold, fold_table_part
from preflight.query.tokens import Tokens
from preflight.query.values import OutputColumn, Outputs, Projection, SqlProblem, TableUse

if TYPE_CHECKING:
    from sqlglot import Token
    from sqlglot.expressions import Expr

_FILE_FORMATS = frozenset({"delta", "parquet", "json", "csv", "orc", "avro", "text", "binaryfile"})


class Query(Tokens):
    """One data model's SQL, parsed in its warehouse's dialect.

    ``problems`` holds what is wrong with the text. ``unanalysed`` says why nothing else is known (empty where all is);
    then ``projections`` and ``tables`` are empty and ``nodes`` finds nothing.
    """

    def __init__(
        self,
        sql: Excerpt,
        dialect: str,
        data_model: str,
        *,
        problems: Sequence[SqlProblem] = (),
        unanalysed: str = "",
        tree: Expr | None = None,
        tokens: Sequence[Token] = (),
        depth: int = 0,
    ) -> None:
        super().__init__(sql, dialect, data_model, tokens)
        self.problems = tuple(problems)
        self.unanalysed = unanalysed
        self.depth = depth
        self._tree = tree

    # -- nodes and places --------------------------------------------------------------------------------------------

    def nodes(self, *kinds: str) -> tuple[Expr, ...]:
        """The syntax tree's nodes of these sqlglot classes (``"CTE"``, ``"Limit"``), each class depth first."""
        found = [node for kind in kinds for node in self._index.get(kind, ())]
        return tuple(found)

    @cached_property
    def _index(self) -> Mapping[str, list[Expr]]:
        index: defaultdict[str, list[Expr]] = defaultdict(list)
        if self._tree is not None:
            for node in self._tree.dfs():
                index[type(node).__name__].append(node)
        return index

    @property
    def root(self) -> Expr | None:
        """The syntax tree, which rules only read; None where the text is unanalysed."""
        return self._tree

    def place(self, node: Expr) -> SqlRange:
        """Where a node stands: from its first to its last token that has a position, else the whole text."""
        starts, ends = [], []
        for part in node.walk():
            meta = part.meta
            if "start" in meta and "end" in meta:
                starts.append(meta["start"])
                ends.append(meta["end"] + 1)
        if not starts:
            return self.range(0, len(self.sql.text.rstrip()))
        return self.range(*self._balanced(min(starts), max(ends)))

    def _balanced(self, start: int, end: int) -> tuple[int, int]:
        """The stretch, longer by the parentheses that it opens and does not close."""
        level = 0
        for token in self._tokens[bisect_left(self._starts, start) :]:
            if token.start >= end and level <= 0:
                break
            name = token.token_type.name
            level += {"L_PAREN": 1, "R_PAREN": -1}.get(name, 0)
            if token.start >= end and level <= 0:
                return start, token.end + 1
        return start, end

    def clause(self, node: Expr, *keywords: str) -> SqlRange:
        """Where a clause stands, from the last of these keywords (sqlglot's token types) before it to its end."""
        place = self.place(node)
        keyword = self._keyword_before(place.start, keywords)
        return place if keyword is None else self.range(keyword.start, place.end)

    @cached_property
    def outermost(self) -> tuple[Expr, ...]:
        """The outermost query; of a set operation also its branches."""
        return tuple(scope.outermost(self._tree)) if self._tree is not None else ()

    @cached_property
    def parameters(self) -> tuple[SqlRange, ...]:
        """Where the text has a session's variable or a parameter to be bound."""
        named = {node.name for node in self.nodes("Parameter", "Placeholder", "SessionParameter")}
        return tuple(self.range(*found) for found in text.parameters(self._tokens, named, self.dialect))

    @cached_property
    def undeclared_qualifiers(self) -> tuple[tuple[str, SqlRange, bool], ...]:
        """Names before a dot that no source in reach has, their places, and whether they can be nothing else."""
        found = scope.undeclared_qualifiers(self.nodes("Select"), self.dialect)
        return tuple((name.name, self.place(name), certain) for name, certain in found)

    @cached_property
    def stray_columns(self) -> tuple[Expr, ...]:
        """The columns beside an aggregate in a SELECT without GROUP BY, where that is certain."""
        return tuple(column for select in self.nodes("Select") for column in scope.stray_columns(select))

    @cached_property
    def cartesian_sources(self) -> tuple[Expr, ...]:
        """The tables and subqueries that are joined with neither a condition nor a WHERE that links them."""
        return tuple(source for select in self.nodes("Select") for source in scope.cartesian_sources(select))

    def filters_on(self, name: str) -> tuple[Expr, ...]:
        """Where the outermost query compares its output column ``name`` (without case) with a date of its own."""
        selects = [query for query in self.outermost if type(query).__name__ == "Select"]
        return tuple(predicate for select in selects for predicate in scope.filters_on(select, name))

    # -- projections -------------------------------------------------------------------------------------------------

    @cached_property
    def _selects(self) -> list[Expr]:
        tree: Any = self._tree
        return list(tree.selects) if tree is not None else []

    @cached_property
    def projections(self) -> tuple[Projection, ...]:
        """The items of the outermost select list, in order; of a set operation the first branch's."""
        places = self._select_places()
        return tuple(
            self._projection(index, item, places[index] if places else None) for index, item in enumerate(self._selects)
        )

    def _select_places(self) -> list[SqlRange]:
        items = text.select_items(self._tokens)
        if len(items) != len(self._selects):
            return []
        return [self.range(self._tokens[first].start, self._tokens[last - 1].end + 1) for first, last in items]

    def _projection(self, index: int, item: Expr, whole: SqlRange | None) -> Projection:
        identifier = _name_of(item, self.dialect)
        name, quoted = None, False
        place = whole or self.place(item)
        star = item.is_star
        if identifier is not None and not star:
            quoted = bool(identifier.args.get("quoted"))
            name = fold(identifier.name, self.dialect, quoted=quoted)
            if "start" in identifier.meta:
                place = self.place(identifier)
        kind = UNKNOWN if star else self._types[index]
        renamed = type(item).__name__ == "Alias"
        return Projection(index, name, quoted, star, kind, place, whole or self.place(item), renamed)

    @cached_property
    def _types(self) -> list[Type]:
        from sqlglot.optimizer.annotate_types import annotate_types

        from preflight.query.types import convert

        tree = self._tree
        if tree is None:
            return []
        try:
            deep.run(lambda: annotate_types(tree, dialect=self.dialect), self.depth)
        except Exception:  # sqlglot's inference is a courtesy; without it the types are unknown
            return [UNKNOWN for _ in self._selects]
        return [convert(item.type, self.dialect) for item in self._selects]

    # -- tables ------------------------------------------------------------------------------------------------------

    @cached_property
    def tables(self) -> tuple[TableUse, ...]:
        """The tables that the query reads, each once, at its first place; no CTE, table function, stage or file."""
        if self._tree is None:
            return ()
        names = self._cte_names()
        found: dict[TableRef, TableUse] = {}
        for node in self.nodes("Table"):
            ref = self._table_ref(node)
            if ref is None or (len(ref.parts) == 1 and _is_cte(node, names)):
                continue
            found.setdefault(ref, TableUse(ref, self._table_place(node)))
        return tuple(sorted(found.values(), key=lambda use: use.place.start))

    def _cte_names(self) -> frozenset[str]:
        return frozenset(node.alias.casefold() for node in self.nodes("CTE"))

    def _table_ref(self, node: Expr) -> TableRef | None:
        parts: list[Any] = list(node.parts)  # type: ignore[attr-defined]
        if not parts or any(type(part).__name__ != "Identifier" for part in parts):
            return None
        folded = [fold_table_part(p.name, self.dialect, quoted=bool(p.args.get("quoted"))) for p in parts]
        if self.dialect == "databricks" and len(folded) == 2 and folded[0] in _FILE_FORMATS:
            return None
        if len(folded) > 3:
            folded = [".".join(folded[:-2]), *folded[-2:]]
        catalog, schema, name = [""] * (3 - len(folded)) + folded
        return TableRef(name, schema, catalog)

    def _table_place(self, node: Expr) -> SqlRange:
        parts: list[Any] = list(node.parts)  # type: ignore[attr-defined]
        metas = [part.meta for part in parts if "start" in part.meta]
        if not metas:
            return self.range(0, len(self.sql.text.rstrip()))
        start, end = metas[0]["start"], metas[-1]["end"] + 1
        index = next((i for i, token in enumerate(self._tokens) if token.start >= start), 0)
        while (
            index > 0 and self._tokens[index - 1].end + 1 == start and self._tokens[index - 1].token_type.name in _GLUE
        ):
            index -= 1
            start = self._tokens[index].start
        return self.range(start, end)

    # -- outputs -----------------------------------------------------------------------------------------------------

    def outputs(self, schema: Schema | None = None, tables: Mapping[TableRef, TableInfo] | None = None) -> Outputs:
        """The output columns: as ``schema`` describes them, else as the text says; ``tables`` expand its stars."""
        if schema is not None:
            return self._described(schema)
        if self.unanalysed:
            return Outputs((), complete=False, reason=self.unanalysed)
        star = next((projection for projection in self.projections if projection.is_star), None)
        if star is None:
            columns = [OutputColumn(p.index, p.name, p.type, p.place) for p in self.projections]
            return Outputs(tuple(columns), complete=True)
        if tables and (expanded := self._expand(tables)) is not None:
            return expanded
        written = [p for p in self.projections if not p.is_star]
        columns = [OutputColumn(index, p.name, p.type, p.place) for index, p in enumerate(written)]
        line = self.sql.text.count("\n", 0, star.place.start) + 1
        reason = f"the star in line {line} of the query stands for columns that are not known without the warehouse"
        return Outputs(tuple(columns), complete=False, reason=reason)

    def _described(self, schema: Schema) -> Outputs:
        places = self._places_for(len(schema.columns))
        columns = [OutputColumn(i, c.name, c.type, places[i]) for i, c in enumerate(schema.columns)]
        return Outputs(tuple(columns), complete=True, described=True)

    def _places_for(self, count: int) -> list[SqlRange]:
        """A place for each of ``count`` columns: the projection's own, the star's for what a single star stands for."""
        whole = self.range(0, len(self.sql.text.rstrip()))
        stars = [p for p in self.projections if p.is_star]
        if not stars:
            places = [p.place for p in self.projections]
        elif len(stars) == 1:
            at = stars[0].index
            width = count - len(self.projections) + 1
            places = [p.place for p in self.projections[:at]]
            places += [stars[0].place] * width + [p.place for p in self.projections[at + 1 :]]
        else:
            places = []
        return places if len(places) == count else [whole] * count

    def _expand(self, tables: Mapping[TableRef, TableInfo]) -> Outputs | None:
        """The outputs with every star expanded by the tables' columns; None where one cannot be."""
        from preflight.query.expand import expand

        tree = self._tree
        if tree is None or any(use.ref not in tables for use in self.tables):
            return None
        found = deep.run(lambda: expand(tree, self.dialect, self._table_ref, tables), self.depth)
        if found is None:
            return None
        columns: list[Column] = found
        places = self._places_for(len(columns))
        return Outputs(tuple(OutputColumn(i, c.name, c.type, places[i]) for i, c in enumerate(columns)), complete=True)


_GLUE = frozenset({"DASH", "VAR", "NUMBER"})


def _name_of(item: Expr, dialect: str) -> Any:
    """The identifier that names a projection; None where the warehouse would have to make a name up."""
    kind = type(item).__name__
    if kind == "Alias":
        return item.args.get("alias")
    if kind == "Column":
        return item.this if type(item.this).__name__ == "Identifier" else None
    if kind == "Dot":
        last = item.args.get("expression")
        return last if type(last).__name__ == "Identifier" else None
    if kind == "Cast" and dialect == "redshift" and type(item.this).__name__ == "Column":
        return item.this.this
    if kind == "Paren":
        return _name_of(item.this, dialect) if dialect != "bigquery" else None
    return None


def _is_cte(node: Expr, names: frozenset[str]) -> bool:
    """Whether a one-part name is that of a common table expression in whose reach it stands."""
    name = node.name.casefold()
    if name not in names:
        return False
    above = node.parent
    while above is not None:
        with_ = above.args.get("with_") or above.args.get("with")
        if with_ is not None and any(cte.alias.casefold() == name for cte in with_.expressions):
            return True
        if type(above).__name__ == "With":
            return True
        above = above.parent
    return False
