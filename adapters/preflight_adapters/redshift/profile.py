"""The statement that profiles a query's values, and its one row of numbers as a profile: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from preflight import identities
from preflight.errors import Cause, WarehouseError
from preflight.model import ColumnProfile, IdentityProfile, Kind, Profile, ProfileAsk, ProfileColumn
from preflight_adapters.redshift.queries import Statement, literal, unended

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_EXACT = 2**53
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
    select = ["count(*)"]
    if (nobody := _nobody(ask)) is not None:
        select.append(_count(nobody))
    for index, column in enumerate(ask.columns):
        select += [expression for _, expression in _measures(index, column)]
    if len(select) > MAX_EXPRESSIONS:
        raise WarehouseError(
            Cause.UNSUPPORTED, f"{len(ask.columns)} columns are more than one statement of Redshift can profile"
        )
    values = [f"c{i}" for i in range(len(ask.columns))]
    texts = [f"{_text(i, column)} AS t{i}" for i, column in enumerate(ask.columns) if _as_text(column)]
    names = f"({', '.join(values)})" if values else ""
    listed = ",\n".join(select)
    before = f"SELECT {listed}\nFROM (SELECT {', '.join(values + texts) or '1 AS one'} FROM (\n"  # noqa: S608 - the guard sees it before the server
    return Statement(f"{before}{sql}\n) AS model{names}{limit}) AS read_rows", len(before), len(sql))


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


def _trimmed(index: int) -> str:
    return f"btrim(t{index}, ' ' || chr(9) || chr(10) || chr(12) || chr(13))"


def _blank(index: int) -> str:
    return f"{_trimmed(index)} = ''"


def _count(condition: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END)"


def _nobody(ask: ProfileAsk) -> str | None:
    """Whether a row has no identity at all; None where no column is one."""
    tests = [f"(t{i} IS NULL OR {_blank(i)})" for i, column in enumerate(ask.columns) if column.identity is not None]
    return " AND ".join(tests) if tests else None


def _measures(index: int, column: ProfileColumn) -> Iterator[tuple[str, str]]:
    """Each number of one column: the profile's field, and the aggregate that gives it."""
    value, kind = f"c{index}", column.type.kind
    yield "nulls", _count(f"{value} IS NULL")
    if _as_text(column):
        yield "blanks", _count(_blank(index))
        yield "longest_text", f"max(char_length(t{index}))"
    if kind is Kind.JSON:
        yield "longest_list", f"max(CASE WHEN is_array({value}) THEN get_array_length({value}) END)"
    number = value
    if kind is Kind.FLOAT:
        yield "non_finite", _count(f"{value} IS NOT NULL AND NOT abs({value}) <= {_LARGEST}")
        number = f"CASE WHEN abs({value}) <= {_LARGEST} THEN {value} END"
    if kind is Kind.INTEGER:
        yield "beyond_2_53", _count(f"{value} NOT BETWEEN -{_EXACT} AND {_EXACT}")
    if kind in _NUMBERS and column.identity is None:
        yield "minimum", f"CAST(min({number}) AS VARCHAR(64))"
        yield "maximum", f"CAST(max({number}) AS VARCHAR(64))"
    if column.identity is not None:
        yield from _identity_measures(index, column.identity)


def _identity_measures(index: int, identity: str) -> Iterator[tuple[str, str]]:
    value, trimmed = f"t{index}", _trimmed(index)
    there = f"{trimmed} <> ''"
    placeholders = ", ".join(map(literal, identities.PLACEHOLDERS))
    yield "placeholders", _count(f"lower({trimmed}) IN ({placeholders})")
    yield "duplicates", f"{_count(there)} - count(DISTINCT CASE WHEN {there} THEN {value} END)"
    if (form := identities.FORMS.get(identity)) is not None:
        yield "malformed", _count(f"{there} AND NOT {trimmed} ~ {literal(f'^({posix(form)})$')}")
    if identity == "email":
        yield "untidy", _count(f"{there} AND {value} <> lower({trimmed})")


def posix(form: str) -> str:
    """A pattern without backslashes, which Redshift's string literals read as escapes: classes stand for them."""
    for escape, plain in ((r"\s", "[:space:]"), (r"\.", "[.]"), (r"\+", "[+]")):
        form = form.replace(escape, plain)
    return form
