"""Stars expanded by the columns of their tables, through subqueries and common table expressions.

sqlglot does the expanding, on a copy of the tree, and folds every name on the way; how each name was written is kept
aside before and looked up again after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from preflight.location import SqlRange
from preflight.model import UNKNOWN, Kind, TableInfo, TableRef, Type
from preflight.query.names import fold, same
from preflight.query.projections import UNNAMED, branches, first_select, item_types, named_items, own_name
from preflight.query.tables import read_tables
from preflight.query.types import annotate

if TYPE_CHECKING:
    from preflight.query.query import Query

_WRITTEN = "preflight.written"
_ITEM = "preflight.item"
_NO_PART = "_"
"""Stands for the catalog or schema that a table's name leaves out: sqlglot wants all names equally deep."""
_MAX_HOPS = 1_000
_GENERATORS = ("explode", "posexplode", "inline", "stack", "json_tuple")
"""Databricks functions that put out as many columns as their argument has."""


class ExpandedColumn(msgspec.Struct, frozen=True):
    """One output column, as ``OutputColumn`` without its index."""

    name: str | None
    type: Type
    place: SqlRange


class Expanded(msgspec.Struct, frozen=True):
    """The output columns in order, and why they are not all, where they are not."""

    columns: tuple[ExpandedColumn, ...]
    reason: str = ""


def expand(query: Query, tables: Mapping[TableRef, TableInfo]) -> Expanded:
    """The output columns with every star expanded whose tables are known; a star that is not is left out and named."""
    known = {ref: info for ref, info in tables.items() if info.columns}
    tree, scope = qualified(query, known) if known else query.qualified
    return _unexpanded(query) if tree is None else _Reader(query, known).read(tree, scope)


def open_stars(query: Query) -> tuple[SqlRange, ...]:
    """The stars whose columns the text itself does not list: what they put out depends on a table."""
    tree, _ = query.qualified
    if tree is None or query.tree is None:
        return query.stars
    pairs = zip(branches(query.tree), branches(tree), strict=True)
    still = [written for written, expanded in pairs if any(node.is_star for node in expanded.expressions)]
    return tuple(query.place(node) for select in still for node in select.expressions if node.is_star)


