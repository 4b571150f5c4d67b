"""The statement that profiles a query's values, and its one row of numbers as a profile: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from preflight import identities
from preflight.model import ColumnProfile, IdentityProfile, Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters.bigquery.queries import identifier, literal

_CAST = (
    Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT,
)  # fmt: skip
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_EXACT = 2**53
_SPACES = r"' \t\n\f\r'"


def statement(ask: ProfileAsk, condition: str = "") -> str:
    """One scan of the query; a sample is the first rows that BigQuery comes upon, and reads no fewer bytes.

    ``condition`` is the partition filter that a table requires, if it does.
    """
    select = ["COUNT(*)"]
    if (nobody := _nobody(ask)) is not None:
        select.append(f"COUNTIF({nobody})")
    for index, column in enumerate(ask.columns):
        select += [expression for _, expression in _measures(index, column)]
    listed = ",\n".join(f"{expression} AS n{number}" for number, expression in enumerate(select))
    inner = [item for index, column in enumerate(ask.columns) for item in _inner(index, column)] or ["1 AS one"]
    where = f" WHERE {condition}" if condition else ""
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    return f"SELECT {listed}\nFROM (SELECT {', '.join(inner)} FROM (\n{ask.sql}\n) AS m{where}{limit}) AS read_rows"  # noqa: S608 - guarded


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
    counts = {name: int(number or 0) for name, number in numbers.items()}
    identity = None
    if column.identity is not None:
        own = {name: counts.pop(name) for name in IdentityProfile.__struct_fields__ if name in counts}
        identity = IdentityProfile(column.identity, **own)
    return msgspec.structs.replace(ColumnProfile(column.name, identity=identity), **counts, **extremes)


def _as_text(column: ProfileColumn) -> bool:
    return column.identity is not None or column.type.kind is Kind.TEXT


def _has_entries(column: ProfileColumn) -> bool:
    element = column.type.element
    return column.type.kind is Kind.ARRAY and element is not None and element.kind in _CAST


def _inner(index: int, column: ProfileColumn) -> Iterator[str]:
    """What the measures of one column are taken from: its value, its text, its longest entry."""
    value = f"m.{identifier(column.name)}"
    yield f"{value} AS c{index}"
    if _as_text(column):
        yield f"{_text(value, column.type.kind)} AS t{index}"
    if _has_entries(column):
        yield f"(SELECT MAX(LENGTH(CAST(entry AS STRING))) FROM UNNEST({value}) AS entry) AS e{index}"  # noqa: S608 - guarded


def _text(value: str, kind: Kind) -> str:
    if kind is Kind.BINARY:
        return f"TO_BASE64({value})"
    return f"CAST({value} AS STRING)" if kind in _CAST else f"TO_JSON_STRING({value})"


def _trimmed(index: int) -> str:
    return f"TRIM(t{index}, {_SPACES})"


def _nobody(ask: ProfileAsk) -> str | None:
    """Whether a row has no identity at all; None where no column is one."""
    tests = [f"(t{i} IS NULL OR {_trimmed(i)} = '')" for i, c in enumerate(ask.columns) if c.identity is not None]
    return " AND ".join(tests) if tests else None


def _measures(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    """Each number of one column: the profile's field, and the aggregate that gives it."""
    value, kind = f"c{index}", column.type.kind
    yield "nulls", f"COUNTIF({value} IS NULL)"
    if _as_text(column):
        yield "blanks", f"COUNTIF({_trimmed(index)} = '')"
        yield "longest_text", f"MAX(LENGTH(t{index}))"
    if kind is Kind.ARRAY:
        yield "longest_list", f"MAX(ARRAY_LENGTH({value}))"
        if _has_entries(column):
            yield "longest_entry", f"MAX(e{index})"
    finite = value
    if kind is Kind.FLOAT:
        yield "non_finite", f"COUNTIF(IS_NAN({value}) OR IS_INF({value}))"
        finite = f"IF(IS_NAN({value}) OR IS_INF({value}), NULL, {value})"
    if kind is Kind.INTEGER:
        yield "beyond_2_53", f"COUNTIF({value} NOT BETWEEN -{_EXACT} AND {_EXACT})"
    if kind in _NUMBERS and column.identity is None:
        yield "minimum", f"CAST(MIN({finite}) AS STRING)"
        yield "maximum", f"CAST(MAX({finite}) AS STRING)"
    if column.identity is not None:
        yield from _identity_measures(index, column.identity)


def _identity_measures(index: int, identity: str) -> Iterator[tuple[str, str]]:
    value, trimmed = f"t{index}", _trimmed(index)
    there = f"{trimmed} != ''"
    placeholders = ", ".join(map(literal, identities.PLACEHOLDERS))
    yield "placeholders", f"COUNTIF(LOWER({trimmed}) IN ({placeholders}))"
    yield "duplicates", f"COUNTIF({there}) - COUNT(DISTINCT IF({there}, {value}, NULL))"
    if (form := identities.FORMS.get(identity)) is not None:
        pattern = literal(f"^(?:{form})$")
        yield "malformed", f"COUNTIF({there} AND NOT REGEXP_CONTAINS({trimmed}, {pattern}))"
    if identity == "email":
        yield "untidy", f"COUNTIF({there} AND {value} != LOWER({trimmed}))"
