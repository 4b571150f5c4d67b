"""Where the nodes of a syntax tree stand in the text. sqlglot marks identifiers and functions alone, by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


class Positions:
    """The range of every node of one tree, built by one walk that does not recurse."""

    def __init__(self, tree: Expression, statement: Statement) -> None:
        self._text = statement.text
        self._length = len(statement.text)
        self._statement = statement
        self._ranges: dict[int, Range] = {}
        self._marks: dict[int, Range] = {}
        """What sqlglot itself marked: names and functions."""
        self._by_kind: dict[str, list[Expression]] = {}
        self.kinds: tuple[type, ...] = ()
        """The classes of the tree's nodes."""
        self._sorted: set[str] = set()
        self._widen(self._walk(tree))
        self._place_clauses()
        self._place_withs()

    def _walk(self, tree: Expression) -> list[Any]:
        """Every node before those below it, in the text's order as far as the tree tells, indexed by its class.

        On the way sqlglot's marks are taken off the nodes, whose copies are lighter then.
        """
        from sqlglot.expressions import Expression, Identifier, Literal

        nodes: list[Any] = []
        by_class: dict[type, list[Any]] = {}
        stack: list[Any] = [tree]
        push = stack.append
        while stack:
            node = stack.pop()
            kind = type(node)
            nodes.append(node)
            if kind in by_class:
                by_class[kind].append(node)
            else:
                by_class[kind] = [node]
            meta = node._meta  # noqa: SLF001 - ``meta`` would make a dictionary for each node that has none
            if meta is not None:
                node._meta = None  # noqa: SLF001
                start, last = meta.get("start"), meta.get("end")
                if start is not None and last is not None:  # a name within one quoted token has no end
                    self._mark(id(node), start, last + 1, node.name if kind is Identifier else "")
            if kind is Identifier or kind is Literal:
                continue
            with_ = node.args.get("with_")
            for value in reversed(node.args.values()):
                if type(value) is list:
                    stack += [child for child in reversed(value) if isinstance(child, Expression)]
                elif value is not with_ and isinstance(value, Expression):
                    push(value)
            if with_ is not None:  # it stands first, though it is kept last
                push(with_)
        self.kinds = (*by_class,)
        self._by_kind = {kind.__name__: found for kind, found in by_class.items()}
        return nodes

    def _mark(self, key: int, start: int, end: int, name: str) -> None:
        """Keep sqlglot's mark for a node's place, which covers one token of a longer name."""
        longer = start + len(name)
        if end < longer and self._text.startswith(name, start):
            end = longer
        if end > self._length:
            start, end = min(start, self._length), self._length
        self._marks[key] = self._ranges[key] = start, end

    def _widen(self, nodes: list[Any]) -> None:
        """Give each node the range that its mark and its descendants' span; going backward each is whole in time."""
        ranges = self._ranges
        range_of = ranges.get
        for node in reversed(nodes):
            own, parent = range_of(id(node)), node.parent
            if own is None or parent is None:
                continue
            key = id(parent)
            above = range_of(key)
            if above is None:
                ranges[key] = own
            elif own[0] < above[0]:
                ranges[key] = own[0], max(own[1], above[1])
            elif own[1] > above[1]:
                ranges[key] = above[0], own[1]

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
            name = self._marks.get(id(first.this)) if first is not None else None
            at = self._statement.starting_at(name[0]) if name else None
            while at and self._statement.words[at - 1] in ("WITH", "RECURSIVE"):
                at -= 1
            if at is not None and self._statement.words[at] == "WITH":
                self._ranges[id(node)] = self._statement.at(at)
                written.append(node)
        if written or "With" in self._by_kind:
            self._by_kind["With"] = written
            self._by_kind["CTE"] = [cte for node in written for cte in node.expressions]

    def has(self, kinds: tuple[str, ...]) -> bool:
        """Whether there is a node of one of these classes."""
        return any(kind in self._by_kind for kind in kinds)

    def nodes(self, kinds: tuple[str, ...]) -> tuple[Expression, ...]:
        """The nodes of these classes, by where they start."""
        for kind in kinds:
            if kind not in self._sorted:
                self._sorted.add(kind)
                self._sort(self._by_kind.get(kind, []))
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
            own = self._marks.get(id(node))
            if own:
                return own
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.DynamicIdentifier):
            parts = [own for part in table_parts(node) if (own := self._marks.get(id(part)))]
            if parts:
                return min(r[0] for r in parts), max(r[1] for r in parts)
        return self._ranges.get(id(node))

    def set(self, node: Expression, where: Range) -> None:
        """Place ``node`` by what the tokens say."""
        self._ranges[id(node)] = where
