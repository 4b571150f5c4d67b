"""The statement that profiles a query's values, and its one row of numbers as a profile: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from preflight import identities
from preflight.model import ColumnProfile, IdentityProfile, Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters.local.queries import literal

_SCALARS = (
    Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT,
)  # fmt: skip
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_EXACT = 2**53


def statement(ask: ProfileAsk, sql: str) -> str:
    """One scan of ``sql``, which is DuckDB's rendering; a sample is the first rows that the engine comes upon.

    The columns are renamed by their position, so that names which differ by case alone do no harm.
    """
    if not ask.columns:
        return f"SELECT count(*) FROM (\n{sql}\n) AS model"  # noqa: S608 - the guard sees it before the engine
    names = ", ".join(f"c{index}" for index in range(len(ask.columns)))
    texts = "".join(f", CAST(c{i} AS VARCHAR) AS t{i}" for i, column in enumerate(ask.columns) if _as_text(column))
    limit = f" LIMIT {ask.sample_rows}" if ask.sample_rows is not None else ""
    select = ["count(*)"]
    if (nobody := _nobody(ask)) is not None:
        select.append(f"count(*) FILTER (WHERE {nobody})")
    for index, column in enumerate(ask.columns):
        select += [expression for _, expression in _measures(index, column)]
    listed = ",\n".join(select)
    return f"SELECT {listed}\nFROM (SELECT *{texts} FROM (\n{sql}\n) AS model({names}){limit}) AS read_rows"  # noqa: S608 - as above


def values(ask: ProfileAsk, row: Sequence[Any]) -> Profile:
    """The profile of the statement's row."""
    found = iter(row)
    rows = next(found)
    nobody = next(found) if _nobody(ask) is not None else None
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
    named = column.identity is not None or column.names_events or bool(column.allowed)
    return named or column.type.kind is Kind.TEXT


_SPACES = "' ' || chr(9) || chr(10) || chr(12) || chr(13)"


def _trimmed(index: int) -> str:
    """A column's text without the white space around it; a trim costs a fraction of a regular expression."""
    return f"trim(t{index}, {_SPACES})"


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
        yield "blanks", f"count(*) FILTER (WHERE {_blank(index)})"
        yield "longest_text", f"max(length(t{index}))"
    if kind is Kind.ARRAY:
        yield "longest_list", f"max(len({value}))"
        if column.type.element is not None and column.type.element.kind in _SCALARS:
            yield "longest_entry", f"max(list_max([length(CAST(entry AS VARCHAR)) FOR entry IN {value}]))"
    finite = ""
    if kind is Kind.FLOAT:
        yield "non_finite", f"count(*) FILTER (WHERE NOT isfinite({value}))"
        finite = f" FILTER (WHERE isfinite({value}))"
    if kind is Kind.INTEGER:
        yield "beyond_2_53", f"count(*) FILTER (WHERE {value} NOT BETWEEN -{_EXACT} AND {_EXACT})"
    if kind in _NUMBERS and column.identity is None:
        yield "minimum", f"CAST(min({value}){finite} AS VARCHAR)"
        yield "maximum", f"CAST(max({value}){finite} AS VARCHAR)"
    if column.allowed:
        yield "outside", f"count(*) FILTER (WHERE t{index} NOT IN ({', '.join(map(literal, column.allowed))}))"
    if column.names_events:
        yield "distinct", f"count(DISTINCT t{index})"
    if column.identity is not None:
        yield from _identity_measures(index, column.identity)


def _identity_measures(index: int, identity: str) -> Iterator[tuple[str, str]]:
    value, there = f"t{index}", f"{_trimmed(index)} <> ''"
    trimmed = _trimmed(index)
    placeholders = ", ".join(map(literal, identities.PLACEHOLDERS))
    yield "placeholders", f"count(*) FILTER (WHERE lower({trimmed}) IN ({placeholders}))"
    yield "duplicates", f"count(*) FILTER (WHERE {there}) - count(DISTINCT {value}) FILTER (WHERE {there})"
    if (form := identities.FORMS.get(identity)) is not None:
        wrong = f"{there} AND NOT regexp_full_match({trimmed}, {literal(form)})"
        yield "malformed", f"count(*) FILTER (WHERE {wrong})"
    if identity == "email":
        yield "untidy", f"count(*) FILTER (WHERE {there} AND {value} <> lower({trimmed}))"
