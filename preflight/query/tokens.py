"""What a query's text says by its characters and tokens alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from preflight.location import Excerpt, SqlRange
from preflight.query import text

if TYPE_CHECKING:
    from sqlglot import Token


class Tokens:
    """One data model's SQL with its tokens, of which there are none where it has a problem."""

    def __init__(self, sql: Excerpt, dialect: str, data_model: str, tokens: Sequence[Token] = ()) -> None:
        self.sql = sql
        self.dialect = dialect
        self.data_model = data_model
        self._tokens = tokens

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The text's tokens, without comments; empty where it has none."""
        return tuple(self._tokens)

    def range(self, start: int, end: int) -> SqlRange:
        """A place in the text, by offsets; the end is exclusive."""
        return SqlRange(self.data_model, start, end)

    def clock_readings(self, within: SqlRange) -> tuple[SqlRange, ...]:
        """Where a stretch of the text reads the clock."""
        return tuple(self._place_of(token) for token in text.clock_readings(self._inside(within), self.dialect))

    def random_calls(self, within: SqlRange) -> tuple[SqlRange, ...]:
        """Where a stretch of the text calls for something random."""
        return tuple(self._place_of(token) for token in text.random_calls(self._inside(within)))

    def _inside(self, within: SqlRange) -> list[Token]:
        first = bisect_left(self._starts, within.start)
        return list(self._tokens[first : bisect_left(self._starts, within.end)])

    def _keyword_before(self, offset: int, kinds: Collection[str]) -> Token | None:
        for index in range(bisect_right(self._starts, offset) - 1, -1, -1):
            if self._tokens[index].token_type.name in kinds:
                return self._tokens[index]
        return None

    @cached_property
    def _starts(self) -> list[int]:
        return [token.start for token in self._tokens]

    def _place_of(self, token: Token) -> SqlRange:
        return self.range(token.start, token.end + 1)

    @cached_property
    def pieces(self) -> tuple[tuple[str, int, int], ...]:
        """The text in stretches of ``code``, ``line comment``, ``block comment`` and ``quoted``, analysed or not."""
        return tuple(text.pieces(self.sql.text, self.dialect))

    def keywords(self, *kinds: str) -> list[SqlRange]:
        """The unquoted words of these token types that are no part of a longer name and no alias, in order."""
        return [self._place_of(token) for token, _ in text.words(self._tokens) if token.token_type.name in kinds]
