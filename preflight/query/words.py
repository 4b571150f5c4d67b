"""One statement as its words: sqlglot's tokens beside what stands in the text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Range = tuple[int, int]
"""Offsets into the text; the end is exclusive."""

OPEN = frozenset("([{")
CLOSE = frozenset(")]}")
_DEEPER = OPEN | {"CASE"}
_NESTING = _DEEPER | CLOSE | {"END"}


def _first(text: str) -> str:
    """The first word, in upper case."""
    return (text.split(None, 1) or ("",))[0].upper()


class Statement:
    """The tokens of one statement and, in parallel, the first word of each as written, in upper case.

    sqlglot makes one token of ``ORDER BY``, and drops the quotes of ``'('``: the words keep them.
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens
        upper = text.upper() if text.isascii() else ""  # other scripts may grow longer
        self.words = [
            word
            if len(word := upper[t.start : t.end + 1]) == 1 or word.isidentifier()
            else _first(text[t.start : t.end + 1])
            for t in tokens
        ]

    @property
    def range(self) -> Range:
        """From the first token to the last."""
        return self.tokens[0].start, self.at(len(self.tokens) - 1)[1]

    def at(self, index: int) -> Range:
        """The range of one token."""
        token = self.tokens[index]
        return token.start, min(token.end + 1, len(self.text))

    def first(self, *words: str) -> int | None:
        """The index of the first of these words."""
        return next((n for n, word in enumerate(self.words) if word in words), None)

    @property
    def opening(self) -> int:
        """The index of the first token that is no opening bracket; 0 where there is none."""
        return next((n for n, word in enumerate(self.words) if word != "("), 0)

    def starting_at(self, offset: int) -> int | None:
        """The index of the token that starts at ``offset``."""
        return next((n for n, token in enumerate(self.tokens) if token.start == offset), None)

    @cached_property
    def depth(self) -> int:
        """The deepest nesting of brackets and CASE."""
        now = deepest = 0
        for word in self.words:
            if word in _NESTING:
                now += 1 if word in _DEEPER else -1
                deepest = max(deepest, now)
        return deepest
