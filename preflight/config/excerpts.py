"""A query's text inside a YAML file: which character of the scalar's value stands where in the file."""

from __future__ import annotations

from preflight.config.nodes import Scalar
from preflight.location import Excerpt, SourceFile


def excerpt(text: str, scalar: Scalar, file: SourceFile) -> Excerpt:
    """A scalar's text inside its file: exact for literal blocks and for text that stands there as it is."""
    if scalar.style == "|":
        pieces = _block_pieces(text, scalar, file)
        return Excerpt(text, file, pieces) if pieces else Excerpt.pinned(text, file, scalar.start, scalar.end)
    start = scalar.start + (1 if scalar.style in ("'", '"') else 0)
    if file.text.startswith(text, start):
        return Excerpt(text, file, ((0, start),))
    return Excerpt.pinned(text, file, scalar.start, scalar.end)


def _block_pieces(text: str, scalar: Scalar, file: SourceFile) -> tuple[tuple[int, int], ...]:
    """One piece a line of a literal block; none where a line of the text is not the file's line less its indent."""
    lines = text.removesuffix("\n").split("\n")
    at = file.text.find("\n", scalar.start) + 1
    pieces: list[tuple[int, int]] = []
    offset, indent = 0, _indent(text, lines, file.text, at)
    for line in lines:
        stop = file.text.find("\n", at)
        stop = len(file.text) if stop < 0 else stop
        written = file.text[at:stop].removesuffix("\r")
        if written[indent:] != line or written[:indent].strip(" "):
            return ()
        pieces.append((offset, at + min(indent, len(written))))
        offset += len(line) + 1
        at = stop + 1
    return tuple(pieces)


def _indent(text: str, lines: list[str], file: str, at: int) -> int:
    """How far the block is indented: what the file's first line with text in it has more than the text's."""
    for line in lines:
        stop = file.find("\n", at)
        stop = len(file) if stop < 0 else stop
        if line.strip(" "):
            return max(0, len(file[at:stop].removesuffix("\r")) - len(line))
        at = stop + 1
    return len(text)
