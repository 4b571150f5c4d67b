"""What the rules said of one subject, in values that another process can send and a cache can keep.

Nothing in it hangs on the day: waivers, suppressions and the baseline are looked up by the run that puts a report
together.
"""

from __future__ import annotations

import msgspec

from preflight.finding import Asked, Basis, Depth, Failure, Finding, Measure, State, Windows
from preflight.model import Schema
from preflight.query import Outputs
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
