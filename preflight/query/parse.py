"""Text to ``Query``: one statement, which is a query; everything else is a problem with its place."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from preflight.location import Excerpt
from preflight.query import deep, text
from preflight.query.tree import Query
from preflight.query.values import SqlProblem

if TYPE_CHECKING:
    from sqlglot import Token

MAX_DEPTH = 400
"""Nesting (parentheses, brackets and CASE) beyond which a query is not analysed but reported as unproven."""
MAX_LENGTH = 1_000_000
"""Code points of SQL beyond which a query is not analysed but reported as unproven."""

_ONE_QUERY = "Write one SELECT: the platform wraps the text in a query of its own."


def parse(sql: Excerpt, dialect: str, data_model: str = "") -> Query:
    """Parse ``sql``; never raises for what the text holds."""
    if len(sql.text) > MAX_LENGTH:
        return Query(sql, dialect, data_model, unanalysed=f"the SQL is longer than {MAX_LENGTH:,} characters")
    if found := text.template(sql.text):
        shown = sql.text[found[0] : found[1]][:40]
        problem = SqlProblem(
            "templated-sql",
            f"The text holds a template expression, {shown}, which the warehouse does not know.",
            *found,
            "Render the template first, and give the data model the rendered SQL.",
        )
        return _refused(sql, dialect, data_model, problem)
    with _quiet():
        tokens = _tokens(sql.text, dialect)
        if isinstance(tokens, SqlProblem):
            return _refused(sql, dialect, data_model, tokens)
        return _parse_tokens(sql, dialect, data_model, tokens)


def _refused(sql: Excerpt, dialect: str, data_model: str, *problems: SqlProblem) -> Query:
    return Query(
        sql, dialect, data_model, problems=problems, unanalysed=f"the SQL is not one query ({problems[0].kind})"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep sqlglot's own warnings off the terminal: what matters in them is a problem of ours."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _tokens(sql: str, dialect: str) -> list[Token] | SqlProblem:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except SqlglotError:
        what, start = text.unterminated(sql) or ("token", 0)
        stop = sql.find("\n", start)
        end = len(sql) if stop < 0 else stop
        return SqlProblem("sql-syntax-error", f"A {what} begins here and never ends.", start, end, f"Close the {what}.")
    return tokens or SqlProblem(
        "empty-sql", "The data model's SQL is empty.", 0, len(sql), "Write the query that the pipeline should read."
    )


def _parse_tokens(sql: Excerpt, dialect: str, data_model: str, tokens: list[Token]) -> Query:
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    if (doubled := _doubled_comma(tokens)) is not None:
        return _refused(sql, dialect, data_model, doubled)
    depth = text.depth(tokens)
    if depth > MAX_DEPTH:
        reason = f"the SQL is nested {depth} deep; up to {MAX_DEPTH} is analysed"
        return Query(sql, dialect, data_model, unanalysed=reason)
    statements = [part for part in _split(tokens) if part]
    if not statements:
        problem = SqlProblem("empty-sql", "The data model's SQL is empty.", 0, len(sql.text), _ONE_QUERY)
        return _refused(sql, dialect, data_model, problem)
    if len(statements) > 1 and _starts_query(statements[0]):
        second = statements[1]
        message = f"The text holds {len(statements)} statements; the second begins here."
        remedy = "Keep one SELECT and move the others out."
        span = second[0].start, second[-1].end + 1
        return _refused(sql, dialect, data_model, SqlProblem("multiple-statements", message, *span, remedy))
    try:
        trees: list[Any] = deep.run(lambda: sqlglot.parse(sql.text, read=dialect), depth)
    except ParseError as error:
        return _refused(sql, dialect, data_model, _syntax_error(error, sql.text, tokens))
    except deep.TooDeepError:
        return Query(sql, dialect, data_model, unanalysed="the SQL is nested too deep to be analysed")
    except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        problem = SqlProblem("sql-syntax-error", "The text cannot be parsed.", 0, len(sql.text), _MEND)
        return _refused(sql, dialect, data_model, problem)
    trees = [tree for tree in trees if tree is not None and type(tree).__name__ != "Semicolon"]
    tree = trees[0] if trees else None
    if (other := _no_query(tree, statements[0])) is not None:
        return _refused(sql, dialect, data_model, other)
    semicolon = tokens[-1] if tokens[-1].token_type.name == "SEMICOLON" else None
    problems = [_trailing(semicolon)] if semicolon is not None else []
    return Query(sql, dialect, data_model, problems=problems, tree=tree, tokens=statements[0], depth=depth)


_MEND = "Mend the syntax, or run the query in the warehouse to see what it says."


def _doubled_comma(tokens: Sequence[Token]) -> SqlProblem | None:
    """Two commas in a row, which no dialect takes and sqlglot's parser lets through."""
    for first, second in pairwise(tokens):
        if first.token_type.name == second.token_type.name == "COMMA":
            message = "Two commas follow each other."
            return SqlProblem("sql-syntax-error", message, second.start, second.end + 1, "Remove one of them.")
    return None


def _split(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    part: list[Token] = []
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _starts_query(tokens: Sequence[Token]) -> bool:
    return tokens[0].token_type.name in ("SELECT", "WITH", "L_PAREN", "VALUES")


def _trailing(token: Token) -> SqlProblem:
    return SqlProblem(
        "trailing-semicolon",
        "The text ends in a semicolon, which would stand inside the platform's outer query.",
        token.start,
        token.end + 1,
        "Remove the semicolon.",
    )


def _syntax_error(error: Any, sql: str, tokens: Sequence[Token]) -> SqlProblem:
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line"), first.get("col")
    token = next((t for t in tokens if t.line == line and t.col == column), tokens[-1])
    description = (first.get("description") or "it cannot be parsed").rstrip(".")
    near = sql[token.start : token.end + 1][:40]
    return SqlProblem(
        "sql-syntax-error",
        f"preflight's parser does not understand the text at {near}: {description[:1].lower()}{description[1:]}.",
        token.start,
        token.end + 1,
        _MEND,
    )


def _no_query(tree: Any, tokens: Sequence[Token]) -> SqlProblem | None:
    """What the single statement is instead of a query; None where it is one."""
    from sqlglot import exp

    word = tokens[0].text.upper()
    start, end = tokens[0].start, tokens[0].end + 1
    inner = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if isinstance(tree, exp.Query) and isinstance(inner, exp.Query):
        into = tree.find(exp.Into)
        if into is not None:
            token = next((t for t in tokens if t.text.upper() == "INTO"), tokens[0])
            word, start, end = "SELECT … INTO", token.start, token.end + 1
        elif (writing := tree.find(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop)) is not None:
            word = type(writing).__name__.upper()
            token = next((t for t in tokens if t.text.upper() == word), tokens[0])
            start, end = token.start, token.end + 1
        else:
            return None
    elif isinstance(tree, exp.DML | exp.DDL) and word == "WITH":
        word = type(tree).__name__.upper()
        token = next((t for t in tokens if t.text.upper() == word), tokens[0])
        start, end = token.start, token.end + 1
    return SqlProblem("not-a-query", f"The text is no query but {word}.", start, end, _ONE_QUERY)
