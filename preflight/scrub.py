"""Taking secrets out of text before anybody reads it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import msgspec

_SHORTEST_LINE = 8
"""Characters; shorter lines of a secret of several lines are common text, such as a brace."""


class Scrubber:
    """Replaces every secret that it was told, in the spellings in which an answer may echo it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Scrub this from now on, and each of its longer lines; the empty text is ignored."""
        lines = [line.strip() for line in secret.splitlines()]
        for text in {secret, *(line for line in lines if len(line) >= _SHORTEST_LINE)} - {""}:
            escaped = msgspec.json.encode(text.encode("utf-8", "replace").decode()).decode()[1:-1]
            quoted = quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")
            self._spellings.update((text, escaped, *quoted, " ".join(text.split()), repr(text)[1:-1]))
        self._spellings.discard("")

    def __call__(self, text: str) -> str:
        """``text`` with ``***`` in place of each secret, the longest first."""
        for spelling in sorted(self._spellings, key=len, reverse=True):
            text = text.replace(spelling, "***")
        return text
