"""The statement that profiles a query's values, in DuckDB's words: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from preflight.model import Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters._profile import SCALARS, Words, as_text, read, select
from preflight_adapters.local.queries import literal


def statement(ask: ProfileAsk, sql: str) -> str:
    """One scan of ``sql``, which is DuckDB's rendering; a sample is the first rows that the engine comes upon.

    The columns are renamed by their position, so that names which differ by case alone do no harm.
    """
    if not ask.columns:
        return f"SELECT count(*) FROM (\n{sql}\n) AS model"  # noqa: S608 - the guard sees it before the engine
    names = ", ".join(f"c{index}" for index in range(len(ask.columns)))
    texts = "".join(f", CAST(c{i} AS VARCHAR) AS t{i}" for i, column in enumerate(ask.columns) if as_text(column))
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    listed = ",\n".join(select(ask, _WORDS))
    return f"SELECT {listed}\nFROM (SELECT *{texts} FROM (\n{sql}\n) AS model({names}){limit}) AS read_rows"  # noqa: S608 - as above


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    return read(ask, row, _WORDS)


def _lists(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    if column.type.kind is Kind.ARRAY:
        yield "longest_list", f"max(len(c{index}))"
        if column.type.element is not None and column.type.element.kind in SCALARS:
            yield "longest_entry", f"max(list_max([length(CAST(entry AS VARCHAR)) FOR entry IN c{index}]))"


def _extreme(function: str, value: str, left_out: str) -> str:
    return f"CAST({function}({value}){f' FILTER (WHERE NOT ({left_out}))' if left_out else ''} AS VARCHAR)"


_WORDS = Words(
    literal=literal,
    count_if=lambda condition: f"count(*) FILTER (WHERE {condition})",
    # a trim costs a fraction of a regular expression
    trimmed=lambda text: f"trim({text}, ' ' || chr(9) || chr(10) || chr(12) || chr(13))",
    length="length",
    mismatch=lambda text, form: f"NOT regexp_full_match({text}, {literal(form)})",
    lists=_lists,
    non_finite=lambda value: f"NOT isfinite({value})",
    extreme=_extreme,
)
