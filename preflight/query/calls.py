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
_CLOCK_CALLS = frozenset({"GETDATE", "NOW", "SYSDATE", "SYSTIMESTAMP", "LOCALTIMESTAMP", "TIMEOFDAY", "CURDATE"})
_CLOCK_WORDS = _CLOCK | _CLOCK_CALLS | {"LOCALTIME"}
_RANDOM_CALLS = frozenset(
    {"RAND", "RANDOM", "RANDN", "RANDSTR", "UNIFORM", "UUID", "UUID_STRING", "GENERATE_UUID", "SHUFFLE"}
    | {"MONOTONICALLY_INCREASING_ID", "SEQ1", "SEQ2", "SEQ4", "SEQ8"}
)


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

    With each, whether it is called.
    """
    for index in wanted:
        token = tokens[index]
        before = kind(tokens[index - 1]) if index else ""
        after = kind(tokens[index + 1]) if index + 1 < len(tokens) else ""
        if kind(token) not in ("IDENTIFIER", "STRING") and before not in ("DOT", "ALIAS"):
            yield token, after == "L_PAREN"


def parameters(tokens: Sequence[Token], named: Collection[str], dialect: str) -> Iterator[tuple[int, int]]:
    """``?``, and the ``$``, ``@`` and ``:`` that begin one of the parameters ``named``, as offsets."""
    for index, token in enumerate(tokens):
        name = kind(token)
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if name == "PLACEHOLDER":
            yield token.start, token.end + 1
        elif after is None or after.text not in named or after.start != token.end + 1:
            continue
        elif name == "PARAMETER" and not (dialect == "snowflake" and kind(after) == "NUMBER"):
            doubled = before is not None and before.text == token.text and before.end + 1 == token.start
            yield token.start - doubled, after.end + 1
        elif name == "COLON" and (before is None or before.end + 1 < token.start or before.text in _OPEN):
            yield token.start, after.end + 1


_OPEN = frozenset("(,=<>+-*/%|")
