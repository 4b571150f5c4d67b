"""Places in text: files, spans, and the way from a symbolic place to a line and a column.

Offsets count code points from 0, ends are exclusive. Lines and columns count from 1, in code points.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

import msgspec


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of one file: both as offsets and as line and column; the end is exclusive."""

    path: str
    """Relative to the project's folder, with forward slashes."""
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int


class SourceFile:
    """The text of one file and the way from its offsets to lines and columns."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of ``offset``, both from 1; an offset past the end gives the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The span from ``start`` up to, not including, ``end``."""
        line, column = self.position(start)
        end_line, end_column = self.position(max(start, end))
        return Span(self.path, start, max(start, end), line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """The text of line ``number`` (from 1) without its line break; empty past the end."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def __repr__(self) -> str:
        return f"SourceFile({self.path!r}, {len(self.text)} code points)"


class Excerpt:
    """Text that stands inside a file, whole or as a YAML block: offsets in the text map to offsets in the file.

    ``pieces`` are ascending pairs (offset in the text, offset in the file); between two pairs both count alike.
    """

    def __init__(self, text: str, file: SourceFile, pieces: tuple[tuple[int, int], ...] = ((0, 0),)) -> None:
        self.text = text
        self.file = file
        self._text_offsets = [piece[0] for piece in pieces]
        self._file_offsets = [piece[1] for piece in pieces]

        self._pin: Span | None = None

    def _offset(self, offset: int) -> int:
        piece = max(0, bisect_right(self._text_offsets, offset) - 1)
        return self._file_offsets[piece] + offset - self._text_offsets[piece]

    @property
    def exact(self) -> bool:
        """Whether every character of the text has a place of its own in the file."""
        return self._pin is None

    def offset(self, offset: int) -> int:
        """Where a character of the text stands in the file; meaningless where the excerpt is not exact."""
        return self._offset(offset)

    def span(self, start: int, end: int) -> Span:
        """The span in the file of the text from ``start`` up to, not including, ``end``."""
        if self._pin is not None:
            return self._pin
        last = self._offset(end - 1) + 1 if end > start else self._offset(start)
        return self.file.span(self._offset(start), last)

    @classmethod
    def pinned(cls, text: str, file: SourceFile, start: int, end: int) -> Excerpt:
        """Text that does not stand in the file as it is (folded, escaped): every place in it is the whole."""
        excerpt = cls(text, file)
        stop = file.text.find("\n", start)
        excerpt._pin = file.span(start, min(end, stop) if stop >= 0 else end)
        return excerpt

    @classmethod
    def whole(cls, file: SourceFile) -> Excerpt:
        """The excerpt that is the whole file."""
        return cls(file.text, file)


class Route(msgspec.Struct, frozen=True):
    """A symbolic place in the project: a resource, and keys below it.

    ``kind`` is one of the four lists' names (``pipelines`` …), or empty for the top level of ``preflight.yml``.
    It falls back from the value to the key, and from there to the item's ``id`` line.
    """

    kind: str
    id: str
    keys: tuple[str | int, ...] = ()


class SqlRange(msgspec.Struct, frozen=True):
    """A symbolic place in a data model's SQL, as offsets into the model's own text."""

    data_model: str
    start: int
    end: int


Place = Route | SqlRange | Span
"""Where a fault is: rules give a Route or a SqlRange, and the engine turns it into a Span."""
