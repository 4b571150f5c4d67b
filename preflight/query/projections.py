"""The outermost select list: names, stars, types and places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from preflight.model import UNKNOWN, Type
from preflight.query.names import fold
from preflight.query.positions import Positions
from preflight.query.types import same_type, to_type
from preflight.query.words import CLOSE, OPEN, Range, Statement

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_CLAUSES = """
FROM WHERE GROUP HAVING QUALIFY WINDOW ORDER LIMIT OFFSET FETCH UNION INTERSECT EXCEPT MINUS INTO CLUSTER DISTRIBUTE
SORT
"""
_LIST_ENDS = frozenset(_CLAUSES.split())
_LIST_STARTS = ("DISTINCT", "ALL", "TOP")
UNNAMED = "_unnamed_"
"""Begins the name that stands for none while stars are expanded."""


class Item(msgspec.Struct, frozen=True):
    """One item of a select list."""

    name: str | None
    quoted: bool
    is_star: bool
    node: Any
    """The whole item."""
    mark: Any
    """The node whose place is the item's: the alias, the column's name, or the whole item."""
    renamed: bool = False
    """Whether the name is an alias."""


def first_select(tree: Any) -> Expression | None:
    """The SELECT whose list names the output: through brackets, and the first branch of a set operation."""
    from sqlglot import exp

    node: Any = tree
    while isinstance(node, exp.Subquery | exp.SetOperation):
        node = node.this
    return node if isinstance(node, exp.Select) else None


HOLDERS = ("Select", "Union", "Intersect", "Except", "Join", "Subquery")
"""The classes of what holds clauses that name no column."""
_NO_OUTPUT = ("where", "having", "qualify", "group", "order", "limit", "offset", "connect")


def outline(tree: Expression, holders: Iterable[Expression]) -> Expression:
    """A copy of ``tree`` without the clauses that name no column: sqlglot takes quadratic time over long conditions.

    ``holders`` are the nodes of HOLDERS. The clauses are put aside while the rest is copied.
    """
    aside: list[tuple[dict[str, Any], str, Any]] = []
    for node in holders:
        args = node.args
        for clause in ("on",) if type(node).__name__ == "Join" else _NO_OUTPUT:
            if args.get(clause) is not None:
                aside.append((args, clause, args[clause]))
                args[clause] = None
    try:
        return tree.copy()
    finally:
        for args, clause, value in aside:
            args[clause] = value


def branches(tree: Expression) -> Iterator[Expression]:
    """Every SELECT that gives rows to the output, in the text's order; raises nothing for what is none."""
    from sqlglot import exp

    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.SetOperation):
            stack += [node.args.get("expression"), node.this]
        elif isinstance(node, exp.Subquery):
            stack.append(node.this)
        elif isinstance(node, exp.Select):
            yield node


def items(select: Expression, dialect: str) -> list[Item]:
    """The items of a select list, in order; an item with several aliases counts as several."""
    return [item for node in select.expressions for item in named_items(node, dialect)]


def named_items(node: Expression, dialect: str) -> list[Item]:
    """One item; where it has several aliases, one for each."""
    from sqlglot import exp

    if isinstance(node, exp.Aliases):
        return [_item(node, alias, dialect, renamed=True) for alias in node.args["expressions"]]
    if isinstance(node, exp.Alias):
        return [_item(node, node.args.get("alias"), dialect, renamed=True)]
    if node.is_star:
        return [Item(None, False, True, node, node)]
    return [_item(node, own_name(node, dialect), dialect)]


def _item(node: Expression, name: Any, dialect: str, *, renamed: bool = False) -> Item:
    from sqlglot import exp

    if not isinstance(name, exp.Identifier) or not name.name:
        return Item(None, False, False, node, node)
    quoted = bool(name.args.get("quoted"))
    mark = node if name.parent is None else name  # a path's key is no node of the tree
    return Item(fold(name.name, dialect, quoted=quoted), quoted, False, node, mark, renamed)


def own_name(node: Expression, dialect: str) -> Any:
    """The identifier that names an item without an alias: a column's, a struct field's, or the last key of a path's.

    Redshift and Databricks look through a cast. Only Databricks names what a path takes out of JSON.
    """
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return node.this
    if isinstance(node, exp.Dot) and dialect != "snowflake":
        return node.expression
    if isinstance(node, exp.Cast) and dialect in ("redshift", "databricks"):
        return own_name(node.this, dialect) if isinstance(node.this, exp.Column | exp.JSONExtract) else None
    if isinstance(node, exp.JSONExtract) and dialect == "databricks" and node.args.get("variant_extract"):
        keys = [part.this for part in node.expression.find_all(exp.JSONPathKey) if isinstance(part.this, str)]
        return exp.to_identifier(keys[-1], quoted=True) if keys else None
    return None


def item_types(tree: Expression, dialect: str) -> list[Type]:
    """The types of the outermost items, where all branches of a set operation agree; ``tree`` is annotated."""
    every = [[to_type(node.type, dialect) for node in select.expressions] for select in branches(tree)]
    if not every:
        return []
    types, *others = every
    for other in others:
        if len(other) != len(types):
            return [UNKNOWN] * len(types)
        types = [same_type(left, right) for left, right in zip(types, other, strict=True)]
    return types


def place_items(positions: Positions, select: Expression, statement: Statement) -> None:
    """Give the items of the outermost select list the ranges of their own tokens, where the commas tell them apart."""
    ranges = list(_split(statement))
    if len(ranges) != len(select.expressions):
        return
    inner = [positions.find(node) for node in select.expressions]
    if all(i is None or (r[0] <= i[0] and i[1] <= r[1]) for i, r in zip(inner, ranges, strict=True)):
        for node, where in zip(select.expressions, ranges, strict=True):
            positions.set(node, where)


def _split(statement: Statement) -> Iterator[Range]:
    """The ranges between the commas of the first select list that stands in no brackets but leading ones."""
    leading = depth = statement.opening
    start: int | None = None
    end = 0
    inside = False
    for at, word in enumerate(statement.words[leading:], leading):
        if depth == leading and not inside:
            inside = word == "SELECT"
        elif depth == leading and _ends_list(word, statement.words[at - 1]):
            break
        elif depth == leading and word == ",":
            if start is not None:
                yield start, end
            start = None
        elif inside and not (start is None and word in _LIST_STARTS):
            begin, end = statement.at(at)
            start = begin if start is None else start
        depth += (word in OPEN) - (word in CLOSE)
    if start is not None:
        yield start, end


def _ends_list(word: str, before: str) -> bool:
    if word == "EXCEPT":
        return before != "*"
    if word == "FROM":
        return before != "DISTINCT"
    return word in _LIST_ENDS or word in CLOSE
