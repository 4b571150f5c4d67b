"""What the rules said of one subject, in values that another process can send and a cache can keep.

Nothing in it hangs on the day: waivers, suppressions and the baseline are looked up by the run that puts a report
together.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from preflight.finding import Asked, Basis, Depth, Failure, Finding, Measure, State, Windows
from preflight.location import SqlRange
from preflight.model import Schema, Type
from preflight.query import OutputColumn, Outputs
from preflight.rule import Fact, Missing


class Said(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """How one rule ended for the subject."""

    state: State = State.PASS
    reason: str = ""
    measures: tuple[Measure, ...] = ()
    findings: tuple[Finding, ...] = ()
    traceback: str = ""
    """Of a rule that crashed."""


PASSED = Said()


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One subject; a rule that is not in ``said`` passed and weighed nothing."""

    said: dict[str, Said]
    """By the rules' codes."""
    clock: tuple[str, ...] = ()
    """The codes of the rules that asked what time it is, whose word holds for this run alone."""
    missing: dict[Fact, Missing] = {}
    """Why facts were missing, where a rule asked what time it is and so has to be run again."""
    schema: Schema | None = None
    bases: tuple[tuple[Fact, Basis], ...] = ()
    """What each known fact rests on."""
    outputs: Outputs | None = None
    """Of a pipeline whose query could be read: what it puts out."""
    windows: Windows | None = None


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Some subjects, in the order in which they were asked for, and how the asking for their facts went."""

    parts: tuple[Part, ...]
    failures: tuple[Failure, ...] = ()
    depths: dict[str, Depth] = {}
    statements: tuple[Asked, ...] = ()
    interrupted: bool = False


Packed = TypeVar("Packed", Part, Batch)


def pack(value: Part | Batch) -> bytes:
    """The value as bytes; raises ValueError or OverflowError for a text or a number that has no such form."""
    return msgspec.msgpack.encode(value, enc_hook=_column_to_values)


def unpack(packed: bytes, kind: type[Packed]) -> Packed:
    """What ``pack`` was given; raises msgspec.DecodeError for other bytes."""
    return msgspec.msgpack.decode(packed, type=kind, dec_hook=_column_from_values)


def _column_to_values(column: Any) -> tuple[int, str | None, Type, SqlRange]:
    if not isinstance(column, OutputColumn):
        raise NotImplementedError(f"{type(column).__name__} is no part of what is packed")
    return column.index, column.name, column.type, column.place


def _column_from_values(_: type, values: Any) -> OutputColumn:
    return OutputColumn(*msgspec.convert(values, tuple[int, str | None, Type, SqlRange]))
