"""What a text holds before it is parsed: quotes, comments and templates, by each warehouse's own lexical rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

_TEMPLATES = {"{{": "}}", "{%": "%}", "{#": "#}"}
_LINE_COMMENTS = {
    "snowflake": ("--", "//"),
    "bigquery": ("--", "#"),
    "redshift": ("--",),
    "databricks": ("--",),
}
_QUOTES = {
    "snowflake": ("'", '"', "$$"),
    "bigquery": ("'''", '"""', "'", '"', "`"),
    "redshift": ("'", '"'),
    "databricks": ("'", '"', "`"),
}
_DOUBLE_QUOTED_STRINGS = ("bigquery", "databricks")
_NESTED_COMMENTS = ("redshift", "databricks")


class Scan(msgspec.Struct, frozen=True):
    """Where the text's first template stands, and what is left open at its end, as offsets."""

    template: tuple[int, int] | None = None
    unclosed: tuple[int, str] | None = None
    """Where a ``quote`` or a ``comment`` opens that nothing closes."""


def scan(text: str, dialect: str) -> Scan:
    """Read ``text`` once: the first template outside strings and comments, and the first thing left open."""
    opener = _opener(dialect)
    at = 0
    template: tuple[int, int] | None = None
    while found := opener.search(text, at):
        mark = found.group()
        if mark in _TEMPLATES:
            end = text.find(_TEMPLATES[mark], found.end())
            at = found.end() if end < 0 else end + 2
            template = template or (found.start(), at)
            continue
        closed = _close(text, mark, found.end(), dialect)
        if closed is None:
            return Scan(template, (found.start(), "comment" if mark == "/*" else "quote"))
        at = closed
    return Scan(template)


def pieces(text: str, dialect: str) -> Iterator[tuple[str, int, int]]:
    """The text in order, in stretches of ``code``, ``line comment``, ``block comment`` and ``quoted``, as offsets."""
    opener = _opener(dialect)
    done = at = 0
    while found := opener.search(text, at):
        mark, at = found.group(), found.end()
        if mark in _TEMPLATES:
            continue
        if found.start() > done:
            yield "code", done, found.start()
        done = at = _close(text, mark, at, dialect) or len(text)
        if mark in _LINE_COMMENTS[dialect]:
            done = at = at - text.endswith("\n", 0, at)
            yield "line comment", found.start(), done
        else:
            yield "block comment" if mark == "/*" else "quoted", found.start(), done
    if done < len(text):
        yield "code", done, len(text)


@lru_cache(maxsize=8)
def _opener(dialect: str) -> re.Pattern[str]:
    marks = (*_TEMPLATES, "/*", *_LINE_COMMENTS[dialect], *_QUOTES[dialect])
    return re.compile("|".join(map(re.escape, marks)))


def _close(text: str, mark: str, at: int, dialect: str) -> int | None:
    """The offset after what ``mark`` opened before ``at``; None where nothing closes it."""
    if mark in _LINE_COMMENTS[dialect]:
        end = text.find("\n", at)
        return len(text) if end < 0 else end + 1
    if mark == "/*":
        return _close_comment(text, at, nested=dialect in _NESTED_COMMENTS)
    escapes = mark[0] == "'" or (mark[0] == '"' and dialect in _DOUBLE_QUOTED_STRINGS)
    closing = re.compile(rf"\\.|{re.escape(mark)}" if escapes else re.escape(mark), re.DOTALL)
    while found := closing.search(text, at):
        at = found.end()
        if found.group() != mark:
            continue
        if len(mark) == 1 and text.startswith(mark, at):
            at += 1
            continue
        return at
    return None


def _close_comment(text: str, at: int, *, nested: bool) -> int | None:
    depth = 1
    for found in re.compile(r"/\*|\*/").finditer(text, at):
        if found.group() == "*/":
            depth -= 1
        elif nested:
            depth += 1
        if depth == 0:
            return found.end()
    return None
