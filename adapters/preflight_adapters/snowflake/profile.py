"""The statement that profiles a query's values, in Snowflake's words: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from preflight.model import Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters._profile import SCALARS, Words, as_text, read, select
from preflight_adapters.snowflake.queries import body, literal

_NON_FINITE = "('NaN'::FLOAT, 'inf'::FLOAT, '-inf'::FLOAT)"


def statement(ask: ProfileAsk) -> str:
    """One scan of the query; a sample is the first rows that the engine comes upon.

    The columns are renamed by their position, so that equal names do no harm.
    """
    names = ", ".join(f"c{index}" for index in range(len(ask.columns)))
    head = f"WITH model{f' ({names})' if names else ''} AS (\n{body(ask.sql)}\n)"
    texts = "".join(f", CAST(c{i} AS VARCHAR) AS t{i}" for i, column in enumerate(ask.columns) if as_text(column))
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    listed = ",\n".join(f"{expression} AS n{number}" for number, expression in enumerate(select(ask, _WORDS)))
    return f"{head}\nSELECT {listed}\nFROM (SELECT *{texts} FROM model{limit}) AS read_rows"  # noqa: S608 - the gate sees it


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    return read(ask, row, _WORDS)


def _lists(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    if column.type.kind is Kind.ARRAY:
        yield "longest_list", f"MAX(ARRAY_SIZE(c{index}))"
        if (entry := _entry_length(column)) is not None:
            yield "longest_entry", f"MAX(ARRAY_MAX(TRANSFORM(c{index}, e -> {entry})))"


def _entry_length(column: ProfileColumn) -> str | None:
    """The length of a list's entry ``e`` as text; of a list of anything, only where the entry is a scalar."""
    element = column.type.element
    if element is None:
        return "CASE WHEN TYPEOF(e) NOT IN ('ARRAY', 'OBJECT') THEN LENGTH(CAST(e AS VARCHAR)) END"
    return "LENGTH(CAST(e AS VARCHAR))" if element.kind in SCALARS else None


def _extreme(function: str, value: str, left_out: str) -> str:
    return f"{function}({f'CASE WHEN NOT ({left_out}) THEN {value} END' if left_out else value})"


_WORDS = Words(
    literal=literal,
    count_if=lambda condition: f"COUNT_IF({condition})",
    trimmed=lambda text: f"TRIM({text}, ' ' || CHR(9) || CHR(10) || CHR(12) || CHR(13))",
    length="LENGTH",
    mismatch=lambda text, form: f"NOT REGEXP_LIKE({text}, {literal(form)})",  # it matches the whole value
    lists=_lists,
    non_finite=lambda value: f"{value} IN {_NON_FINITE}",
    extreme=_extreme,
)
