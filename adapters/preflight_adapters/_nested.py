"""What adapters share that nest a model's text into statements of their own: its bare text, and plain rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from preflight.model import Column, Kind

_DEEPEST = 50


def body(sql: str, dialect: str) -> str:
    """The model's text without the semicolons at its end and what comes behind them, which is only comments."""
    if ";" not in sql:
        return sql
    from sqlglot import tokenize
    from sqlglot.errors import SqlglotError

    try:
        tokens = tokenize(sql, dialect=dialect)
    except SqlglotError:
        return sql
    end = len(sql)
    while tokens and tokens[-1].token_type.name == "SEMICOLON":
        end = tokens.pop().start
    return sql[:end]


def sample_rows(rows: Iterable[Sequence[Any]], columns: Sequence[Column]) -> tuple[tuple[Any, ...], ...]:
    """A driver's rows as ``preflight.source.Sampler`` has them; lists and objects that come as JSON text are read."""
    nested = (Kind.ARRAY, Kind.STRUCT, Kind.MAP, Kind.JSON)
    return tuple(
        tuple(
            _read(value) if column.type.kind in nested else _plain(value)
            for value, column in zip(row, columns, strict=True)
        )
        for row in rows
    )


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return _plain(value)
    import msgspec

    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _plain(value: Any, depth: int = 0) -> Any:
    """A driver's value as a plain one."""
    if value is None or isinstance(value, bool | int | float | str | bytes | Decimal):
        return value
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if depth < _DEEPEST and not isinstance(value, timedelta):
        if isinstance(value, Mapping):
            return {str(key): _plain(item, depth + 1) for key, item in value.items()}
        if isinstance(value, Iterable):
            return [_plain(item, depth + 1) for item in value]
    return str(value)
