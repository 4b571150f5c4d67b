"""The statement that profiles a query's values, and its one row of numbers as a profile: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from preflight import identities
from preflight.model import ColumnProfile, IdentityProfile, Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters.databricks.queries import bare, literal, rows

_SCALARS = (
    Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT,
)  # fmt: skip
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_EXACT = 2**53
_SPACES = "concat(' ', char(9), char(10), char(12), char(13))"


def statement(ask: ProfileAsk) -> str:
    """One scan of the query; a sample is the first rows that the warehouse comes upon.

    The columns are renamed by their position, so that names which differ by case alone do no harm.
    """
    if not ask.columns:
        return rows(ask.sql)
    names = ", ".join(f"c{index}" for index in range(len(ask.columns)))
    texts = "".join(f", CAST(c{i} AS STRING) AS t{i}" for i, column in enumerate(ask.columns) if _as_text(column))
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    select = ["count(*)"]
    if (nobody := _nobody(ask)) is not None:
        select.append(f"count_if({nobody})")
    for index, column in enumerate(ask.columns):
        select += [expression for _, expression in _measures(index, column)]
    listed = ",\n".join(f"{expression} AS r{number}" for number, expression in enumerate(select))
    return f"SELECT {listed}\nFROM (SELECT *{texts} FROM (\n{bare(ask.sql)}\n) AS model({names}){limit}) AS read_rows"  # noqa: S608 - the guard sees it before the warehouse


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    found = iter(row)
    count = int(next(found))
    nobody = int(next(found)) if _nobody(ask) is not None else None
    columns = tuple(_column(index, column, found) for index, column in enumerate(ask.columns))
    return Profile(count, ask.sample_rows is not None and count >= ask.sample_rows, columns, nobody)


def _column(index: int, column: ProfileColumn, found: Iterator[Any]) -> ColumnProfile:
    numbers = {name: next(found) for name, _ in _measures(index, column)}
    extremes = {name: numbers.pop(name, None) for name in ("minimum", "maximum")}
    counts = {name: int(number or 0) for name, number in numbers.items()}
    identity = None
    if column.identity is not None:
        own = {name: counts.pop(name) for name in IdentityProfile.__struct_fields__ if name in counts}
        identity = IdentityProfile(column.identity, **own)
    return msgspec.structs.replace(ColumnProfile(column.name, identity=identity), **counts, **extremes)


def _as_text(column: ProfileColumn) -> bool:
    return column.identity is not None or column.type.kind is Kind.TEXT


def _trimmed(index: int) -> str:
    return f"btrim(t{index}, {_SPACES})"


def _blank(index: int) -> str:
    return f"{_trimmed(index)} = ''"


def _nobody(ask: ProfileAsk) -> str | None:
    """Whether a row has no identity at all; None where no column is one."""
    tests = [f"(t{i} IS NULL OR {_blank(i)})" for i, column in enumerate(ask.columns) if column.identity is not None]
    return " AND ".join(tests) if tests else None


def _measures(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    """Each number of one column: the profile's field, and the aggregate that gives it."""
    value, kind = f"c{index}", column.type.kind
    yield "nulls", f"count(*) - count({value})"
    if _as_text(column):
        yield "blanks", f"count_if({_blank(index)})"
        yield "longest_text", f"max(char_length(t{index}))"
    if kind is Kind.ARRAY:
        yield "longest_list", f"max(array_size({value}))"
        if column.type.element is not None and column.type.element.kind in _SCALARS:
            entries = f"transform({value}, entry -> char_length(CAST(entry AS STRING)))"
            yield "longest_entry", f"max(array_max({entries}))"
    finite = ""
    if kind is Kind.FLOAT:
        infinite = f"isnan({value}) OR abs({value}) = CAST('Infinity' AS DOUBLE)"
        yield "non_finite", f"count_if({infinite})"
        finite = f" FILTER (WHERE NOT ({infinite}))"
    if kind is Kind.INTEGER:
        yield "beyond_2_53", f"count_if({value} NOT BETWEEN -{_EXACT} AND {_EXACT})"
    if kind in _NUMBERS and column.identity is None:
        yield "minimum", f"CAST(min({value}){finite} AS STRING)"
        yield "maximum", f"CAST(max({value}){finite} AS STRING)"
    if column.identity is not None:
        yield from _identity_measures(index, column.identity)


def _identity_measures(index: int, identity: str) -> Iterator[tuple[str, str]]:
    value, trimmed = f"t{index}", _trimmed(index)
    there = f"{trimmed} <> ''"
    placeholders = ", ".join(map(literal, identities.PLACEHOLDERS))
    yield "placeholders", f"count_if(lower({trimmed}) IN ({placeholders}))"
    yield "duplicates", f"count_if({there}) - count(DISTINCT CASE WHEN {there} THEN {value} END)"
    if (form := identities.FORMS.get(identity)) is not None:
        whole = literal(rf"^(?:{form})\z")
        yield "malformed", f"count_if({there} AND NOT {trimmed} RLIKE {whole})"
    if identity == "email":
        yield "untidy", f"count_if({there} AND {value} <> lower({trimmed}))"
