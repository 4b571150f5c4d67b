"""Which query a node belongs to, what that query reads, and what joins it without a condition."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from preflight.query.tables import table_parts

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

Names = Callable[[Any], frozenset[str]]
"""``source_names``, remembered by whoever asks for them more than once."""
_SOURCES = ("from_", "joins", "laterals")
_PLAIN = {"Table": frozenset({"this", "db", "catalog", "alias"}), "Subquery": frozenset({"this", "alias"})}
_NAMING = frozenset({"Lambda", "MatchRecognize", "Pivot", "SemanticView"})
"""What brings names of its own, so that a qualifier below it says nothing."""
_BORDERS = frozenset({"Select", "Union", "Intersect", "Except", *_NAMING})
AGGREGATES = frozenset({"Count", "Sum", "Avg", "Min", "Max"})
"""The classes of what makes one row of many."""
_PASSING = frozenset(
    {"Alias", "Paren", "Cast", "TryCast", "Add", "Sub", "Mul", "Div", "DPipe", "Coalesce", "Case", "If"}
    | {"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "And", "Or", "Not", "Neg"}
)
"""What an aggregate or a column may stand in and still be sure to be one."""
_PREDICATES = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "Between", "Like", "ILike", "NullSafeEQ", "In"})


def outermost(tree: Expression) -> Iterator[Any]:
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


def own(node: Expression) -> Iterator[Any]:
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
    found: set[str] = set()
    for part in _reads(select):
        # a condition names no source of its own
        source = part.args["this"] if type(part).__name__ in ("From", "Join") else part
        if not _is_plain_source(source):
            _add_names(own(source), found)
        elif (alias := source.args.get("alias")) is not None:
            _add_names((alias,), found)
        elif type(source).__name__ == "Table":
            found.add(source.args["this"].args["this"].casefold())
    match = select.args.get("match")
    if match is not None:
        found.add(match.alias.casefold())
    return frozenset(found)


def _add_names(nodes: Iterable[Any], found: set[str]) -> None:
    for node in nodes:
        kind = type(node).__name__
        if kind == "Table":
            found.add((node.alias or _own_name(node)).casefold())
        elif kind == "TableAlias":
            found.update(name.casefold() for name in [node.name, *(column.name for column in node.columns)])


def _own_name(table: Any) -> str:
    """The last part of a table's name, also of one that Snowflake's IDENTIFIER has in a string."""
    parts = table_parts(table)
    return parts[-1].name if parts else str(table.name)


def _is_plain_source(source: Any) -> bool:
    """Whether it is a table by name or a query in parentheses, with an alias at most: nothing else in it has a name."""
    kind, args = type(source).__name__, source.args
    plain = _PLAIN.get(kind)
    if plain is None or any(args[key] for key in args if key not in plain):
        return False
    return type(args["this"]).__name__ == "Identifier" if kind == "Table" else _is_query(args["this"])


def selects_above(node: Any) -> list[Any]:
    """The SELECTs around a node, innermost first."""
    found = []
    above = node.parent
    while above is not None:
        if type(above).__name__ == "Select":
            found.append(above)
        above = above.parent
    return found


def select_of(node: Any) -> Any:
    """The innermost SELECT around a node; None where there is none."""
    above = node.parent
    while above is not None and type(above).__name__ != "Select":
        above = above.parent
    return above


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


def stray_columns(select: Any, names_of: Names) -> Iterator[Any]:
    """The columns that stand beside an aggregate in a SELECT without GROUP BY, where that is certain."""
    if select.args.get("group") is not None:
        return
    found = [node for item in select.expressions for node in _plain(item)]
    if not any(type(node).__name__ in AGGREGATES for node in found):
        return
    names = names_of(select)
    renamed = {item.alias.casefold() for item in select.expressions}
    nested = bool(selects_above(select))
    for column in found:
        if type(column).__name__ != "Column" or column.args.get("db"):
            continue
        if column.table:
            certain = column.table.casefold() in names
        else:
            certain = not nested and _is_name(column) and column.name.casefold() not in renamed
        if certain:
            yield column


def _plain(item: Any) -> Iterator[Any]:
    """The nodes of a select item that stand in nothing but arithmetic, comparisons, casts and cases."""
    return item.walk(prune=lambda node: type(node).__name__ not in _PASSING)  # type: ignore[no-any-return]


def _is_name(column: Any) -> bool:
    return type(column.this).__name__ == "Identifier" and column.name.upper() not in ("SYSDATE", "LOCALTIMESTAMP")


def cartesian_sources(select: Any, names_of: Names) -> Iterator[Any]:
    """What is joined so that surely every row meets every row: neither a condition, nor a WHERE that links it."""
    joins = [join for join in select.args.get("joins") or () if not _has_condition(join)]
    if not joins:
        return
    unlinked = {join.this.alias_or_name.casefold() for join in joins}
    where = select.args.get("where")
    for node in chain(_conjuncts(where), own(where)) if where is not None else ():
        linked = _compared(node)
        if "" in linked:
            return
        unlinked -= linked
        if not unlinked:
            return
    for join in joins:
        if join.this.alias_or_name.casefold() in unlinked and _is_relation(join.this, names_of(select)):
            yield join.this


def _conjuncts(where: Any) -> Iterator[Any]:
    """The predicates that AND, OR and parentheses alone join: where nearly every link stands."""
    waiting = [where.this]
    while waiting:
        node = waiting.pop()
        if type(node).__name__ in ("And", "Or"):
            waiting += [node.this, node.args["expression"]]
        elif type(node).__name__ == "Paren":
            waiting.append(node.this)
        else:
            yield node


def _has_condition(join: Any) -> bool:
    condition = join.args.get("on")
    if condition is not None and not (type(condition).__name__ == "Boolean" and condition.this):
        return True
    if join.args.get("using") or join.args.get("match_condition"):
        return True
    return join.args.get("method") is not None and join.method in ("NATURAL", "ASOF")


def _compared(node: Any) -> frozenset[str]:
    """The sources that a predicate may link with one another; the empty name stands for any."""
    if type(node).__name__ not in _PREDICATES:
        return frozenset()
    columns = _columns_below(node)
    if len(columns) < 2:
        return frozenset()
    tables = frozenset(column.table.casefold() for column in columns)
    return tables if len(tables) > 1 or "" in tables else frozenset()


def _columns_below(node: Any) -> list[Any]:
    found = []
    waiting = [node]
    while waiting:
        for below in waiting.pop().iter_expressions():
            kind = type(below).__name__
            if kind == "Column":
                found.append(below)
            elif kind != "Literal":
                waiting.append(below)
    return found


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


def filters_on(select: Any, column: Any) -> Iterator[Any]:
    """The predicates of WHERE that compare a column of the SELECT with something that reads no column."""
    where = select.args.get("where")
    if where is None:
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


def undeclared_qualifiers(
    selects: Collection[Any], columns: Iterable[Any], dialect: str, names_of: Names
) -> Iterator[tuple[Any, bool]]:
    """The identifiers before a dot that name no source in reach, and whether they can surely be nothing else."""
    qualified = _qualified(columns)
    for select in selects:
        near = names_of(select)
        foreign = [one for one in qualified.get(id(select), ()) if one.args["table"].name.casefold() not in near]
        if not foreign:
            continue
        reach = [select, *selects_above(select)]
        names = frozenset().union(*map(names_of, reach))
        for column in foreign:
            name = column.args["table"].name.casefold()
            if name in names or column.name.upper() in ("NEXTVAL", "CURRVAL"):
                continue
            fields = [has_column(one, name) for one in reach] if dialect != "snowflake" else []
            if True not in fields:
                yield column.args["table"], None not in fields


def _qualified(columns: Iterable[Any]) -> dict[int, list[Any]]:
    """The columns with one name before the dot, by the SELECT that they are of.

    Left out are those around which something brings names of its own.
    """
    found: dict[int, list[Any]] = {}
    for node in columns:
        arguments = node.args
        if not arguments.get("table") or arguments.get("db"):
            continue
        above = node.parent
        while above is not None and type(above).__name__ not in _BORDERS:
            above = above.parent
        if above is not None:
            found.setdefault(id(above), []).append(node)
    return found
