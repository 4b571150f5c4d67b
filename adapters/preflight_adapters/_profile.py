"""What a value profile counts, for every engine: the same numbers, in each engine's own words. Pure.

An engine's statement names the columns by their position: ``c0`` is a value, ``t0`` the same as text where
``as_text`` says that it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from preflight import identities
from preflight.model import ColumnProfile, IdentityProfile, Kind, Profile, ProfileAsk, ProfileColumn

SCALARS = (
    Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.INSTANT,
)  # fmt: skip
_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_EXACT = 2**53

Measures = Iterable[tuple[str, str]]
"""Each number of one column: the profile's field, and the aggregate that gives it."""


class Words(msgspec.Struct, frozen=True):
    """How an engine says what its profile counts."""

    literal: Callable[[str], str]
    """A text as a literal."""
    count_if: Callable[[str], str]
    """The rows for which a condition holds."""
    trimmed: Callable[[str], str]
    """A text without the white space around it: space, tab, line feed, form feed, carriage return."""
    length: str
    """The function that counts a text's characters."""
    mismatch: Callable[[str, str], str]
    """The condition that a text is not, as a whole, of the form of a regular expression."""
    lists: Callable[[int, ProfileColumn], Measures]
    """``longest_list`` and ``longest_entry`` of a column, where it holds lists."""
    non_finite: Callable[[str], str]
    """The condition that a number with a binary point is NaN or infinite."""
    extreme: Callable[[str, str, str], str]
    """``min`` or ``max`` of a value, as text, over the rows for which a condition (empty: none) does not hold."""


def as_text(column: ProfileColumn) -> bool:
    """Whether a column is looked at as text."""
    named = column.identity is not None or column.names_events or bool(column.allowed)
    return named or column.type.kind is Kind.TEXT


def select(ask: ProfileAsk, words: Words) -> list[str]:
    """The aggregates of the one row, in order."""
    found = ["COUNT(*)"]
    if (nobody := _nobody(ask, words)) is not None:
        found.append(words.count_if(nobody))
    for index, column in enumerate(ask.columns):
        found += [expression for _, expression in _measures(index, column, words)]
    return found


def read(ask: ProfileAsk, row: Sequence[Any], words: Words) -> Profile:
    """The profile that the one row of ``select`` means."""
    found = iter(row)
    rows = int(next(found))
    nobody = int(next(found)) if _nobody(ask, words) is not None else None
    columns = tuple(_column(index, column, found, words) for index, column in enumerate(ask.columns))
    return Profile(rows, ask.sample_rows is not None and rows >= ask.sample_rows, columns, nobody)


def _column(index: int, column: ProfileColumn, found: Iterator[Any], words: Words) -> ColumnProfile:
    numbers = {name: next(found) for name, _ in _measures(index, column, words)}
    extremes = {name: numbers.pop(name, None) for name in ("minimum", "maximum")}
    texts = {name: None if number is None else str(number) for name, number in extremes.items()}
    counts = {name: int(number or 0) for name, number in numbers.items()}
    identity = None
    if column.identity is not None:
        own = {name: counts.pop(name) for name in IdentityProfile.__struct_fields__ if name in counts}
        identity = IdentityProfile(column.identity, **own)
    return msgspec.structs.replace(ColumnProfile(column.name, identity=identity), **counts, **texts)


def _nobody(ask: ProfileAsk, words: Words) -> str | None:
    """Whether a row has no identity at all; None where no column is one."""
    tests = [
        f"(t{index} IS NULL OR {words.trimmed(f't{index}')} = '')"
        for index, column in enumerate(ask.columns)
        if column.identity is not None
    ]
    return " AND ".join(tests) if tests else None


def _measures(index: int, column: ProfileColumn, words: Words) -> Iterator[tuple[str, str]]:
    value, text, kind = f"c{index}", f"t{index}", column.type.kind
    yield "nulls", words.count_if(f"{value} IS NULL")
    if as_text(column):
        yield "blanks", words.count_if(f"{words.trimmed(text)} = ''")
        yield "longest_text", f"MAX({words.length}({text}))"
    yield from words.lists(index, column)
    infinite = words.non_finite(value) if kind is Kind.FLOAT else ""
    if infinite:
        yield "non_finite", words.count_if(infinite)
    if kind is Kind.INTEGER:
        yield "beyond_2_53", words.count_if(f"{value} NOT BETWEEN -{_EXACT} AND {_EXACT}")
    if kind in _NUMBERS and column.identity is None:
        yield "minimum", words.extreme("MIN", value, infinite)
        yield "maximum", words.extreme("MAX", value, infinite)
    if column.allowed:
        yield "outside", words.count_if(f"{text} NOT IN ({', '.join(map(words.literal, column.allowed))})")
    if column.names_events:
        yield "distinct", f"COUNT(DISTINCT {text})"
    if column.identity is not None:
        yield from _identity_measures(text, column.identity, words)


def _identity_measures(text: str, identity: str, words: Words) -> Iterator[tuple[str, str]]:
    trimmed = words.trimmed(text)
    there = f"{trimmed} <> ''"
    placeholders = ", ".join(map(words.literal, identities.PLACEHOLDERS))
    yield "placeholders", words.count_if(f"LOWER({trimmed}) IN ({placeholders})")
    yield "duplicates", f"{words.count_if(there)} - COUNT(DISTINCT CASE WHEN {there} THEN {text} END)"
    if (form := identities.FORMS.get(identity)) is not None:
        yield "malformed", words.count_if(f"{there} AND {words.mismatch(trimmed, form)}")
    if identity == "email":
        yield "untidy", words.count_if(f"{there} AND {text} <> LOWER({trimmed})")
