"""Edits of a text, and the same edits in the file that holds the text. Values and pure functions only."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from preflight.location import Excerpt


class Edit(msgspec.Struct, frozen=True, order=True):
    """What takes the place of a stretch of text, from ``start`` up to, not including, ``end``."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; raises ValueError for edits that overlap or lie outside of it.

    Of two that insert at one place the one whose text sorts first stands first.
    """
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits):
        if not at <= edit.start <= edit.end <= len(text):
            raise ValueError(f"an edit at {edit.start} overlaps another or lies outside of the text")
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join((*pieces, text[at:]))


def in_file(excerpt: Excerpt, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits of an exact excerpt as edits of its file: new lines are indented as the block is."""
    return tuple(_in_file(excerpt, edit) for edit in edits)


def _in_file(excerpt: Excerpt, edit: Edit) -> Edit:
    file = excerpt.file.text
    start = excerpt.offset(edit.start)
    end = excerpt.offset(edit.end - 1) + 1 if edit.end > edit.start else start
    if excerpt.text == file:
        return Edit(start, end, edit.text)
    if excerpt.text[edit.start : edit.end].endswith("\n"):
        end = excerpt.offset(edit.end)  # the next line's indent goes with the line's end
    begin = file.rfind("\n", 0, start) + 1
    indent = file[begin:start][: len(file[begin:start]) - len(file[begin:start].lstrip(" "))]
    newline = "\r\n" if file[:begin].endswith("\r\n") else "\n"
    text = edit.text.replace("\r\n", "\n")
    return Edit(start, end, text.replace("\n", newline + indent))
