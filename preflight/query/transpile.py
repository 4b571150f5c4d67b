"""A data model's SQL as DuckDB reads it, for the stand-in: the way there, and what becomes of its names.

What means the same in DuckDB is decided in ``equivalent`` and ``guards``; here nothing is judged but names.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from preflight.query.deep import SHALLOW, run
from preflight.query.guards import unsupported

if TYPE_CHECKING:
    from sqlglot.expressions import Alias, Column, Expr, Identifier, Query, Table

T = TypeVar("T")

_MAX_LENGTH = 1_000_000
"""Code points of SQL, before and after, beyond which a query is not transpiled."""


def deep(work: Callable[[], T]) -> T:
    """Run ``work`` with room for deeply nested SQL; nesting beyond it raises WarehouseError (UNSUPPORTED)."""
    try:
        return run(SHALLOW + 1, work)
    except RecursionError:
        raise unsupported("the query is nested too deeply to be read here") from None


def transpile(sql: str, dialect: str, *, catalogs: Mapping[str, str] | None = None, iterator: str | None = None) -> str:
    """``sql`` as DuckDB reads it; raises WarehouseError with Cause.UNSUPPORTED for what has no exact counterpart.

    ``catalogs`` maps the catalogs that the query names to attached databases' names (the empty one: where it names
    none); None drops the catalog. Exact are the rows that the query puts out, its columns' names, and the values of the
    column called ``iterator``; an expression that is only put out may differ, as a rounded quotient does.
    """
    return deep(lambda: _transpile(sql, dialect, catalogs, iterator))


def _transpile(sql: str, dialect: str, catalogs: Mapping[str, str] | None, iterator: str | None) -> str:
    from sqlglot import ErrorLevel
    from sqlglot.errors import SqlglotError

    from preflight.query.equivalent import make_exact

    if len(sql) > _MAX_LENGTH:
        raise unsupported(f"the query is longer than {_MAX_LENGTH} characters")
    with _warnings() as warnings:
        tree = _parse(sql, dialect)
        _resolve(tree, dialect, catalogs)
        exact = make_exact(tree, dialect, iterator)
        try:
            text = exact.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE, comments=False)
        except (SqlglotError, ValueError) as error:
            raise unsupported(f"DuckDB has no exact counterpart: {_plain(str(error))}") from None
    if warnings:
        raise unsupported(f"DuckDB has no exact counterpart: {_plain(warnings[0])}")
    if len(text) > _MAX_LENGTH:
        raise unsupported("the query grows too long in DuckDB's SQL")
    return text


def _parse(sql: str, dialect: str) -> Query:
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        trees = [tree for tree in parse(sql, dialect=dialect) if tree and not isinstance(tree, exp.Semicolon)]
    except (SqlglotError, ValueError) as error:
        raise unsupported(f"the query cannot be read here: {_plain(str(error))}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise unsupported("the data model is not exactly one query")
    return trees[0]


def _plain(text: str) -> str:
    """The first line of a sqlglot message, without the terminal codes that it underlines with."""
    return text.partition("\n")[0].replace("\x1b[4m", "").replace("\x1b[0m", "").strip()


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What sqlglot logs in this thread meanwhile: what it drops it only tells its logger."""
    import logging

    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == threading.get_ident():
                found.append(record.getMessage())

    logger, handler = logging.getLogger("sqlglot"), Handler(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


def _resolve(tree: Expr, dialect: str, catalogs: Mapping[str, str] | None) -> None:
    """Point every table at the stand-in; refuse names that DuckDB would take for others."""
    from sqlglot import exp

    _refuse_case(tree, dialect)
    commons = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
    databases = None if catalogs is None else {name.casefold(): to for name, to in catalogs.items()}
    seen: dict[tuple[str, str], str] = {}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise unsupported(f"{table.sql(dialect)} is no table of the stand-in file")
        if not table.db and table.name.casefold() in commons:
            continue
        _refuse_system(table, dialect)
        catalog = table.catalog.casefold()
        key = (table.db.casefold(), table.name.casefold())
        if databases is None and catalog and seen.setdefault(key, catalog) != catalog:
            raise unsupported(
                f"the query names {table.db}.{table.name} in two catalogs, and one file stands for both",
                remedy="give each catalog a file of its own: `introspect: {local: {CRM: crm.duckdb, REF: ref.duckdb}}`",
            )
    named: list[Table | Column] = [*tree.find_all(exp.Table), *tree.find_all(exp.Column)]
    for node in named:
        if isinstance(node, exp.Column) and not node.catalog:
            continue
        if isinstance(node, exp.Table) and not node.db and node.name.casefold() in commons:
            continue
        node.set("catalog", _database(node.catalog, databases))
        if isinstance(node, exp.Table) and node.catalog and not node.db:
            node.set("db", exp.to_identifier("main"))


def _database(catalog: str, databases: Mapping[str, str] | None) -> Identifier | None:
    from sqlglot import exp

    if databases is None:
        return None
    if catalog.casefold() not in databases:
        raise unsupported(
            f"no stand-in file is named for the catalog {catalog}"
            if catalog
            else "a table is named without its catalog",
            remedy="name each table's catalog, and give each a file under `introspect.local`",
        )
    return exp.to_identifier(databases[catalog.casefold()], quoted=True)


_SYSTEM_SCHEMAS = ("information_schema", "pg_catalog", "account_usage")
_SYSTEM_TABLES = ("pg_", "duckdb_", "sqlite_", "pragma_", "information_schema.")
_SPECIAL_COLUMNS = frozenset(
    {"_partitiontime", "_partitiondate", "_table_suffix", "_file_name", "_metadata", "rowid", "_change_type"}
)


def _refuse_system(table: Table, dialect: str) -> None:
    name = table.name.casefold()
    if table.db.casefold() in _SYSTEM_SCHEMAS or name.startswith(_SYSTEM_TABLES):
        raise unsupported(f"{table.sql(dialect)} belongs to the warehouse itself; a stand-in file has none")
    if any(sign in name for sign in "*@/:#") or name.endswith((".csv", ".parquet", ".json")):
        raise unsupported(f"{table.name} stands for more than one table, or for files")


def _refuse_case(tree: Expr, dialect: str) -> None:
    """Refuse names that DuckDB, to which case never counts, would take for one another, and pseudo-columns."""
    from sqlglot import exp

    for column in tree.find_all(exp.Column):
        name = column.name
        if name.casefold() in _SPECIAL_COLUMNS or name.upper().startswith("METADATA$"):
            raise unsupported(f"the pseudo-column {name} does not exist in a stand-in file", name=name)
    if dialect == "bigquery":
        names = {(table.db, table.name) for table in tree.find_all(exp.Table)}
        _refuse_twins([".".join(parts) for parts in names])
    if dialect != "snowflake":
        return
    free = {id(alias.args["alias"]) for alias in _harmless_aliases(tree)}
    stored = {_stored(node): node for node in tree.find_all(exp.Identifier) if id(node) not in free}
    _refuse_twins(list(stored))
    given = {alias.alias for alias in tree.find_all(exp.Alias, exp.TableAlias, exp.CTE, exp.Subquery)}
    given |= {column.name for alias in tree.find_all(exp.TableAlias) for column in alias.columns}
    for name, node in stored.items():
        if name != name.upper() and name not in given and isinstance(node.parent, (exp.Column, exp.Table)):
            raise unsupported(
                f'Snowflake tells "{name}" from {name.upper()}, a stand-in file does not',
                remedy="write the name without quotes if the warehouse stores it in upper case",
                name=name,
            )


def _harmless_aliases(tree: Expr) -> Iterator[Alias]:
    """The outermost aliases that no name in the query can be taken for: the last thing that is done to a column.

    Either the alias only spells the column's own name in another case, or nothing else names it without its table.
    """
    from sqlglot import exp

    bare = {column.name.casefold() for column in tree.find_all(exp.Column) if not column.table}
    for item in tree.selects if isinstance(tree, exp.Select) else ():
        if isinstance(item, exp.Alias) and isinstance(item.args["alias"], exp.Identifier):
            name = item.alias.casefold()
            if name not in bare or (isinstance(item.this, exp.Column) and item.this.name.casefold() == name):
                yield item


def _stored(node: Identifier) -> str:
    return node.name if node.quoted else node.name.upper()


def _refuse_twins(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise unsupported(f"{other} and {name} differ by case alone, which a stand-in file cannot tell", name=name)
