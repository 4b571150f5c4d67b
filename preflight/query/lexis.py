"""What a text holds before it is parsed: quotes, comments and templates, by each warehouse's own lexical rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from preflight.patterns import lazy

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


@lru_cache(maxsize=32)
def _closer(mark: str, escapes: bool) -> re.Pattern[str]:
    return re.compile(rf"\\.|{re.escape(mark)}" if escapes else re.escape(mark), re.DOTALL)


def _close(text: str, mark: str, at: int, dialect: str) -> int | None:
    """The offset after what ``mark`` opened before ``at``; None where nothing closes it."""
    if mark in _LINE_COMMENTS[dialect]:
        end = text.find("\n", at)
        return len(text) if end < 0 else end + 1
    if mark == "/*":
        return _close_comment(text, at, nested=dialect in _NESTED_COMMENTS)
    escapes = mark[0] == "'" or (mark[0] == '"' and dialect in _DOUBLE_QUOTED_STRINGS)
    closing = _closer(mark, escapes)
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


_REMARK = "preflight:"


class Remark(msgspec.Struct, frozen=True):
    """A comment that may speak to preflight, and the stretch of the text that it speaks of, as offsets.

    At a line's end that is the line; on a line of its own the next item of a list or the next clause, with the lines
    of comment before it.
    """

    text: str
    start: int
    end: int
    first: int
    last: int
    block: bool
    """Whether it is written ``/* … */``."""


def remarks(text: str, dialect: str) -> tuple[Remark, ...]:
    """The comments that hold ``preflight:``, in the text's order; never what a quoted text holds."""
    if _REMARK not in text:
        return ()
    every = list(pieces(text, dialect))
    found = []
    for index, (kind, start, end) in enumerate(every):
        if not kind.endswith("comment") or _REMARK not in text[start:end]:
            continue
        first, last = _line(text, start)
        if not text[first:start].strip():
            first, last = _first_comment(text, every[: index + 1]), _item_end(text, every[index + 1 :], end)
        found.append(Remark(text[start:end], start, end, first, max(last, end), kind == "block comment"))
    return tuple(found)


def _line(text: str, offset: int) -> tuple[int, int]:
    """Where the line of ``offset`` begins and ends."""
    end = text.find("\n", offset)
    return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end


def _first_comment(text: str, before: list[tuple[str, int, int]]) -> int:
    """Where the first of the lines begins that hold comments alone, up to the last of these pieces."""
    first = len(text)
    for kind, start, end in reversed(before):
        if kind == "quoted" or (kind == "code" and text[start:end].strip()):
            break
        line = _line(text, start)[0]
        if kind != "code" and not text[line:start].strip():
            first = line
    return first


def _item_end(text: str, after: list[tuple[str, int, int]], offset: int) -> int:
    """Where the item or the clause ends that begins behind ``offset``; ``offset`` itself where there is none."""
    depth, begun = 0, False
    for kind, start, end in after:
        if kind == "quoted":
            begun, offset = True, end
        if kind != "code":
            continue
        for found in _WORD.finditer(text, start, end):
            word = found.group()
            if word in "([{":
                depth += 1
            elif word in ")]}":
                depth -= 1
            ends = depth < 0 or (depth == 0 and (word in ",;" or (begun and _CLAUSE.fullmatch(word))))
            if ends:
                return offset
            begun, offset = True, found.end()
    return offset


_JOIN = r"(?:(?:LEFT|RIGHT|FULL|INNER|CROSS|NATURAL)\s+(?:OUTER\s+)?)?JOIN"
_CLAUSE = lazy(
    rf"{_JOIN}|SELECT|FROM|WHERE|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|OFFSET|FETCH|UNION|INTERSECT|EXCEPT|MINUS",
    re.IGNORECASE,
)
_WORD = lazy(rf"\b{_JOIN}\b|[\w$.]+|\S", re.IGNORECASE)
