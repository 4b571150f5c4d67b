"""``Query``: one data model's SQL, as the rules ask it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from preflight.location import Excerpt, SqlRange
from preflight.model import Schema, TableInfo, TableRef, Type
from preflight.query import calls, lexis, lineage, scope
from preflight.query.values import Outputs, Projection, SqlProblem, TableUse

if TYPE_CHECKING:
    from sqlglot.expressions import Expression
    from sqlglot.tokenizer_core import Token

    from preflight.query.listing import Lists
    from preflight.query.positions import Positions
    from preflight.query.words import Statement


_UPPER = dict(zip(range(ord("a"), ord("z") + 1), range(ord("A"), ord("Z") + 1), strict=True))


_LIST_OPENERS = ("SELECT", "DISTINCT", "ALL")


class Query:
    """One data model's SQL, parsed in its warehouse's dialect.

    ``problems`` holds what is wrong with the text. ``unanalysed`` says why nothing else is known (empty where all is);
    then ``projections`` and ``tables`` are empty and ``nodes`` finds nothing. Of several statements the first is read.
    ``lexed`` says whether the text could at least be cut into statements. ``stars`` are the stars in the select lists
    that give rows to the output, those of a set operation's later branches included. ``tokens`` are the statement's,
    without comments.
    """

    def __init__(
        self,
        data_model: str,
        dialect: str,
        sql: Excerpt,
        *,
        problems: tuple[SqlProblem, ...] = (),
        unanalysed: str = "",
        depth: int = 0,
    ) -> None:
        self.data_model = data_model
        self.dialect = dialect
        self.sql = sql
        self.problems = problems
        self.unanalysed = unanalysed
        self.depth = depth
        self.projections: tuple[Projection, ...] = ()
        self.tables: tuple[TableUse, ...] = ()
        self.lexed = False
        self.set_operation = False
        self.stars: tuple[SqlRange, ...] = ()
        self.tree: Expression | None = None
        self._positions: Positions | None = None
        self.tokens: tuple[Token, ...] = ()
        self._starts: list[int] = []
        self._source_names: dict[int, frozenset[str]] = {}

    def adopt(self, tree: Expression, positions: Positions, statement: Statement) -> None:
        """Take the tree that was read from the text, its nodes' places and its words."""
        from sqlglot import exp

        self.tree = tree
        self._positions = positions
        self.tokens = tuple(statement.tokens)
        self._starts = [token.start for token in self.tokens]
        self.set_operation = isinstance(tree.unnest(), exp.SetOperation)

    def forget(self, why: str) -> None:
        """Drop what the tree told, because it cannot be told whole."""
        self.unanalysed = why
        self.projections, self.tables, self.stars = (), (), ()
        self.tree = self._positions = None
        self.tokens, self._starts = (), []

    def nodes(self, *kinds: str) -> tuple[Expression, ...]:
        """The syntax tree's nodes of these sqlglot classes (``"CTE"``, ``"Limit"``), in the text's order."""
        if self._positions is None:
            return ()
        return self._positions.nodes(kinds)

    def has(self, *kinds: str) -> bool:
        """Whether the syntax tree has a node of one of these sqlglot classes."""
        return self._positions is not None and self._positions.has(kinds)

    def place(self, node: Expression) -> SqlRange:
        """Where a node stands in the text: its own tokens, else those of its descendants, else the whole query."""
        found = self._positions.find(node) if self._positions is not None else None
        return self.range(*self._balanced(*found)) if found else self.range(0, len(self.sql.text))

    def _balanced(self, start: int, end: int) -> tuple[int, int]:
        """The stretch, longer by the brackets that it opens and does not close: they belong to no node."""
        level = 0
        for index in range(bisect_left(self._starts, start), len(self.tokens)):
            token = self.tokens[index]
            if token.start >= end and level <= 0:
                break
            level += {"(": 1, ")": -1}.get(self.sql.text[token.start], 0)
            if token.start >= end and level <= 0:
                return start, token.end + 1
        return start, end

    def range(self, start: int, end: int) -> SqlRange:
        """A place in the text, by offsets; the end is exclusive."""
        return SqlRange(self.data_model, start, end)

    def clause(self, node: Expression, *keywords: str) -> SqlRange:
        """Where a clause stands, from the last of these keywords (sqlglot's token types) before it to its end."""
        place = self.place(node)
        keyword = self._keyword_before(place.start, keywords)
        return place if keyword is None else self.range(keyword.start, place.end)

    def _keyword_before(self, offset: int, kinds: Collection[str]) -> Token | None:
        for index in range(bisect_right(self._starts, offset) - 1, -1, -1):
            if calls.kind(self.tokens[index]) in kinds:
                return self.tokens[index]
        return None

    # -- what the words say --------------------------------------------------------------------------------------------

    @cached_property
    def pieces(self) -> tuple[tuple[str, int, int], ...]:
        """The text in stretches of ``code``, ``line comment``, ``block comment`` and ``quoted``, analysed or not."""
        return tuple(lexis.pieces(self.sql.text, self.dialect))

    def keywords(self, *kinds: str) -> list[SqlRange]:
        """The unquoted words of these token types that are no part of a longer name and no alias, in order."""
        wanted = frozenset(kinds)
        tokens = self.tokens if wanted else ()
        numbers = [n for n, token in enumerate(tokens) if token.token_type._name_ in wanted]
        return [self._place_of(token) for token, _ in calls.words(self.tokens, numbers)]

    def bare_names(self) -> tuple[tuple[str, SqlRange], ...]:
        """The names that stand by themselves, in lower case without their quotes, in order.

        Not what stands behind a dot or AS, and no function's name.
        """
        text = self.sql.text
        words = [text[token.start : token.end + 1] for token in self.tokens]
        found = []
        for before, word, after, token in zip(["", *words], words, [*words[1:], ""], self.tokens, strict=False):
            if before.upper() in (".", "AS") or after == "(":
                continue
            if (word[:1] in '"`' and word[-1:] == word[0]) or word.isidentifier():
                found.append((word.strip('"`').casefold(), self._place_of(token)))
        return tuple(found)

    def clock_readings(self, within: SqlRange) -> tuple[SqlRange, ...]:
        """Where a stretch of the text reads the clock."""
        if not calls.may_read_the_clock(self._upper[within.start : within.end]):
            return ()
        return tuple(self._place_of(token) for token in calls.clock_readings(self._inside(within), self.dialect))

    def random_calls(self, within: SqlRange) -> tuple[SqlRange, ...]:
        """Where a stretch of the text calls for something random."""
        if not calls.may_be_random(self._upper[within.start : within.end]):
            return ()
        return tuple(self._place_of(token) for token in calls.random_calls(self._inside(within)))

    @cached_property
    def _upper(self) -> str:
        """The text with ASCII letters in upper case, character by character."""
        text = self.sql.text
        return text.upper() if text.isascii() else text.translate(_UPPER)

    @cached_property
    def parameters(self) -> tuple[SqlRange, ...]:
        """Where the text has a session's variable or a parameter to be bound."""
        if not self.nodes("Parameter", "Placeholder", "SessionParameter") and "?" not in self.sql.text:
            return ()
        named = {node.name for node in self.nodes("Parameter", "Placeholder", "SessionParameter")}
        return tuple(self.range(*found) for found in calls.parameters(self.tokens, named, self.dialect))

    def _inside(self, within: SqlRange) -> tuple[Token, ...]:
        first = bisect_left(self._starts, within.start)
        return self.tokens[first : bisect_left(self._starts, within.end)]

    def _place_of(self, token: Token) -> SqlRange:
        return self.range(token.start, token.end + 1)

    # -- what the tree says --------------------------------------------------------------------------------------------

    @cached_property
    def outermost(self) -> tuple[Expression, ...]:
        """The outermost query; of a set operation also its branches."""
        return tuple(scope.outermost(self.tree)) if self.tree is not None else ()

    def _names_of(self, select: Expression) -> frozenset[str]:
        """``scope.source_names`` of one of this query's SELECTs."""
        if id(select) not in self._source_names:
            self._source_names[id(select)] = scope.source_names(select)
        return self._source_names[id(select)]

    @cached_property
    def undeclared_qualifiers(self) -> tuple[tuple[str, SqlRange, bool], ...]:
        """Names before a dot that no source in reach has, their places, and whether they can be nothing else."""
        selects, columns = self.nodes("Select"), self.nodes("Column")
        found = scope.undeclared_qualifiers(selects, columns, self.dialect, self._names_of)
        return tuple((name.name, self.place(name), certain) for name, certain in found)

    @cached_property
    def stray_columns(self) -> tuple[Expression, ...]:
        """The columns beside an aggregate in a SELECT without GROUP BY, where that is certain."""
        if not self.has(*scope.AGGREGATES):
            return ()
        return tuple(
            column for select in self.nodes("Select") for column in scope.stray_columns(select, self._names_of)
        )

    @cached_property
    def cartesian_sources(self) -> tuple[Expression, ...]:
        """The tables and subqueries that are joined with neither a condition nor a WHERE that links them."""
        return tuple(
            source for select in self.nodes("Select") for source in scope.cartesian_sources(select, self._names_of)
        )

    def filters_on(self, name: str) -> tuple[Expression, ...]:
        """Where the query compares its output column ``name`` (without case) with a date of its own, at any level."""
        return tuple(
            predicate
            for select, item in self.origins(name)
            if (column := lineage.plain_column(item)) is not None
            for predicate in scope.filters_on(select, column)
        )

    def origins(self, name: str) -> tuple[tuple[Expression, Expression], ...]:
        """Each SELECT that passes the output column ``name`` (without case) on, outermost first, with its item."""
        return tuple(lineage.origins(self.tree, name)) if self.tree is not None else ()

    def item_place(self, item: Expression) -> SqlRange:
        """A whole item of any select list, from the word that opens it or the comma before it to its end."""
        place = self.place(item)
        first = bisect_left(self._starts, place.start)
        level = 0
        while first:
            before = self.sql.text[self.tokens[first - 1].start]
            level += {")": 1, "]": 1, "(": -1, "[": -1}.get(before, 0)
            if level < 0 or (level == 0 and (before == "," or calls.kind(self.tokens[first - 1]) in _LIST_OPENERS)):
                break
            first -= 1
        return self.range(self._starts[first], place.end) if self._starts else place

    def outline(self) -> Expression | None:
        """A copy of the tree without the clauses that name no column."""
        from preflight.query.projections import HOLDERS, outline

        return outline(self.tree, self.nodes(*HOLDERS)) if self.tree is not None else None

    # -- what it puts out ----------------------------------------------------------------------------------------------

    def outputs(self, schema: Schema | None = None, tables: Mapping[TableRef, TableInfo] | None = None) -> Outputs:
        """The output columns: as ``schema`` describes them, else as the text says; ``tables`` expand its stars.

        Tables that ``tables`` does not hold are unknown, and so is what the text alone does not tell: a name is None
        then, a type UNKNOWN.
        """
        from preflight.query import outputs

        if schema is not None:
            return outputs.described(self, schema)
        return outputs.from_text(self, tables) if tables else self._outputs

    @cached_property
    def _outputs(self) -> Outputs:
        from preflight.query import outputs

        return outputs.from_text(self, {})

    @cached_property
    def types(self) -> tuple[Type, ...]:
        """The types of ``projections`` as far as each item tells by itself, its tables unknown."""
        from preflight.query import outputs

        return outputs.written_types(self)

    @cached_property
    def qualified(self) -> tuple[Any, Any]:
        """Sqlglot's qualified and typed copy of the tree, its tables unknown, and its scope; two None: it gave up."""
        from preflight.query.expand import qualified

        return qualified(self, {})

    @cached_property
    def lists(self) -> Lists:
        """What the queries of the tree list, as they are read."""
        from preflight.query.listing import Lists

        return Lists(self.dialect)

    def open_stars(self) -> tuple[SqlRange, ...]:
        """Those of ``stars`` that put out whatever columns a table has, not those that the text itself lists."""
        from preflight.query import outputs

        return outputs.open_stars(self)
