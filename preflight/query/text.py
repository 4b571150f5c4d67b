"""What can be told from a query's text and tokens before, or without, a syntax tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import Token

_OUTSIDE = re.compile(
    r"""(?P<skip>--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|`[^`]*`)|(?P<found>\{\{.*?\}\}|\{%.*?%\}|\{\#.*?\#\})""",
    re.DOTALL,
)
_OPENERS = {"L_PAREN": 1, "L_BRACKET": 1, "L_BRACE": 1, "CASE": 1, "R_PAREN": -1, "R_BRACKET": -1, "R_BRACE": -1}


def template(text: str) -> tuple[int, int] | None:
    """The first template expression outside strings and comments, as offsets."""
    if "{" not in text:
        return None
    for match in _OUTSIDE.finditer(text):
        if match["found"]:
            return match.span()
    return None


def unterminated(text: str) -> tuple[str, int] | None:
    """What is opened and never closed, and where: found by hand, since the tokenizer says only that something is."""
    at = 0
    while at < len(text):
        if text.startswith("--", at):
            at = _after(text, "\n", at + 2, len(text))
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            if end < 0:
                return "comment", at
            at = end + 2
        elif text[at] in "'\"`":
            quote, start = text[at], at
            at += 1
            while at < len(text) and text[at] != quote:
                at += 2 if text[at] == "\\" and quote == "'" else 1
            if at >= len(text):
                return {"'": "string", '"': "quoted name", "`": "quoted name"}[quote], start
            at += 1
        else:
            at += 1
    return None


def _after(text: str, mark: str, start: int, default: int) -> int:
    at = text.find(mark, start)
    return default if at < 0 else at + 1


def depth(tokens: Sequence[Token]) -> int:
    """How deep parentheses, brackets and CASE nest."""
    level = deepest = cases = 0
    for token in tokens:
        name = token.token_type.name
        step = _OPENERS.get(name, 0)
        if name == "CASE":
            cases += 1
        elif name == "END" and cases:
            cases -= 1
            step = -1
        level += step
        deepest = max(deepest, level)
    return deepest


def select_items(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The items of the outermost (for a set operation: the first) select list, as token index ranges, end exclusive."""
    start = _first_select(tokens)
    if start is None:
        return []
    items: list[tuple[int, int]] = []
    begin, level, cases = start, 0, 0
    for index in range(start, len(tokens)):
        name = tokens[index].token_type.name
        step = _OPENERS.get(name, 0)
        if name == "CASE":
            cases += 1
        elif name == "END" and cases:
            cases, step = cases - 1, -1
        level += step
        if level < 0 or (level == 0 and name in _LIST_ENDS):
            return _close(items, begin, index)
        if level == 0 and name == "COMMA":
            items = _close(items, begin, index)
            begin = index + 1
    return _close(items, begin, len(tokens))


_LIST_ENDS = frozenset(
    [
        "FROM",
        "WHERE",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "GROUP_BY",
        "ORDER_BY",
        "HAVING",
        "QUALIFY",
        "LIMIT",
        "SEMICOLON",
        "INTO",
        "WINDOW",
        "FETCH",
    ]
)


def _close(items: list[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    return [*items, (begin, end)] if end > begin else items


def _first_select(tokens: Sequence[Token]) -> int | None:
    """The index of the first token of the outermost select list."""
    index = 0
    while index < len(tokens) and tokens[index].token_type.name == "L_PAREN":
        index += 1
    level = 0
    if index < len(tokens) and tokens[index].token_type.name == "WITH":
        while index < len(tokens) and not (level == 0 and tokens[index].token_type.name == "SELECT"):
            level += {"L_PAREN": 1, "R_PAREN": -1}.get(tokens[index].token_type.name, 0)
            index += 1
    if index >= len(tokens) or tokens[index].token_type.name != "SELECT":
        return None
    index += 1
    if index < len(tokens) and tokens[index].token_type.name in ("DISTINCT", "ALL"):
        index += 1
        if index < len(tokens) and tokens[index].token_type.name == "ON":
            return None
    if index < len(tokens) and tokens[index].text.upper() == "TOP":
        index += 2
    return index
