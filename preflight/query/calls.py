"""Words of a statement that mean something by themselves: keywords, the clock, chance and a session's parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_CLOCK = frozenset({"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_DATETIME"})
_LOCAL_CLOCK = {
    "snowflake": {"LOCALTIME", "LOCALTIMESTAMP"},
    "redshift": {"LOCALTIME", "LOCALTIMESTAMP", "SYSDATE"},
}
_CLOCK_CALLS = frozenset(
    {"GETDATE", "NOW", "SYSDATE", "SYSTIMESTAMP", "LOCALTIMESTAMP", "TIMEOFDAY", "CURDATE", "UNIX_TIMESTAMP"}
)
_CLOCK_WORDS = _CLOCK | _CLOCK_CALLS | {"LOCALTIME"}
_RANDOM_CALLS = frozenset(
    {"RAND", "RANDOM", "RANDN", "RANDSTR", "UNIFORM", "UUID", "UUID_STRING", "GENERATE_UUID", "SHUFFLE"}
    | {"MONOTONICALLY_INCREASING_ID", "SEQ1", "SEQ2", "SEQ4", "SEQ8"}
)
_ONLY_WITHOUT_ARGUMENTS = frozenset({"UNIX_TIMESTAMP", "UUID_STRING"})
"""With arguments, the one converts a time, and the other makes the same of the same."""


def may_read_the_clock(upper: str) -> bool:
    """Whether a text in upper case holds a word of the clock at all, be it in another word."""
    return any(word in upper for word in _CLOCK_WORDS)


def may_be_random(upper: str) -> bool:
    """Whether a text in upper case holds a random function's name at all, be it in another word."""
    return any(word in upper for word in _RANDOM_CALLS)


def clock_readings(tokens: Sequence[Token], dialect: str) -> Iterator[Token]:
    """The words that read the clock, called or, where the dialect has it so, bare."""
    bare = _CLOCK | _LOCAL_CLOCK.get(dialect, set())
    wanted = (i for i, token in enumerate(tokens) if (word := token.text.upper()) in bare or word in _CLOCK_CALLS)
    return (token for token, called in words(tokens, wanted) if called or token.text.upper() in bare)


def random_calls(tokens: Sequence[Token]) -> Iterator[Token]:
    """The functions that give another value at every call."""
    wanted = (index for index, token in enumerate(tokens) if token.text.upper() in _RANDOM_CALLS)
    return (token for token, called in words(tokens, wanted) if called)


def kind(token: Token) -> str:
    """The name of a token's type."""
    return token.token_type._name_


def words(tokens: Sequence[Token], wanted: Iterable[int]) -> Iterator[tuple[Token, bool]]:
    """Of the wanted tokens, by number, those that are neither quoted, nor a part of a longer name, nor an alias.

    With each, whether it is called, and so that it is what its name is known for.
    """
    for index in wanted:
        token = tokens[index]
        before = kind(tokens[index - 1]) if index else ""
        after = kind(tokens[index + 1]) if index + 1 < len(tokens) else ""
        if kind(token) not in ("IDENTIFIER", "STRING") and before not in ("DOT", "ALIAS"):
            called = after == "L_PAREN"
            if called and token.text.upper() in _ONLY_WITHOUT_ARGUMENTS:
                called = index + 2 < len(tokens) and kind(tokens[index + 2]) == "R_PAREN"
            yield token, called


def parameters(tokens: Sequence[Token], named: Collection[str], dialect: str) -> Iterator[tuple[int, int]]:
    """``?``, and the ``$``, ``@`` and ``:`` that begin one of the parameters ``named``, as offsets.

    Not a row pattern's ``?``, a version's ``@`` in Databricks, or BigQuery's system variables, which every job has.
    """
    patterns = [*_row_patterns(tokens)]
    for index, token in enumerate(tokens):
        name = kind(token)
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if name == "PLACEHOLDER":
            if not any(index in pattern for pattern in patterns):
                yield token.start, token.end + 1
        elif after is None or after.text not in named or after.start != token.end + 1:
            continue
        elif name == "PARAMETER" and not (dialect == "snowflake" and kind(after) == "NUMBER"):
            adjacent = before is not None and before.end + 1 == token.start
            doubled = adjacent and before is not None and before.text == token.text
            of_its_own = doubled if dialect == "bigquery" else dialect == "databricks" and adjacent
            if not of_its_own:
                yield token.start - doubled, after.end + 1
        elif name == "COLON" and (before is None or before.end + 1 < token.start or before.text in _OPEN):
            yield token.start, after.end + 1


_OPEN = frozenset("(,=<>+-*/%|")


def _row_patterns(tokens: Sequence[Token]) -> Iterator[range]:
    """The numbers of the tokens in each ``PATTERN ( … )`` of MATCH_RECOGNIZE, where ``?`` is a quantifier."""
    if not any(kind(token) == "MATCH_RECOGNIZE" for token in tokens):
        return
    for index, token in enumerate(tokens[:-1]):
        if token.text.upper() != "PATTERN" or kind(tokens[index + 1]) != "L_PAREN":
            continue
        depth = 0
        for end in range(index + 1, len(tokens)):
            depth += {"L_PAREN": 1, "R_PAREN": -1}.get(kind(tokens[end]), 0)
            if depth == 0:
                yield range(index + 1, end)
                break
