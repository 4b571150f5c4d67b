"""A data model as DuckDB reads it: exact, or refused. What is silently different is worse than what is refused.

sqlglot refuses much by itself; what it would render with another meaning is listed here, each with its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from preflight.errors import Cause, WarehouseError
from preflight.location import Excerpt, SourceFile
from preflight.query import deep
from preflight.query.parsing import parse

if TYPE_CHECKING:
    from sqlglot.expressions import Expression

_GIVE_MAP = "give each catalog its own file: `introspect: {local: {CATALOG: file.duckdb, …}}`"
_UNEQUAL = {
    "TableSample": "a sample differs from run to run",
    "HistoricalData": "time travel needs the warehouse's history",
    "Version": "time travel needs the warehouse's history",
    "MatchRecognize": "MATCH_RECOGNIZE has no counterpart",
    "Pivot": "a pivot's column names differ",
    "Parameter": "session variables are not set there",
    "SessionParameter": "session variables are not set there",
    "Placeholder": "query parameters are not set there",
    "AnonymousAggFunc": "the function is not known",
    "Hash": "hash functions give other values",
    "FarmFingerprint": "hash functions give other values",
}


class _Refused(Exception):
    """What has no exact counterpart, and why."""


def transpile(sql: str, dialect: str, *, catalogs: Mapping[str, str] | None = None) -> str:
    """``sql`` as DuckDB reads it.

    ``catalogs`` maps the catalogs that the query names, without regard to case, to the attached databases' names; None
    drops the catalog. Raises WarehouseError with Cause.UNSUPPORTED for what has no exact counterpart.
    """
    query = parse(Excerpt.whole(SourceFile("", sql)), dialect)
    tree = query.tree
    if tree is None or any(problem.kind != "trailing-semicolon" for problem in query.problems):
        raise _unsupported(query.unanalysed or "it is not one query")
    messages: list[str] = []
    try:
        return deep.run(query.depth, lambda: _render(tree, dialect, catalogs, messages))
    except RecursionError:
        raise _unsupported("it is nested too deep") from None
    except _Refused as refused:
        raise _unsupported(str(refused)) from None


def _unsupported(reason: str) -> WarehouseError:
    return WarehouseError(
        Cause.UNSUPPORTED,
        f"the query has no exact counterpart in DuckDB: {reason}",
        remedy="check it against the warehouse itself",
    )


def _render(tree: Expression, dialect: str, catalogs: Mapping[str, str] | None, messages: list[str]) -> str:
    from sqlglot.errors import ErrorLevel, SqlglotError

    copy = tree.copy()
    _refuse(copy, dialect)
    _map_tables(copy, catalogs)
    handler = _Collect(messages)
    logger = logging.getLogger("sqlglot")
    before = logger.propagate, logger.level
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        text = copy.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise _Refused(str(error).splitlines()[0].rstrip(".")) from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise _Refused(f"it cannot be rendered ({type(error).__name__})") from None
    finally:
        logger.removeHandler(handler)
        logger.propagate, level = before
        logger.setLevel(level)
    if messages:
        raise _Refused(messages[0].splitlines()[0])
    return text


class _Collect(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


def _refuse(tree: Expression, dialect: str) -> None:
    """Raise _Refused for the first node whose meaning would change."""
    special = _SPECIAL.get(dialect, {})
    if dialect == "redshift":
        _annotate(tree)
    for node in tree.walk():
        name = type(node).__name__
        if name in _UNEQUAL:
            raise _Refused(_UNEQUAL[name])
        if name == "Anonymous":
            raise _Refused(f"the function {str(node.this).upper()} is not known there")
        if name == "Column" and node.name.upper() in _PSEUDO_COLUMNS.get(dialect, ()):
            raise _Refused(f"the pseudo-column {node.name} is the warehouse's own")
        if name in special and (reason := special[name](node)):
            raise _Refused(reason)


def _annotate(tree: Expression) -> None:
    from sqlglot.optimizer.annotate_types import annotate_types

    annotate_types(tree, dialect="redshift")


def _divides_integers(node: Any) -> str:
    """Redshift divides integers without a rest; where a side is known to be no integer, division is division."""
    from sqlglot import exp

    exact = (*exp.DataType.FLOAT_TYPES, exp.DataType.Type.DECIMAL)
    if any(side.type is not None and side.type.is_type(*exact) for side in (node.left, node.right)):
        return ""
    return "division of integers cuts the rest off, and the types are not known"


def _week_parts(node: Any) -> str:
    part = str(getattr(node.this, "name", "")).upper()
    return f"{part} is counted in another way" if part in ("DAYOFWEEK", "WEEK", "DOW") else ""


def _always(reason: str) -> Callable[[Any], str]:
    return lambda _: reason


_SPECIAL: dict[str, dict[str, Callable[[Any], str]]] = {
    "bigquery": {
        "Extract": _week_parts,
        "DayOfWeek": _always("DAYOFWEEK is counted in another way"),
        "TimestampDiff": _always("TIMESTAMP_DIFF counts whole units, DuckDB boundaries"),
        "Format": _always("FORMAT has another syntax"),
    },
    "databricks": {
        "Extract": _week_parts,
        "DayOfWeek": _always("DAYOFWEEK is counted in another way"),
        "MonthsBetween": _always("MONTHS_BETWEEN rounds in another way"),
        "RegexpExtract": _always("regular expressions without a group differ"),
    },
    "redshift": {
        "Div": _divides_integers,
        "Concat": _always("CONCAT treats NULL in another way"),
    },
    "snowflake": {},
}
_PSEUDO_COLUMNS = {
    "bigquery": ("_PARTITIONTIME", "_PARTITIONDATE", "_TABLE_SUFFIX", "_FILE_NAME", "_CHANGE_TYPE"),
    "snowflake": ("METADATA$FILENAME", "METADATA$ACTION", "METADATA$ISUPDATE", "METADATA$ROW_ID"),
}


def _map_tables(tree: Expression, catalogs: Mapping[str, str] | None) -> None:
    """Name every table as the attached databases have it."""
    from sqlglot import exp

    known = {name.casefold(): alias for name, alias in (catalogs or {}).items()}
    seen: dict[tuple[str, str], str] = {}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        catalog, schema, name = table.catalog, table.db, table.name
        if catalogs is None:
            earlier = seen.setdefault((schema.casefold(), name.casefold()), catalog.casefold()) if catalog else None
            if earlier is not None and earlier != catalog.casefold():
                raise _Refused(f"{schema}.{name} is named in two catalogs but there is one file; {_GIVE_MAP}")
            table.set("catalog", None)
        elif catalog:
            if catalog.casefold() not in known:
                raise _Refused(f"no file stands for the catalog {catalog}")
            table.set("catalog", exp.to_identifier(known[catalog.casefold()], quoted=True))
        for part in ("this", "db"):
            if (identifier := table.args.get(part)) is not None:
                identifier.set("quoted", True)
