"""Common table expressions as text: where each stands, where it is read, and the query without them.

Only what surely means the same is rewritten; for anything else the reason is given.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import msgspec

from preflight.query.names import same
from preflight.query.query import Query
from preflight.query.tables import folded_name, is_cte
from preflight.query.words import Range

Replacement = tuple[int, int, str]
"""From, to, and the text that takes the place, as offsets into the query's text."""

MAX_GROWTH = 20_000
"""Characters that a query may grow by: a table expression that is read often is written out each time."""
_UNSTABLE = ("Limit", "Fetch", "TableSample", "AnyValue", "Offset")
_READS = ("this", "alias", "joins")


class _Common(msgspec.Struct):
    """One common table expression."""

    name: str
    body: Range
    """Between its brackets."""
    lead: str
    """The comments before it, each with its line's end."""
    uses: list[tuple[Range, bool]]
    """Where it is read, and whether it has an alias there."""


class CannotInline(Exception):
    """The argument says why, as the end of a sentence."""


def without_common_tables(query: Query) -> tuple[Replacement, ...]:
    """What makes subqueries of the query's common table expressions; raises CannotInline."""
    withs = query.nodes("With")
    if len(withs) != 1:
        raise CannotInline("there is more than one WITH clause")
    if withs[0].args.get("recursive"):
        raise CannotInline("it is recursive")
    start = query.place(withs[0]).start
    found: list[_Common] = []
    at = start
    for node in withs[0].expressions:
        found.append(_read(query, node, at))
        at = found[-1].body[1] + 1
    _find_uses(query, withs[0], found)
    text, end = query.sql.text, at
    while end < len(text) and text[end].isspace():
        end += 1
    expanded = _expansions(query, found)
    outside = [
        (use[0], use[1], _derived(query, expanded[common.name], (use, aliased)))
        for common in found
        for use, aliased in common.uses
        if not start <= use[0] < at
    ]
    grown = sum(len(text) - (stop - begin) for begin, stop, text in outside)
    if grown > MAX_GROWTH + len(text):
        raise CannotInline("the query would become far longer")
    return tuple(sorted([(start, end, ""), *outside]))


def _read(query: Query, node: Any, after: int) -> _Common:
    """One of them, which stands behind the offset ``after``; raises CannotInline."""
    alias = node.args.get("alias")
    name = alias.this if alias is not None else None
    if name is None or not name.name:
        raise CannotInline("one of them has no name")
    label = name.name
    if alias.args.get("columns"):
        raise CannotInline(f"{label} lists its columns")
    if node.args.get("materialized") is not None:
        raise CannotInline(f"{label} says whether it is materialised")
    if type(node.this).__name__ not in ("Select", "Union", "Intersect", "Except", "Subquery"):
        raise CannotInline(f"{label} is no query")
    place = query.place(name)
    body = _brackets(query, place.end)
    if body is None:
        raise CannotInline(f"the brackets of {label} could not be told")
    newline = "\r\n" if "\r\n" in query.sql.text else "\n"
    lead = "".join(
        query.sql.text[begin:end].rstrip("\r") + newline
        for kind, begin, end in query.pieces
        if kind.endswith("comment") and after <= begin < body[0]
    )
    return _Common(label, body, lead, [])


def _brackets(query: Query, offset: int) -> Range | None:
    """What stands between the brackets behind ``AS`` at this offset."""
    tokens = query.tokens
    first = bisect_left([token.start for token in tokens], offset)
    words = [query.sql.text[token.start : token.end + 1].upper() for token in tokens[first : first + 2]]
    if words != ["AS", "("]:
        return None
    depth = 0
    for token in tokens[first + 1 :]:
        depth += {"(": 1, ")": -1}.get(query.sql.text[token.start : token.end + 1], 0)
        if depth == 0:
            return tokens[first + 1].end + 1, token.start
    return None


def _find_uses(query: Query, with_: Any, found: list[_Common]) -> None:
    for table in query.nodes("Table"):
        name = table.args.get("this")
        if type(name).__name__ != "Identifier" or table.args.get("db"):
            continue
        wanted = folded_name(name, query.dialect)
        for common, node in zip(found, with_.expressions, strict=True):
            if not same(folded_name(node.args["alias"].this, query.dialect), wanted, query.dialect):
                continue
            place = query.place(table)
            if not is_cte(table, query.dialect):
                if common.body[0] <= place.start < common.body[1]:
                    raise CannotInline(f"{common.name} reads a table of its own name")
                continue
            if odd := [key for key, value in table.args.items() if value and key not in _READS]:
                raise CannotInline(f"{common.name} is read with {odd[0].replace('_', ' ')}")
            common.uses.append(((place.start, place.end), table.args.get("alias") is not None))
    for common in found:
        if not common.uses:
            raise CannotInline(f"nothing reads {common.name}: take it out")


def _expansions(query: Query, found: list[_Common]) -> dict[str, str]:
    """Each one's body with those that it reads written out; raises CannotInline."""
    done: dict[str, str] = {}
    unstable: set[str] = set()
    for common in found:
        if common.name in done:
            raise CannotInline(f"two of them are called {common.name}")
        begin, end = common.body
        inner = sorted(
            (use, aliased, other.name) for other in found for use, aliased in other.uses if begin <= use[0] < end
        )
        pieces: list[str] = []
        at = begin
        for use, aliased, name in inner:
            pieces += [query.sql.text[at : use[0]], _derived(query, done[name], (use, aliased))]
            at = use[1]
        done[common.name] = common.lead + "".join(pieces) + query.sql.text[at:end]
        if len(done[common.name]) > MAX_GROWTH + len(query.sql.text):
            raise CannotInline("the query would become far longer")
        if _unstable(query, common.body) or unstable & {name for _, _, name in inner}:
            unstable.add(common.name)
            if len(common.uses) > 1:
                raise CannotInline(f"{common.name} is read twice and need not give the same rows each time")
    return done


def _unstable(query: Query, body: Range) -> bool:
    if query.random_calls(query.range(*body)):
        return True
    return any(body[0] <= query.place(node).start < body[1] for node in query.nodes(*_UNSTABLE))


def _derived(query: Query, body: str, use: tuple[Range, bool]) -> str:
    (begin, end), aliased = use
    return f"({body})" + ("" if aliased else f" AS {query.sql.text[begin:end]}")
