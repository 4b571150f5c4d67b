"""The statement that profiles a query's values, in BigQuery's words: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from preflight.model import Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters._profile import SCALARS, Words, as_text, read, select
from preflight_adapters.bigquery.queries import identifier, literal


def statement(ask: ProfileAsk, condition: str = "") -> str:
    """One scan of the query; a sample is the first rows that BigQuery comes upon, and reads no fewer bytes.

    ``condition`` is the partition filter that a table requires, if it does.
    """
    listed = ",\n".join(f"{expression} AS n{number}" for number, expression in enumerate(select(ask, _WORDS)))
    inner = [item for index, column in enumerate(ask.columns) for item in _inner(index, column)] or ["1 AS one"]
    where = f" WHERE {condition}" if condition else ""
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    return f"SELECT {listed}\nFROM (SELECT {', '.join(inner)} FROM (\n{ask.sql}\n) AS m{where}{limit}) AS read_rows"  # noqa: S608 - guarded


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    return read(ask, row, _WORDS)


def _has_entries(column: ProfileColumn) -> bool:
    element = column.type.element
    return column.type.kind is Kind.ARRAY and element is not None and element.kind in SCALARS


def _inner(index: int, column: ProfileColumn) -> Iterator[str]:
    """What the measures of one column are taken from: its value, its text, its longest entry."""
    value = f"m.{identifier(column.name)}"
    yield f"{value} AS c{index}"
    if as_text(column):
        yield f"{_text(value, column.type.kind)} AS t{index}"
    if _has_entries(column):
        yield f"(SELECT MAX(LENGTH(CAST(entry AS STRING))) FROM UNNEST({value}) AS entry) AS e{index}"  # noqa: S608 - guarded


def _text(value: str, kind: Kind) -> str:
    if kind is Kind.BINARY:
        return f"TO_BASE64({value})"
    return f"CAST({value} AS STRING)" if kind in SCALARS else f"TO_JSON_STRING({value})"


def _lists(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    if column.type.kind is Kind.ARRAY:
        yield "longest_list", f"MAX(ARRAY_LENGTH(c{index}))"
        if _has_entries(column):
            yield "longest_entry", f"MAX(e{index})"


def _mismatch(text: str, form: str) -> str:
    return f"NOT REGEXP_CONTAINS({text}, {literal(f'^(?:{form})$')})"


def _extreme(function: str, value: str, left_out: str) -> str:
    return f"CAST({function}({f'IF({left_out}, NULL, {value})' if left_out else value}) AS STRING)"


_WORDS = Words(
    literal=literal,
    count_if=lambda condition: f"COUNTIF({condition})",
    trimmed=lambda text: rf"TRIM({text}, ' \t\n\f\r')",
    length="LENGTH",
    mismatch=_mismatch,
    lists=_lists,
    non_finite=lambda value: f"IS_NAN({value}) OR IS_INF({value})",
    extreme=_extreme,
)
