"""Which query a node belongs to, what that query reads, and what joins it without a condition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_SOURCES = ("from_", "joins", "laterals")
_NAMING = frozenset({"Lambda", "MatchRecognize", "Pivot"})
"""What brings names of its own, so that a qualifier below it says nothing."""
_AGGREGATES = frozenset({"Count", "Sum", "Avg", "Min", "Max"})
_PASSING = frozenset(
    {"Alias", "Paren", "Cast", "TryCast", "Add", "Sub", "Mul", "Div", "DPipe", "Coalesce", "Case", "If"}
    | {"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "And", "Or", "Not", "Neg"}
)
"""What an aggregate or a column may stand in and still be sure to be one."""
_PREDICATES = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "Between", "Like", "ILike", "NullSafeEQ", "In"})


def outermost(tree: Expr) -> Iterator[Any]:
    """The query without the parentheses around it; of a set operation also its branches, in order."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if type(node).__name__ == "Subquery":
            waiting.append(node.this)
            continue
        yield node
        if _is_set_operation(node):
            waiting += [node.args["expression"], node.this]


def own(node: Expr) -> Iterator[Any]:
    """The nodes below, without what stands in queries of their own."""
    return node.walk(prune=lambda below: below is not node and _is_query(below))


def _is_set_operation(node: Any) -> bool:
    return type(node).__name__ in ("Union", "Intersect", "Except")


def _is_query(node: Any) -> bool:
    return type(node).__name__ == "Select" or _is_set_operation(node)


def _reads(select: Any) -> Iterator[Any]:
    """FROM, the joins and the laterals of one SELECT."""
    for key in _SOURCES:
        value = select.args.get(key)
        if value is not None:
            yield from value if isinstance(value, list) else [value]


def source_names(select: Any) -> frozenset[str]:
    """What may stand before a dot in this SELECT: its tables' names and aliases, without case."""
    found = set()
    for part in _reads(select):
        for node in own(part):
            kind = type(node).__name__
            if kind == "Table":
                found.add(node.alias_or_name.casefold())
            elif kind == "TableAlias":
                found.update(name.casefold() for name in [node.name, *(column.name for column in node.columns)])
    return frozenset(found)


def selects_above(node: Any) -> list[Any]:
    """The SELECTs around a node, innermost first; none where something between brings names of its own."""
    found = []
    above = node.parent
    while above is not None:
        if type(above).__name__ in _NAMING:
            return []
        if type(above).__name__ == "Select":
            found.append(above)
        above = above.parent
    return found


def has_column(select: Any, name: str) -> bool | None:
    """Whether a source of this SELECT puts out a column with this name; None where the text does not say."""
    for part in _reads(select):
        source: Any = part.this if type(part).__name__ in ("From", "Join") else part
        inner = source.this if type(source).__name__ == "Subquery" else None
        if inner is None or not _is_query(inner) or inner.is_star:
            return None
        if any(column.casefold() == name for column in inner.named_selects):
            return True
    return False


def stray_columns(select: Any) -> Iterator[Any]:
    """The columns that stand beside an aggregate in a SELECT without GROUP BY, where that is certain."""
    if select.args.get("group") is not None:
        return
    names = source_names(select)
    nested = bool(selects_above(select))
    found = [node for item in select.expressions for node in own(item) if _is_plain(node, select)]
    if not any(type(node).__name__ in _AGGREGATES for node in found):
        return
    for column in found:
        if type(column).__name__ != "Column" or column.args.get("db"):
            continue
        if column.table.casefold() in names if column.table else not nested and _is_name(column, select):
            yield column


def _is_plain(node: Any, select: Any) -> bool:
    above = node.parent
    while above is not select:
        if above is None or type(above).__name__ not in _PASSING:
            return False
        above = above.parent
    return True


def _is_name(column: Any, select: Any) -> bool:
    """Whether a bare name is surely a column's: no clock, and no alias of the list, which may be used again in it."""
    aliases = {item.alias.casefold() for item in select.expressions}
    named = type(column.this).__name__ == "Identifier" and column.name.upper() not in ("SYSDATE", "LOCALTIMESTAMP")
    return named and column.name.casefold() not in aliases


def is_cartesian(join: Any) -> bool:
    """Whether a join surely pairs every row with every row: neither a condition, nor a WHERE that links it."""
    condition = join.args.get("on")
    if condition is not None and not (type(condition).__name__ == "Boolean" and condition.this):
        return False
    if join.args.get("using") or join.args.get("match_condition") or join.method in ("NATURAL", "ASOF"):
        return False
    select = join.parent
    if type(select).__name__ != "Select" or not _is_relation(join.this, source_names(select)):
        return False
    where = select.args.get("where")
    return where is None or not any(_links(node, join.this.alias_or_name.casefold()) for node in own(where))


def _is_relation(source: Any, names: frozenset[str]) -> bool:
    """Whether it is a table, or a subquery of more than one row; no array of a row before it."""
    if type(source).__name__ == "Table":
        parts = list(source.parts)
        path = len(parts) > 1 and parts[0].name.casefold() in names
        return all(type(part).__name__ == "Identifier" for part in parts) and not path
    return type(source).__name__ == "Subquery" and _is_query(source.this) and not _is_one_row(source.this)


def _is_one_row(query: Any) -> bool:
    if type(query).__name__ != "Select":
        return False
    limit = query.args.get("limit")
    if query.args.get("from_") is None or (limit is not None and limit.args.get("expression", limit).name == "1"):
        return True
    from sqlglot.expressions import AggFunc, Window

    found = (node for item in query.expressions for node in own(item) if isinstance(node, AggFunc))
    return query.args.get("group") is None and any(node.find_ancestor(Window) is None for node in found)


def _links(node: Any, name: str) -> bool:
    """Whether a predicate compares the source called ``name`` with another, or may do so."""
    if type(node).__name__ not in _PREDICATES:
        return False
    columns = [below for below in node.walk() if type(below).__name__ == "Column"]
    tables = {column.table.casefold() for column in columns}
    return (name in tables and len(tables) > 1) or ("" in tables and len(columns) > 1)


def filters_on(select: Any, name: str) -> Iterator[Any]:
    """The predicates of WHERE that compare the output column called ``name`` with something that reads no column."""
    item: Any = next((item for item in select.expressions if item.alias_or_name.casefold() == name), None)
    column = item.this if type(item).__name__ == "Alias" else item
    where = select.args.get("where")
    if type(column).__name__ != "Column" or where is None:
        return
    for node in own(where):
        if type(node).__name__ not in _PREDICATES - {"In", "Like", "ILike"}:
            continue
        columns = [below for below in node.walk() if type(below).__name__ in ("Column", "Select")]
        if len(columns) == 1 and _is_same(columns[0], column):
            yield node


def _is_same(column: Any, other: Any) -> bool:
    tables = {column.table.casefold(), other.table.casefold()} - {""}
    return type(column).__name__ == "Column" and len(tables) < 2 and column.name.casefold() == other.name.casefold()


def undeclared_qualifiers(columns: Iterable[Any], dialect: str) -> Iterator[tuple[Any, bool]]:
    """The identifiers before a dot that name no source in reach, and whether they can surely be nothing else."""
    for column in columns:
        selects = selects_above(column)
        name = column.table.casefold()
        if not name or column.args.get("db") or not selects or column.name.upper() in ("NEXTVAL", "CURRVAL"):
            continue
        if any(name in source_names(select) for select in selects):
            continue
        fields = [has_column(select, name) for select in selects] if dialect != "snowflake" else []
        if True not in fields:
            yield column.args["table"], None not in fields
