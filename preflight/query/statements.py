"""What is wrong with a text, each fault as a problem with exact offsets and words of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from preflight.model import Provider
from preflight.query.projections import first_select
from preflight.query.values import SqlProblem
from preflight.query.words import Range, Statement

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_QUERY_WORDS = ("SELECT", "WITH", "FROM")
_STATEMENT_LIST = """
ABORT ALTER ANALYZE ASSERT ATTACH BEGIN CACHE CALL CLEAR CLOSE COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DESC
DESCRIBE DETACH DROP END EXCHANGE EXEC EXECUTE EXPLAIN EXPORT FETCH FOR GET GRANT IF INSERT KILL LET LIST LOAD LOCK LOOP
LS MERGE MSCK OPEN OPTIMIZE PREPARE PURGE PUT RAISE REFRESH RELEASE REMOVE RENAME REPEAT REPLACE RESET RESTORE RETURN
REVOKE RM ROLLBACK SAVEPOINT SET SHOW START TABLE TRUNCATE UNCACHE UNDROP UNLOAD UNSET UPDATE UPSERT USE VACUUM VALUES
WHILE
"""
_STATEMENT_WORDS = frozenset(_STATEMENT_LIST.split())
_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_CHANGE_OPENERS = ("AS", "MATERIALIZED")
_KEEP_ONE_SELECT = "Keep one SELECT and move the rest out of the data model."
_MEND = "Mend the SQL here, or run it in the warehouse to read its own message."


def label(dialect: str) -> str:
    """The warehouse's name for messages."""
    return Provider(dialect).label


def shown(text: str, start: int, end: int) -> str:
    """A piece of the text as a message may quote it: on one line and short."""
    piece = "".join(c if c.isprintable() else " " for c in text[start:end])
    return f'"{piece}"' if len(piece) <= 40 else f'"{piece[:37]}..."'


def templated(text: str, start: int, end: int) -> SqlProblem:
    """A template's mark in the text."""
    message = f"{shown(text, start, end)} is a template, and the platform sends the text to the warehouse as it stands."
    return SqlProblem(
        "templated-sql", message, start, end, "Render the template first and let the data model name the result."
    )


def unclosed(text: str, opened: tuple[int, str] | None) -> SqlProblem:
    """A text that cannot even be cut into words, most often because a quote or a comment never ends."""
    if opened is None:
        message = "preflight's parser cannot cut the text into words; whether it is valid the warehouse decides."
        return SqlProblem("sql-syntax-error", message, 0, len(text), _MEND)
    start, what = opened
    end = start + (2 if what == "comment" else 1)
    message = f"The {what} that {shown(text, start, end)} opens here is never closed."
    return SqlProblem("sql-syntax-error", message, start, end, f"Close the {what}.")


def split(text: str, tokens: Sequence[Token]) -> tuple[list[Sequence[Token]], list[SqlProblem]]:
    """The statements between the semicolons, and the problems that lie in their number."""
    chunks: list[Sequence[Token]] = []
    semicolons: list[Token] = []
    begin = 0
    for at, token in enumerate(tokens):
        if token.text == ";" and text[token.start] == ";":
            semicolons.append(token)
            chunks.append(tokens[begin:at])
            begin = at + 1
    chunks.append(tokens[begin:])
    last = len(chunks) - 1
    while last >= 0 and not chunks[last]:
        last -= 1
    full = [chunk for chunk in chunks if chunk]
    if not full:
        return [], [
            SqlProblem("empty-sql", "The data model holds no SQL.", 0, len(text), "Write the SELECT that it is to run.")
        ]
    problems = []
    if len(full) > 1 or last > 0:
        problems.append(_multiple(full, semicolons[0]))
    elif semicolons:
        problems.append(_trailing(semicolons[0]))
    return full, problems


def _multiple(full: Sequence[Sequence[Token]], first: Token) -> SqlProblem:
    if len(full) == 1:
        message = "A semicolon stands before the query, so that an empty statement comes first."
        return SqlProblem("multiple-statements", message, first.start, first.end + 1, "Remove the semicolon.")
    second = full[1]
    count = "two" if len(full) == 2 else f"{len(full):,}"
    message = f"The data model holds {count} statements; the platform puts the text inside one outer SELECT."
    return SqlProblem("multiple-statements", message, second[0].start, second[-1].end + 1, _KEEP_ONE_SELECT)