def qualified(query: Query, known: Mapping[TableRef, TableInfo]) -> tuple[Any, Any]:
    """Sqlglot's qualified and typed copy of the tree, and its scope; twice None where sqlglot gives up."""
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope
    from sqlglot.schema import MappingSchema

    tree: Any = query.outline()
    try:
        names, selects, tables = _sorted_nodes(tree)
        _keep_spelling(names, selects, first_select(tree), query.dialect)
        schema = MappingSchema(_name_tables(tables, query.dialect, known), dialect=query.dialect, normalize=False)
        tree = qualify(
            tree,
            schema=schema,
            dialect=query.dialect,
            allow_partial_qualification=True,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        annotate(tree, query.dialect, schema)
        return tree, build_scope(tree)
    except (SqlglotError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None, None


def written_types(query: Query) -> tuple[Type, ...]:
    """The types of the projections, each item read by itself."""
    tree, select = query.outline(), first_select(query.tree)
    if tree is None or select is None:
        return ()
    annotate(tree, query.dialect)
    pairs = zip(select.expressions, item_types(tree, query.dialect), strict=True)
    return tuple(type_ for node, type_ in pairs for _ in named_items(node, query.dialect))


def _unexpanded(query: Query) -> Expanded:
    """The items as written, without the stars."""
    pairs = zip(query.projections, query.types, strict=True)
    columns = tuple(ExpandedColumn(p.name, type_, p.place) for p, type_ in pairs if not p.is_star)
    star = next((p for p in query.projections if p.is_star), None)
    return Expanded(columns, _star_reason(query, star.place, {}) if star else "")


def _sorted_nodes(tree: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """The tree's identifiers, SELECTs and tables."""
    from sqlglot import exp

    found: dict[type, list[Any]] = {exp.Identifier: [], exp.Select: [], exp.Table: []}
    for node in tree.find_all(*found):
        found.get(type(node), []).append(node)
    return found[exp.Identifier], found[exp.Select], found[exp.Table]


def _keep_spelling(names: list[Any], selects: list[Any], outermost: Any, dialect: str) -> None:
    from sqlglot import exp

    for name in names:
        name.meta[_WRITTEN] = (name.name, bool(name.args.get("quoted")))
    for select in selects:
        for at, node in enumerate(list(select.expressions)):
            if node.is_star:
                continue
            if not isinstance(node, exp.Alias | exp.Aliases):
                node = _name(node, at, dialect)
            if select is outermost:
                node.meta[_ITEM] = at


def _name(node: Any, at: int, dialect: str) -> Any:
    """Give an item without an alias the name that it has, or one that says that it has none; in place."""
    from sqlglot import exp

    own = own_name(node, dialect)
    if isinstance(own, exp.Identifier):
        name = own.copy()
        name.meta.setdefault(_WRITTEN, (own.name, True))
    else:
        name = exp.to_identifier(f"{UNNAMED}{at}", quoted=True)
    alias = node.replace(exp.Alias(alias=name))
    alias.set("this", node)
    return alias


def _name_tables(tables: list[Any], dialect: str, known: Mapping[TableRef, TableInfo]) -> dict[str, Any]:
    """Give every table its folded name in full, in place, and return what is known of them as sqlglot's schema."""
    from sqlglot import exp

    mapping: dict[str, Any] = {}
    for table, ref in read_tables(tables, dialect):
        if table.args.get("alias") is None:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(ref.name, quoted=True)))
        names = (ref.catalog or _NO_PART, ref.schema or _NO_PART, ref.name)
        for key, name in zip(("catalog", "db", "this"), names, strict=True):
            table.set(key, exp.to_identifier(name, quoted=True))
        if ref in known:
            columns = {_key(c.name, dialect): _sql_type(c.type, dialect) for c in known[ref].columns}
            mapping.setdefault(names[0], {}).setdefault(names[1], {})[names[2]] = columns
    return mapping


def _key(name: str, dialect: str) -> str:
    """A column's stored name as sqlglot folds it."""
    return name if dialect == "snowflake" else name.lower()


def _sql_type(type_: Type, dialect: str) -> Any:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if type_.kind is not Kind.UNKNOWN and type_.raw:
        try:
            return exp.DataType.build(type_.raw, dialect=dialect)
        except (SqlglotError, LookupError, TypeError, ValueError):
            pass
    return exp.DataType.build("unknown")


def _star_reason(query: Query, place: SqlRange, known: Mapping[TableRef, TableInfo]) -> str:
    star = query.sql.text[place.start : place.end]
    unread = [str(use.ref) for use in query.tables if use.ref not in known]
    line = query.sql.text.count("\n", 0, place.start) + 1
    behind = f" of {', '.join(unread[:3])}{' and others' if len(unread) > 3 else ''}" if unread else ""
    return f"the columns{behind} behind the star {star} in line {line} of the query are not known"


def missing_reason(query: Query, *, closed: bool) -> str:
    """Why the columns of the outermost select list are not all known; ``closed``: what its stars put out is."""
    select: Any = first_select(query.tree)
    for node in select.expressions:
        if not node.is_star:
            reason = _generator_reason(node, query.dialect)
        else:
            reason = "" if closed else _star_reason(query, query.place(node), {})
        if reason:
            return reason
    return ""


def _generator_reason(node: Any, dialect: str) -> str:
    if dialect != "databricks":
        return ""
    from sqlglot import exp

    name = node.name if isinstance(node, exp.Anonymous) else getattr(node, "key", "")
    generates = name.lower().removesuffix("_outer") in _GENERATORS
    return f"how many columns {name.lower()}() puts out is not known" if generates else ""


class _Reader:
    """Reads the output columns off a qualified tree."""

    def __init__(self, query: Query, known: Mapping[TableRef, TableInfo]) -> None:
        self._query = query
        self._known = known
        self._dialect = query.dialect

    def read(self, tree: Any, scope: Any) -> Expanded:
        select = first_select(tree)
        written: Any = first_select(self._query.tree) if self._query.tree is not None else None
        if select is None or written is None:
            return _unexpanded(self._query)
        types = item_types(tree, self._dialect)
        columns: list[ExpandedColumn] = []
        reason = ""
        at = 0
        for node, type_ in zip(select.expressions, types, strict=True):
            item = _item(node)
            at = item if item is not None else self._star(written.expressions, at, node)
            place = self._query.place(written.expressions[at])
            if node.is_star:
                reason = reason or _star_reason(self._query, place, self._known)
                at += 1
            elif item is not None:
                columns += self._as_written(written.expressions[at], type_)
                reason = reason or _generator_reason(written.expressions[at], self._dialect)
                at += 1
            else:
                name, stored = self._trace(node, _branch(scope))
                columns.append(ExpandedColumn(name, type_ if stored == UNKNOWN else stored, place))
        return Expanded(tuple(columns), reason)

    def _as_written(self, node: Any, type_: Type) -> list[ExpandedColumn]:
        """The columns of an item without a star: named as the query's own projections are."""
        return [ExpandedColumn(i.name, type_, self._query.place(i.mark)) for i in named_items(node, self._dialect)]

    def _star(self, written: Any, at: int, node: Any) -> int:
        """The index of the star that put out ``node``: the next one, or the one after it where the table tells."""
        from sqlglot import exp

        stars = [n for n in range(at, len(written)) if written[n].is_star]
        column = node.find(exp.Column)
        table = column.table if column is not None else ""
        for n in stars:
            owner = written[n].table if isinstance(written[n], exp.Column) else ""
            if not owner or not table or same(fold(owner, self._dialect), table, self._dialect) or owner == table:
                return n
        return stars[0] if stars else min(at, len(written) - 1)

    def _trace(self, node: Any, scope: Any) -> tuple[str | None, Type]:
        """Name and type of a column that a star put out, as the table or the inner query spells it."""
        from sqlglot import exp

        for hop in range(_MAX_HOPS):
            alias = node.args.get("alias") if isinstance(node, exp.Alias) else None
            column = node.find(exp.Column)
            bare = column is not None and node.unalias() is column
            spelled = self._spelled(alias) or (self._spelled(column.this) if hop and bare else None)
            if spelled is not None:
                return spelled, UNKNOWN
            name = node.alias_or_name
            if not name or name.startswith(UNNAMED):
                return None, UNKNOWN
            renamed = column is None or not same(column.name, name, self._dialect)
            source = None if renamed or scope is None else scope.sources.get(column.table)
            if isinstance(source, exp.Table):
                return self._stored(source, name)
            scope = _branch(source)
            select = first_select(scope.expression) if scope is not None else None
            inner = select.expressions if select is not None else ()
            found = next((n for n in inner if same(n.alias_or_name, name, self._dialect)), None)
            if found is None:
                return self._alias_of(scope, name), UNKNOWN
            node = found
        return fold(name, self._dialect, quoted=True), UNKNOWN

    def _alias_of(self, scope: Any, name: str) -> str:
        """A name that a source's own alias gives, as UNNEST and LATERAL do, as it is spelled there."""
        from sqlglot import exp

        alias = scope.expression.args.get("alias") if scope is not None else None
        for identifier in alias.find_all(exp.Identifier) if alias is not None else ():
            spelled = self._spelled(identifier)
            if spelled is not None and same(spelled, name, self._dialect):
                return spelled
        return fold(name, self._dialect, quoted=True)

    def _stored(self, table: Any, name: str) -> tuple[str, Type]:
        schema, catalog = (part if part != _NO_PART else "" for part in (table.db, table.catalog))
        info = self._known.get(TableRef(table.name, schema, catalog))
        column = next((c for c in info.columns if same(c.name, name, self._dialect)), None) if info else None
        return (column.name, column.type) if column else (fold(name, self._dialect, quoted=True), UNKNOWN)

    def _spelled(self, identifier: Any) -> str | None:
        from sqlglot import exp

        if not isinstance(identifier, exp.Identifier) or _WRITTEN not in identifier.meta:
            return None
        written, quoted = identifier.meta[_WRITTEN]
        return fold(written, self._dialect, quoted=quoted)


def _item(node: Any) -> int | None:
    at = node.meta.get(_ITEM)
    if at is None and node.args.get("this") is not None and not isinstance(node.this, str):
        at = node.this.meta.get(_ITEM)
    return at if at is None else int(at)


def _branch(scope: Any) -> Any:
    """The scope of the first branch of a set operation."""
    while scope is not None and getattr(scope, "set_operation_scopes", None):
        scope = scope.set_operation_scopes[0]
    return scope if hasattr(scope, "sources") else None
