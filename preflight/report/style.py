"""How text is put on a terminal: colours, characters that it cannot show, and characters that must not reach it."""

from __future__ import annotations

import msgspec

_COLORS = {"red": "31", "green": "32", "yellow": "33", "blue": "34"}
_ASCII = {"│": "|", "→": "->", "…": "...", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'"}


class Style(msgspec.Struct, frozen=True):
    """A terminal's abilities."""

    color: bool = False
    ascii_only: bool = False

    @property
    def arrow(self) -> str:
        """What stands before a place."""
        return "-->"

    def paint(self, text: str, color: str) -> str:
        """``text`` in a colour, bold."""
        return f"\x1b[1;{_COLORS[color]}m{text}\x1b[0m" if self.color else text

    def bold(self, text: str) -> str:
        """``text`` in bold."""
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def clean(self, text: str) -> str:
        """``text`` without control characters: what a project or a server wrote must not steer the terminal."""
        return "".join(char if char.isprintable() or char == " " else _escape(char) for char in text)

    def encode(self, text: str) -> str:
        """``text`` with ASCII in place of what the terminal cannot show."""
        if not self.ascii_only:
            return text
        swapped = "".join(_ASCII.get(char, char) for char in text)
        return swapped.encode("ascii", "backslashreplace").decode("ascii")


def _escape(char: str) -> str:
    return " " if char in "\n\r\t" else f"\\x{ord(char):02x}"