def _trailing(token: Token) -> SqlProblem:
    message = "The query ends in a semicolon, which breaks the outer SELECT that the platform puts around it."
    return SqlProblem("trailing-semicolon", message, token.start, token.end + 1, "Remove the semicolon.")


def not_a_query(statement: Statement) -> SqlProblem | None:
    """A statement whose words already show that it does not only read."""
    words = statement.words
    opening = words[statement.opening]
    if opening in _STATEMENT_WORDS:
        return _refusal(opening, statement.at(statement.opening))
    if _CHANGES.isdisjoint(words):
        return None
    depth = 0
    for at, word in enumerate(words[1:], 1):
        before = words[at - 1]
        depth += (before == "(") - (before == ")")
        if word in _CHANGES:
            follows = opening == "WITH" and depth == 0 and before == ")"
            if follows or (before == "(" and at > 1 and words[at - 2] in _CHANGE_OPENERS):
                return _refusal(word, statement.at(at))
    return None


def _refusal(word: str, where: Range) -> SqlProblem:
    message = f"{word} stands where a SELECT must: a data model is one query that only reads."
    return SqlProblem("not-a-query", message, *where, "Write the data model as one SELECT.")


def misplaced(statement: Statement, dialect: str) -> SqlProblem | None:
    """What sqlglot reads without complaint though no warehouse does: a first word of no statement, a comma too many."""
    words = statement.words
    opening = words[statement.opening]
    if opening not in _QUERY_WORDS or (opening == "FROM" and dialect in ("snowflake", "redshift")):
        return _unread(statement, statement.opening, dialect, "a query begins with SELECT")
    for at, word in enumerate(words[1:], 1):
        if word == "," and words[at - 1] in (",", "(", "SELECT", "DISTINCT"):
            return _unread(statement, at, dialect, "nothing stands before the comma")
    return None


def refused(statement: Statement, tree: Any, dialect: str, kinds: Iterable[type]) -> SqlProblem | None:
    """Why a tree does not only read and put out columns; None where it does. ``kinds`` are its nodes' classes."""
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        word = "This" if tree is None else type(tree).__name__.upper()
        return _refusal(word, statement.range)
    for kind in kinds:
        if issubclass(kind, exp.Into):
            return _refusal("SELECT INTO", statement.at(statement.first("INTO") or 0))
        if issubclass(kind, (exp.DDL, exp.DML, exp.Command)) and not issubclass(kind, exp.Query):
            return _refusal(kind.__name__.upper(), statement.range)
    select = first_select(tree)
    if select is None:
        return _refusal("VALUES", statement.range)
    if not select.expressions:
        return _unread(statement, statement.first("SELECT") or 0, dialect, "its select list is empty")
    return None


def syntax_error(statement: Statement, details: Mapping[str, Any], dialect: str) -> SqlProblem:
    """What sqlglot's error says, at the token that it names: it gives that token's line and its last column."""
    where = details.get("line"), details.get("col")
    tokens = statement.tokens
    at = next((n for n in range(len(tokens) - 1, -1, -1) if (tokens[n].line, tokens[n].col) == where), None)
    if at is None:
        message = f"preflight's parser does not understand the query as {label(dialect)} SQL; the warehouse decides."
        return SqlProblem("sql-syntax-error", message, *statement.range, _MEND)
    return _unread(statement, at, dialect, _hint(str(details.get("description") or ""), last=at == len(tokens) - 1))


def _hint(said: str, *, last: bool) -> str:
    hint = ""
    if said.startswith("Expecting ") and len(said) < 40:
        hint = f'it expects "{said.removeprefix("Expecting ").strip()}"'
    elif said.startswith(("Required keyword", "Expected ")):
        hint = "something is missing"
    if last:
        return f"{hint}, and the text ends" if hint else "the text ends too early, or has a word too many"
    return hint


def _unread(statement: Statement, at: int, dialect: str, hint: str) -> SqlProblem:
    where = statement.at(at)
    reason = f": {hint}" if hint else ""
    message = (
        f"preflight's {label(dialect)} parser does not understand {shown(statement.text, *where)} here{reason}; "
        "the warehouse decides."
    )
    return SqlProblem("sql-syntax-error", message, *where, _MEND)
