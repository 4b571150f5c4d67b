"""The statement that profiles a query's values, in Databricks' words: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from preflight.model import Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters._profile import SCALARS, Words, as_text, read, select
from preflight_adapters.databricks.queries import bare, literal, rows


def statement(ask: ProfileAsk) -> str:
    """One scan of the query; a sample is the first rows that the warehouse comes upon.

    The columns are renamed by their position, so that names which differ by case alone do no harm.
    """
    if not ask.columns:
        return rows(ask.sql)
    names = ", ".join(f"c{index}" for index in range(len(ask.columns)))
    texts = "".join(f", CAST(c{i} AS STRING) AS t{i}" for i, column in enumerate(ask.columns) if as_text(column))
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    listed = ",\n".join(f"{expression} AS r{number}" for number, expression in enumerate(select(ask, _WORDS)))
    return f"SELECT {listed}\nFROM (SELECT *{texts} FROM (\n{bare(ask.sql)}\n) AS model({names}){limit}) AS read_rows"  # noqa: S608 - the guard sees it before the warehouse


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    return read(ask, row, _WORDS)


def _lists(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    if column.type.kind is Kind.ARRAY:
        yield "longest_list", f"max(array_size(c{index}))"
        if column.type.element is not None and column.type.element.kind in SCALARS:
            entries = f"transform(c{index}, entry -> char_length(CAST(entry AS STRING)))"
            yield "longest_entry", f"max(array_max({entries}))"


def _extreme(function: str, value: str, left_out: str) -> str:
    return f"CAST({function}({value}){f' FILTER (WHERE NOT ({left_out}))' if left_out else ''} AS STRING)"


_WORDS = Words(
    literal=literal,
    count_if=lambda condition: f"count_if({condition})",
    trimmed=lambda text: f"btrim({text}, concat(' ', char(9), char(10), char(12), char(13)))",
    length="char_length",
    mismatch=lambda text, form: f"NOT {text} RLIKE {literal(rf'^(?:{form})' + chr(92) + 'z')}",
    lists=_lists,
    non_finite=lambda value: f"isnan({value}) OR abs({value}) = CAST('Infinity' AS DOUBLE)",
    extreme=_extreme,
)
