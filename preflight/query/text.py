"""What can be told from a query's text and tokens before, or without, a syntax tree."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
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


_LINE_COMMENTS = {"snowflake": ("--", "//"), "bigquery": ("--", "#")}
_QUOTES = {"snowflake": ("$$",), "redshift": ("$$",), "bigquery": ("'''", '"""')}
_QUOTED_STRINGS = frozenset({"bigquery", "databricks"})


def pieces(text: str, dialect: str) -> Iterator[tuple[str, int, int]]:
    """The text in order, in stretches of ``code``, ``line comment``, ``block comment`` and ``quoted``, as offsets."""
    lines = _LINE_COMMENTS.get(dialect, ("--",))
    quotes = (*_QUOTES.get(dialect, ()), "'", '"', "`")
    opener = re.compile("|".join(re.escape(mark) for mark in (*lines, "/*", *quotes)))
    at = 0
    while at < len(text):
        match = opener.search(text, at)
        start = match.start() if match else len(text)
        if start > at:
            yield "code", at, start
        if match is None:
            return
        mark, at = match[0], match.end()
        if mark in lines:
            kind, end = "line comment", text.find("\n", at)
        elif mark == "/*":
            kind, end = "block comment", _after(text, "*/", at, -2) + 1
        else:
            kind, end = "quoted", _closed(text, mark, at, dialect)
        at = end if end >= 0 else len(text)
        yield kind, start, at


def _closed(text: str, quote: str, at: int, dialect: str) -> int:
    """Where what ``quote`` opened ends; -1 where it does not."""
    escapes = quote[0] == "'" or (quote[0] == '"' and dialect in _QUOTED_STRINGS)
    pattern = re.compile((r"\\.|" if escapes else "") + re.escape(quote), re.DOTALL)
    for match in pattern.finditer(text, at):
        if match[0] == quote:
            return match.end()
    return -1


_CLOCK = frozenset({"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_DATETIME"})
_LOCAL_CLOCK = {
    "snowflake": {"LOCALTIME", "LOCALTIMESTAMP"},
    "redshift": {"LOCALTIME", "LOCALTIMESTAMP", "SYSDATE"},
}
_CLOCK_CALLS = frozenset({"GETDATE", "NOW", "SYSDATE", "SYSTIMESTAMP", "LOCALTIMESTAMP", "TIMEOFDAY", "CURDATE"})
_RANDOM_CALLS = frozenset(
    {"RAND", "RANDOM", "RANDN", "RANDSTR", "UNIFORM", "UUID", "UUID_STRING", "GENERATE_UUID", "SHUFFLE"}
    | {"MONOTONICALLY_INCREASING_ID", "SEQ1", "SEQ2", "SEQ4", "SEQ8"}
)


def clock_readings(tokens: Sequence[Token], dialect: str) -> Iterator[Token]:
    """The words that read the clock, called or, where the dialect has it so, bare."""
    bare = _CLOCK | _LOCAL_CLOCK.get(dialect, set())
    return (
        token
        for token, called in words(tokens)
        if token.text.upper() in bare or (called and token.text.upper() in _CLOCK_CALLS)
    )


def random_calls(tokens: Sequence[Token]) -> Iterator[Token]:
    """The functions that give another value at every call."""
    return (token for token, called in words(tokens) if called and token.text.upper() in _RANDOM_CALLS)


def words(tokens: Sequence[Token]) -> Iterator[tuple[Token, bool]]:
    """The words that are neither quoted, nor a part of a longer name, nor an alias, and whether each is called."""
    for index, token in enumerate(tokens):
        before = tokens[index - 1].token_type.name if index else ""
        after = tokens[index + 1].token_type.name if index + 1 < len(tokens) else ""
        if token.token_type.name not in ("IDENTIFIER", "STRING") and before not in ("DOT", "ALIAS"):
            yield token, after == "L_PAREN"


def parameters(tokens: Sequence[Token], named: Collection[str], dialect: str) -> Iterator[tuple[int, int]]:
    """``?``, and the ``$``, ``@`` and ``:`` that begin one of the parameters ``named``, as offsets."""
    for index, token in enumerate(tokens):
        name = token.token_type.name
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if name == "PLACEHOLDER":
            yield token.start, token.end + 1
        elif after is None or after.text not in named or after.start != token.end + 1:
            continue
        elif name == "PARAMETER" and not (dialect == "snowflake" and after.token_type.name == "NUMBER"):
            doubled = before is not None and before.text == token.text and before.end + 1 == token.start
            yield token.start - doubled, after.end + 1
        elif name == "COLON" and (before is None or before.end + 1 < token.start or before.text in _OPEN):
            yield token.start, after.end + 1


_OPEN = frozenset("(,=<>+-*/%|")
