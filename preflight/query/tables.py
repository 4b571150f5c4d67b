"""Which tables a query reads: real ones alone, in the text's order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from preflight.model import TableRef
from preflight.query.names import fold, fold_table, same

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_FILE_FORMATS = ("avro", "binaryfile", "csv", "delta", "iceberg", "json", "orc", "parquet", "text", "xml")
"""Databricks reads a path by ``format.`path` ``."""


def read_tables(tables: Iterable[Expression], dialect: str) -> list[tuple[Expression, TableRef]]:
    """Those of a tree's Table nodes that read one; not common table expressions, functions, stages, paths or fields.

    Nor the aliases that a hint names.
    """
    uses: list[tuple[Expression, TableRef]] = []
    for table in tables:
        ref = table_ref(table, dialect)
        hinted = type(table.parent).__name__ == "JoinHint"
        if ref is not None and not hinted and not is_cte(table, dialect) and not _is_field(table, dialect):
            uses.append((table, ref))
    return uses


def table_ref(table: Expression, dialect: str) -> TableRef | None:
    """The name as the warehouse looks it up; None for what is no table by its very form."""
    parts = table_parts(table)
    if not parts:
        return None
    if dialect == "databricks" and len(parts) == 2 and parts[0].name.lower() in _FILE_FORMATS and "/" in parts[1].name:
        return None
    names = [fold_table(part.name, dialect, quoted=bool(part.args.get("quoted"))) for part in parts]
    if dialect == "snowflake" and names == ["DUAL"]:
        return None
    return TableRef(names[-1], names[-2] if len(names) > 1 else "", ".".join(names[:-2]))


def table_parts(table: Expression) -> list[Expression]:
    """The identifiers of a table's name, outermost first; empty where it is not made of identifiers alone.

    Snowflake's ``IDENTIFIER('a.b.c')`` is such a name, given by its literal.
    """
    from sqlglot import exp

    this = table.args.get("this")
    if isinstance(this, exp.DynamicIdentifier):
        return _dynamic_parts(this)
    parts: list[Any] = [part for key in ("catalog", "db", "this") if (part := table.args.get(key))]
    parts = [piece for part in parts for piece in (part.flatten() if isinstance(part, exp.Dot) else (part,))]
    named = all(isinstance(part, exp.Identifier) and part.name for part in parts)
    return parts if named else []


def _dynamic_parts(name: Expression) -> list[Expression]:
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    literal = name.args.get("this")
    if not isinstance(literal, exp.Literal) or not literal.is_string:
        return []
    try:
        parts = list(exp.to_table(literal.name, dialect="snowflake").parts)
    except (SqlglotError, ValueError):
        return []
    return [part for part in parts if isinstance(part, exp.Identifier)]


def is_cte(table: Expression, dialect: str) -> bool:
    """Whether the name is that of a common table expression in sight."""
    return cte_of(table, dialect) is not None


def cte_of(table: Expression, dialect: str) -> Any:
    """The common table expression in sight that the name is that of; one never sees itself unless recursive."""
    from sqlglot import exp

    if table.args.get("db") or not isinstance(table.args.get("this"), exp.Identifier):
        return None
    wanted = folded_name(table.args["this"], dialect)
    node: Any = table
    inside: Any = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = node.args.get("with_") if not isinstance(node, exp.CTE) else None
        if with_ is not None:
            for cte in with_.expressions:
                if cte is inside and not with_.args.get("recursive"):
                    break
                alias = cte.args.get("alias")
                named = alias.this if alias is not None else None
                if named is not None and same(folded_name(named, dialect), wanted, dialect):
                    return cte
                if cte is inside:
                    break
        node = node.parent
    return None


def folded_name(identifier: Any, dialect: str) -> str:
    """An identifier's name as the warehouse folds it."""
    return fold(identifier.name, dialect, quoted=bool(identifier.args.get("quoted")))


def _is_field(table: Expression, dialect: str) -> bool:
    """Whether ``FROM t, t.items`` walks into an array of a source before it, as BigQuery and Redshift do."""
    from sqlglot import exp

    if dialect not in ("bigquery", "redshift") or not table.args.get("db"):
        return False
    first = table_parts(table)[0]
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False
    source = select.args.get("from_")
    before = [source.this] if source is not None else []
    before += [join.this for join in select.args.get("joins") or ()]
    for other in before:
        if other is table:
            return False
        alias = other.args.get("alias")
        name = alias.this if alias is not None else other.args.get("this")
        if isinstance(name, exp.Identifier) and same(folded_name(name, dialect), folded_name(first, dialect), dialect):
            return True
    return False
