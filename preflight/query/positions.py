"""Where the nodes of a syntax tree stand in the text. sqlglot marks identifiers and functions alone, by token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from preflight.query.tables import table_parts
from preflight.query.words import Range, Statement

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_KEYWORDS = {
    "Limit": ("LIMIT", "TOP"),
    "Fetch": ("FETCH",),
    "Offset": ("OFFSET",),
    "Order": ("ORDER",),
    "Into": ("INTO",),
    "Qualify": ("QUALIFY",),
    "Having": ("HAVING",),
    "Where": ("WHERE",),
}
"""Clauses that have no mark of their own: the n-th such word is the n-th such node, where there are as many of both."""


def own_range(node: Expression, text: str) -> Range | None:
    """What sqlglot's mark on ``node`` says. Its end is inclusive, and it covers one token where a name has several."""
    from sqlglot import exp

    meta = node.meta
    start = meta.get("start")
    if start is None:
        return None
    end = meta["end"] + 1
    if isinstance(node, exp.Identifier) and text.startswith(node.name, start):
        end = max(end, start + len(node.name))
    return min(start, len(text)), min(end, len(text))


def children(node: Expression) -> Iterator[Expression]:
    """A node's children in the text's order, as far as the tree tells: WITH stands first, though it is kept last."""
    from sqlglot import exp

    args = node.args
    first = args.get("with_")
    if isinstance(first, exp.Expression):
        yield first
    for key, value in args.items():
        if key == "with_":
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expression):
                yield child


class Positions:
    """The range of every node of one tree, built by one walk that does not recurse."""

    def __init__(self, tree: Expression, statement: Statement) -> None:
        self._text = statement.text
        self._statement = statement
        self._ranges: dict[int, Range] = {}
        self._by_kind: dict[str, list[Expression]] = {}
        self._walk(tree)
        self._place_clauses()
        self._place_withs()
        for nodes in self._by_kind.values():
            self._sort(nodes)

    def _walk(self, tree: Expression) -> None:
        stack: list[tuple[Expression, bool]] = [(tree, False)]
        while stack:
            node, done = stack.pop()
            if done:
                self._widen(node)
                continue
            self._by_kind.setdefault(type(node).__name__, []).append(node)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed([*children(node)]))

    def _widen(self, node: Expression) -> None:
        ranges = [r for child in children(node) if (r := self._ranges.get(id(child)))]
        own = own_range(node, self._text)
        if own:
            ranges.append(own)
        if ranges:
            self._ranges[id(node)] = min(r[0] for r in ranges), max(r[1] for r in ranges)

    def _place_clauses(self) -> None:
        for kind, words in _KEYWORDS.items():
            nodes = self._by_kind.get(kind, ())
            found = [n for n, word in enumerate(self._statement.words) if word in words] if nodes else []
            if len(found) != len(nodes):
                continue
            for node, at in zip(nodes, found, strict=True):
                start, end = self._statement.at(at)
                self._ranges[id(node)] = start, max(end, self._ranges.get(id(node), (0, 0))[1])

    def _place_withs(self) -> None:
        """Place each WITH at its word, right before its first name; those that sqlglot makes of pipes are dropped."""
        written: list[Expression] = []
        for node in self._by_kind.get("With", ()):
            first = node.expressions[0].args.get("alias") if node.expressions else None
            name = own_range(first.this, self._text) if first is not None and first.this is not None else None
            at = self._statement.starting_at(name[0]) if name else None
            while at and self._statement.words[at - 1] in ("WITH", "RECURSIVE"):
                at -= 1
            if at is not None and self._statement.words[at] == "WITH":
                self._ranges[id(node)] = self._statement.at(at)
                written.append(node)
        if written or "With" in self._by_kind:
            self._by_kind["With"] = written
            self._by_kind["CTE"] = [cte for node in written for cte in node.expressions]

    def nodes(self, kinds: tuple[str, ...]) -> tuple[Expression, ...]:
        """The nodes of these classes, by where they start."""
        if len(kinds) == 1:
            return tuple(self._by_kind.get(kinds[0], ()))
        found = [node for kind in dict.fromkeys(kinds) for node in self._by_kind.get(kind, ())]
        return tuple(sorted(found, key=lambda node: (self.find(node) or (0, 0))[0]))

    def _sort(self, nodes: list[Expression]) -> None:
        keys: dict[int, int] = {}
        last = 0
        for node in nodes:
            last = self._ranges.get(id(node), (last,))[0]
            keys[id(node)] = last
        nodes.sort(key=lambda node: keys[id(node)])

    def find(self, node: Expression) -> Range | None:
        """The range of ``node``: its own mark where it is a name, else all that its descendants span."""
        from sqlglot import exp

        if isinstance(node, exp.Identifier):
            own = own_range(node, self._text)
            if own:
                return own
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.DynamicIdentifier):
            parts = [own for part in table_parts(node) if (own := own_range(part, self._text))]
            if parts:
                return min(r[0] for r in parts), max(r[1] for r in parts)
        return self._ranges.get(id(node))

    def set(self, node: Expression, where: Range) -> None:
        """Place ``node`` by what the tokens say."""
        self._ranges[id(node)] = where
