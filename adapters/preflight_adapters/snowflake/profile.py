"""The statement that profiles a query's values, and its one row of numbers as a profile: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from preflight import identities
from preflight.model import ColumnProfile, IdentityProfile, Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters.snowflake.queries import body, literal

_SCALARS = (
    Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT,
)  # fmt: skip
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_EXACT = 2**53
_SPACES = "' ' || CHR(9) || CHR(10) || CHR(12) || CHR(13)"
_NON_FINITE = "('NaN'::FLOAT, 'inf'::FLOAT, '-inf'::FLOAT)"


def statement(ask: ProfileAsk) -> str:
    """One scan of the query; a sample is the first rows that the engine comes upon.

    The columns are renamed by their position, so that equal names do no harm.
    """
    names = ", ".join(f"c{index}" for index in range(len(ask.columns)))
    head = f"WITH model{f' ({names})' if names else ''} AS (\n{body(ask.sql)}\n)"
    texts = "".join(f", CAST(c{i} AS VARCHAR) AS t{i}" for i, column in enumerate(ask.columns) if _as_text(column))
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    select = ["COUNT(*)"]
    if (nobody := _nobody(ask)) is not None:
        select.append(f"COUNT_IF({nobody})")
    for index, column in enumerate(ask.columns):
        select += [expression for _, expression in _measures(index, column)]
    listed = ",\n".join(f"{expression} AS n{number}" for number, expression in enumerate(select))
    return f"{head}\nSELECT {listed}\nFROM (SELECT *{texts} FROM model{limit}) AS read_rows"  # noqa: S608 - the gate sees it


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    found = iter(row)
    rows = int(next(found))
    nobody = int(next(found)) if _nobody(ask) is not None else None
    columns = tuple(_column(index, column, found) for index, column in enumerate(ask.columns))
    return Profile(rows, ask.sample_rows is not None and rows >= ask.sample_rows, columns, nobody)


def _column(index: int, column: ProfileColumn, found: Iterator[Any]) -> ColumnProfile:
    numbers = {name: next(found) for name, _ in _measures(index, column)}
    extremes = {name: numbers.pop(name, None) for name in ("minimum", "maximum")}
    texts = {name: None if number is None else str(number) for name, number in extremes.items()}
    counts = {name: int(number or 0) for name, number in numbers.items()}
    identity = None
    if column.identity is not None:
        own = {name: counts.pop(name) for name in IdentityProfile.__struct_fields__ if name in counts}
        identity = IdentityProfile(column.identity, **own)
    return msgspec.structs.replace(ColumnProfile(column.name, identity=identity), **counts, **texts)


def _as_text(column: ProfileColumn) -> bool:
    return column.identity is not None or column.type.kind is Kind.TEXT


def _trimmed(index: int) -> str:
    return f"TRIM(t{index}, {_SPACES})"


def _blank(index: int) -> str:
    return f"{_trimmed(index)} = ''"


def _nobody(ask: ProfileAsk) -> str | None:
    """Whether a row has no identity at all; None where no column is one."""
    tests = [f"(t{i} IS NULL OR {_blank(i)})" for i, column in enumerate(ask.columns) if column.identity is not None]
    return " AND ".join(tests) if tests else None


def _measures(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    """Each number of one column: the profile's field, and the aggregate that gives it."""
    value, kind = f"c{index}", column.type.kind
    yield "nulls", f"COUNT(*) - COUNT({value})"
    if _as_text(column):
        yield "blanks", f"COUNT_IF({_blank(index)})"
        yield "longest_text", f"MAX(LENGTH(t{index}))"
    if kind is Kind.ARRAY:
        yield "longest_list", f"MAX(ARRAY_SIZE({value}))"
        if (entry := _entry_length(column)) is not None:
            yield "longest_entry", f"MAX(ARRAY_MAX(TRANSFORM({value}, e -> {entry})))"
    finite = value
    if kind is Kind.FLOAT:
        yield "non_finite", f"COUNT_IF({value} IN {_NON_FINITE})"
        finite = f"CASE WHEN {value} NOT IN {_NON_FINITE} THEN {value} END"
    if kind is Kind.INTEGER:
        yield "beyond_2_53", f"COUNT_IF({value} NOT BETWEEN -{_EXACT} AND {_EXACT})"
    if kind in _NUMBERS and column.identity is None:
        yield "minimum", f"MIN({finite})"
        yield "maximum", f"MAX({finite})"
    if column.identity is not None:
        yield from _identity_measures(index, column.identity)


def _entry_length(column: ProfileColumn) -> str | None:
    """The length of a list's entry ``e`` as text; of a list of anything, only where the entry is a scalar."""
    element = column.type.element
    if element is None:
        return "CASE WHEN TYPEOF(e) NOT IN ('ARRAY', 'OBJECT') THEN LENGTH(CAST(e AS VARCHAR)) END"
    return "LENGTH(CAST(e AS VARCHAR))" if element.kind in _SCALARS else None


def _identity_measures(index: int, identity: str) -> Iterator[tuple[str, str]]:
    value, there, trimmed = f"t{index}", f"{_trimmed(index)} <> ''", _trimmed(index)
    placeholders = ", ".join(map(literal, identities.PLACEHOLDERS))
    yield "placeholders", f"COUNT_IF(LOWER({trimmed}) IN ({placeholders}))"
    yield "duplicates", f"COUNT_IF({there}) - COUNT(DISTINCT CASE WHEN {there} THEN {value} END)"
    if (form := identities.FORMS.get(identity)) is not None:
        # REGEXP_LIKE of Snowflake matches the whole value
        yield "malformed", f"COUNT_IF({there} AND NOT REGEXP_LIKE({trimmed}, {literal(form)}))"
    if identity == "email":
        yield "untidy", f"COUNT_IF({there} AND {value} <> LOWER({trimmed}))"
