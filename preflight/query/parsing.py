"""Text to ``Query``. Nothing that a text holds makes it raise: what is wrong becomes a problem with its offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from preflight.location import Excerpt
from preflight.model import TableRef
from preflight.query import statements, unnests
from preflight.query.deep import SHALLOW, quiet, run, sqlglot_errors
from preflight.query.lexis import scan
from preflight.query.positions import Positions
from preflight.query.projections import Item, branches, first_select, items, place_items
from preflight.query.query import Query
from preflight.query.tables import read_tables
from preflight.query.values import MAX_DEPTH, MAX_LENGTH, MAX_TOKENS, Projection, TableUse
from preflight.query.words import Statement

if TYPE_CHECKING:
    from sqlglot.expressions import Expression
    from sqlglot.tokenizer_core import Token


def parse(sql: Excerpt, dialect: str, data_model: str = "") -> Query:
    """Parse ``sql`` in a warehouse's dialect; never raises for what the text holds."""
    text = sql.text
    if len(text) > MAX_LENGTH:
        why = f"the query has {len(text):,} characters, and preflight analyses {MAX_LENGTH:,} at most"
        return Query(data_model, dialect, sql, unanalysed=why)
    scanned = scan(text, dialect)
    if scanned.template:
        problem = statements.templated(text, *scanned.template)
        return Query(data_model, dialect, sql, problems=(problem,), unanalysed="the SQL is a template")
    with quiet:
        try:
            tokens = _tokenize(text, dialect)
        except sqlglot_errors():
            problem = statements.unclosed(text, scanned.unclosed)
            return Query(data_model, dialect, sql, problems=(problem,), unanalysed=_UNREADABLE)
        return _parse_tokens(Query(data_model, dialect, sql), tokens)


_UNREADABLE = "preflight's parser does not understand the SQL"
_NO_QUERY = "the SQL is not one query that only reads"


def _tokenize(text: str, dialect: str) -> list[Token]:
    from sqlglot.dialects.dialect import Dialect

    return Dialect.get_or_raise(dialect).tokenize(text)


def _parse_tokens(query: Query, tokens: list[Token]) -> Query:
    text = query.sql.text
    chunks, problems = statements.split(text, tokens)
    query.problems = tuple(problems)
    query.lexed = True
    if not chunks:
        query.unanalysed = "the SQL is empty"
        return query
    if len(tokens) > MAX_TOKENS:
        query.unanalysed = f"the query has {len(tokens):,} words, and preflight analyses {MAX_TOKENS:,} at most"
        return query
    every = [Statement(text, chunk) for chunk in chunks]
    refusals = tuple(problem for statement in every if (problem := statements.not_a_query(statement)))
    first = every[0]
    query.depth = first.depth
    if refusals:
        query.problems += refusals
        query.unanalysed = _NO_QUERY
    elif broken := statements.misplaced(first, query.dialect):
        query.problems += (broken,)
        query.unanalysed = _UNREADABLE
    elif query.depth > MAX_DEPTH:
        query.unanalysed = f"the query nests {query.depth:,} levels deep, and preflight analyses {MAX_DEPTH} at most"
    else:
        _analyse(query, first)
    return query


def _analyse(query: Query, statement: Statement) -> None:
    from sqlglot.errors import ParseError

    try:
        tree = run(query.depth, lambda: _tree(statement, query.dialect))
        positions = Positions(tree, statement) if tree is not None else None
        problem = statements.refused(statement, tree, query.dialect, positions.kinds if positions else ())
        if problem is None and tree is not None and positions is not None:
            run(query.depth, lambda: _describe(query, tree, statement, positions))
            return
    except RecursionError:
        query.forget("the query nests too deep for preflight's parser")
        return
    except sqlglot_errors() as error:
        details = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        problem = statements.syntax_error(statement, details, query.dialect)
    if problem is not None:
        query.problems += (problem,)
        query.forget(_UNREADABLE if problem.kind == "sql-syntax-error" else _NO_QUERY)


def _tree(statement: Statement, dialect: str) -> Expression | None:
    from sqlglot import ErrorLevel
    from sqlglot.dialects.dialect import Dialect

    parser = Dialect.get_or_raise(dialect).parser(error_level=ErrorLevel.IMMEDIATE)
    found = unnests.parse(parser, dialect, statement.tokens, statement.text, look=statement.depth <= SHALLOW)
    trees = [tree for tree in found if tree is not None]
    return cast("Expression", trees[0]) if len(trees) == 1 else None


def _describe(query: Query, tree: Expression, statement: Statement, positions: Positions) -> None:
    """Fill in what the tree tells; it may be done twice, so nothing is added to what was there."""
    select = first_select(tree)
    if select is not None:
        place_items(positions, select, statement)
    query.adopt(tree, positions, statement)
    if select is not None:
        query.projections = tuple(_projection(query, n, item) for n, item in enumerate(items(select, query.dialect)))
    query.stars = tuple(query.place(n) for part in branches(tree) for n in part.expressions if n.is_star)
    uses: dict[TableRef, TableUse] = {}
    tables = read_tables(positions.nodes(("Table",)), query.dialect)
    reads = [TableUse(ref, query.place(table)) for table, ref in tables]
    for use in sorted(reads, key=lambda use: use.place.start):
        uses.setdefault(use.ref, use)
    query.tables = tuple(uses.values())


def _projection(query: Query, index: int, item: Item) -> Projection:
    place, whole = query.place(item.mark), query.place(item.node)
    return Projection(index, item.name, item.quoted, item.is_star, place, whole, item.renamed)
