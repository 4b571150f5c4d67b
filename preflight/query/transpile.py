"""A data model's SQL as DuckDB reads it, for the stand-in. It refuses whatever it cannot show to mean the same there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from preflight.errors import Cause, WarehouseError

if TYPE_CHECKING:
    pass

T = TypeVar("T")

_DEPTH = 12_000
_depth_lock = threading.Lock()


def deep(work: Callable[[], T]) -> T:
    """Run ``work`` with room for deeply nested SQL; nesting beyond it raises WarehouseError (UNSUPPORTED)."""
    with _depth_lock:
        if sys.getrecursionlimit() < _DEPTH:
            sys.setrecursionlimit(_DEPTH)
    try:
        return work()
    except RecursionError:
        raise unsupported("the query is nested too deeply to be read here") from None


def unsupported(message: str, *, remedy: str = "", name: str = "") -> WarehouseError:
    """The error for what the stand-in cannot answer."""
    return WarehouseError(Cause.UNSUPPORTED, message, remedy=remedy, name=name)


def transpile(sql: str, dialect: str, *, catalogs: Mapping[str, str] | None = None) -> str:
    """``sql`` as DuckDB reads it; raises WarehouseError with Cause.UNSUPPORTED for what has no exact counterpart."""
    return deep(lambda: _transpile(sql, dialect, catalogs))


def _transpile(sql: str, dialect: str, catalogs: Mapping[str, str] | None) -> str:
    from sqlglot import ErrorLevel, exp, parse
    from sqlglot.errors import SqlglotError

    try:
        trees = parse(sql, dialect=dialect)
        for table in trees[0].find_all(exp.Table):
            table.set("catalog", None)
        return trees[0].sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE, comments=False)
    except SqlglotError as error:
        raise unsupported(str(error)) from None
