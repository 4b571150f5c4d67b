"""The statement that profiles a query's values, in Redshift's words: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from preflight.errors import Cause, WarehouseError
from preflight.model import Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters._profile import Words, as_text, read, select
from preflight_adapters.redshift.queries import Statement, literal, unended

_LARGEST = "CAST('1.7976931348623157e308' AS DOUBLE PRECISION)"
_WIDEST = 65535
"""Bytes; a cast to VARCHAR alone cuts at 256."""
MAX_EXPRESSIONS = 1600
"""Expressions that a select list may hold: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-postgres-jdbc.html."""


def statement(ask: ProfileAsk) -> Statement:
    """One scan of the query; a sample is the first rows that the engine comes upon.

    The columns are renamed by their position, so that equal names do no harm. Raises WarehouseError (UNSUPPORTED) where
    the select list would be too long.
    """
    sql = unended(ask.sql)
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    chosen = select(ask, _WORDS)
    if len(chosen) > MAX_EXPRESSIONS:
        raise WarehouseError(
            Cause.UNSUPPORTED, f"{len(ask.columns)} columns are more than one statement of Redshift can profile"
        )
    values = [f"c{i}" for i in range(len(ask.columns))]
    texts = [f"{_text(i, column)} AS t{i}" for i, column in enumerate(ask.columns) if as_text(column)]
    names = f"({', '.join(values)})" if values else ""
    listed = ",\n".join(chosen)
    before = f"SELECT {listed}\nFROM (SELECT {', '.join(values + texts) or '1 AS one'} FROM (\n"  # noqa: S608 - the guard sees it before the server
    return Statement(f"{before}{sql}\n) AS model{names}{limit}) AS read_rows", len(before), len(sql))


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    return read(ask, row, _WORDS)


def _text(index: int, column: ProfileColumn) -> str:
    """A column's value as text; Redshift casts neither a boolean nor a SUPER to VARCHAR."""
    value, kind = f"c{index}", column.type.kind
    if kind is Kind.TEXT:
        return value
    if kind is Kind.BOOLEAN:
        return f"CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' END"
    if kind is Kind.JSON:
        return f"json_serialize({value})"
    if kind is Kind.BINARY:
        return f"from_varbyte({value}, 'hex')"
    return f"CAST({value} AS VARCHAR({_WIDEST}))"


def _lists(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    if column.type.kind is Kind.JSON:
        yield "longest_list", f"max(CASE WHEN is_array(c{index}) THEN get_array_length(c{index}) END)"


def _extreme(function: str, value: str, left_out: str) -> str:
    return f"CAST({function}({f'CASE WHEN NOT ({left_out}) THEN {value} END' if left_out else value}) AS VARCHAR(64))"


def _mismatch(text: str, form: str) -> str:
    return f"NOT {text} ~ {literal(f'^({posix(form)})$')}"


def posix(form: str) -> str:
    """A pattern without backslashes, which Redshift's string literals read as escapes: classes stand for them."""
    for escape, plain in ((r"\s", "[:space:]"), (r"\.", "[.]"), (r"\+", "[+]")):
        form = form.replace(escape, plain)
    return form


_WORDS = Words(
    literal=literal,
    count_if=lambda condition: f"count(CASE WHEN {condition} THEN 1 END)",
    trimmed=lambda text: f"btrim({text}, ' ' || chr(9) || chr(10) || chr(12) || chr(13))",
    length="char_length",
    mismatch=_mismatch,
    lists=_lists,
    non_finite=lambda value: f"{value} IS NOT NULL AND NOT abs({value}) <= {_LARGEST}",
    extreme=_extreme,
)
