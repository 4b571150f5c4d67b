"""Expands a query's stars by what is known of its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from preflight.model import UNKNOWN, Column, TableInfo, TableRef
from preflight.query.names import fold

if TYPE_CHECKING:
    from sqlglot.expressions import Expr


def expand(
    tree: Expr,
    dialect: str,
    ref_of: Callable[[Expr], TableRef | None],
    tables: Mapping[TableRef, TableInfo],
) -> list[Column] | None:
    """The output columns, with stars expanded through subqueries and CTEs; None where any star is left.

    Every table is renamed to a name of its own first, so that names of any number of parts go into one flat schema.
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify

    copy = tree.copy()
    schema: dict[str, Any] = {}
    for number, (node, original) in enumerate(zip(copy.find_all(exp.Table), tree.find_all(exp.Table), strict=True)):
        info = tables.get(ref) if (ref := ref_of(original)) is not None else None
        if info is None:
            continue
        name = f"t{number}"
        if not node.alias:
            node.set("alias", exp.TableAlias(this=original.this.copy()))
        node.set("this", exp.to_identifier(name))
        node.set("db", None)
        node.set("catalog", None)
        schema[name] = {column.name: "unknown" for column in info.columns}
    try:
        found: Any = qualify(
            copy, dialect=dialect, schema=schema, validate_qualify_columns=False, quote_identifiers=False
        )
    except SqlglotError:
        return None
    if any(item.is_star for item in found.selects):
        return None
    types = {column.name.casefold(): column.type for info in tables.values() for column in info.columns}
    columns = []
    for item in found.selects:
        base = item.unalias()
        type_ = types.get(base.name.casefold(), UNKNOWN) if isinstance(base, exp.Column) else UNKNOWN
        columns.append(Column(fold(item.alias_or_name, dialect, quoted=True), type_))
    return columns
