"""How text is put on a terminal: colours, characters that it cannot show, and characters that must not reach it."""

from __future__ import annotations

import msgspec

from preflight.report.repository import Repository

_COLORS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_SWAPS = {"│": "|", "→": "->", "…": "...", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'"}


class Style(msgspec.Struct, frozen=True):
    """What the place that a report is written to can show, and where its links lead."""

    color: bool = False
    encoding: str = "utf-8"
    width: int = 0
    """Columns of the terminal; 0 where none is known, so that nothing is fitted to one."""
    repository: Repository = Repository()
    folder: str = ""
    """The project's folder as a reader of the text reaches it, ending in a slash; empty where that is the reader's."""

    def paint(self, text: str, color: str) -> str:
        """``text`` in a colour, bold."""
        return f"\x1b[1;{_COLORS[color]}m{text}\x1b[0m" if self.color else text

    def bold(self, text: str) -> str:
        """``text`` in bold."""
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def clean(self, text: str) -> str:
        """``text`` on one line, with an escape for what would steer a terminal and for what this stream cannot show.

        What a project, a warehouse or a workspace wrote passes through here before it is printed.
        """
        if text.isascii() and text.isprintable():
            return text
        return "".join(map(self._shown, text))

    def takes(self, text: str) -> bool:
        """Whether this stream's encoding has every character of ``text``."""
        return _takes(text, self.encoding)

    def _shown(self, char: str) -> str:
        if char in "\n\r\t":
            return " "
        return self.fit(char) if char.isprintable() else _escape(char)

    def fit(self, text: str) -> str:
        """``text`` with ASCII in place of the characters that this stream's encoding lacks; all others stay."""
        if _takes(text, self.encoding):
            return text
        return "".join(c if _takes(c, self.encoding) else _SWAPS.get(c) or _escape(c) for c in text)


def _takes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.isascii()
    return True


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
