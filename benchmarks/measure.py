"""Processes measured by the kernel's own accounts, in turn, and goals as ratios of two of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple


class Cost(NamedTuple):
    """What one command cost, its children included: seconds, and the largest process's peak memory."""

    wall: float
    cpu: float
    mebibytes: float


class Spread(NamedTuple):
    """A median between the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of one or more values."""
        found = sorted(values)
        return cls(median(found), found[0], found[-1])

    def __str__(self) -> str:
        return f"{_short(self.median)} [{_short(self.low)}-{_short(self.high)}]"


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


class Goal(NamedTuple):
    """One goal with its figure."""

    code: str
    what: str
    figure: Spread
    bound: float
    least: bool = False
    """Whether the bound is the least that the figure may be, and not the most."""
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the median keeps to the bound."""
        return self.figure.median >= self.bound if self.least else self.figure.median <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.least else "≤"
        state = "holds" if self.holds else "MISSED"
        return f"{self.code:<4} {state:<6} {self.figure} {sign} {self.bound:g}  {self.what}" + (
            f" ({self.note})" if self.note else ""
        )


Command = Sequence[str | Path]


def cost(command: Command, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end, its output thrown away; exits where it cannot run or its exit code is above 5."""
    words = [str(word) for word in command]
    inner = f"cd {cwd} && exec " if cwd else "exec "
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    start = perf_counter()
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", inner + quoted], {**kept, **(environ or {})}, file_actions=null)
    _, status, usage = os.wait4(pid, 0)
    wall = perf_counter() - start
    if (code := os.waitstatus_to_exitcode(status)) not in range(6):
        sys.exit(f"exit code {code}: {' '.join(words)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


Measured = Callable[[], Cost]


def in_turn(first: Measured, second: Measured, rounds: int) -> list[tuple[Cost, Cost]]:
    """Both measured in turn, after one uncounted round of each (none where ``rounds`` is 1)."""
    if rounds > 1:
        first(), second()
    return [(first(), second()) for _ in range(rounds)]


def ratio(pairs: Sequence[tuple[Cost, Cost]], of: str = "cpu") -> Spread:
    """How many times the second of each pair the first costs."""
    return Spread.of(getattr(a, of) / getattr(b, of) for a, b in pairs)


def peak(costs: Iterable[Cost]) -> Spread:
    """The peak memory in MiB."""
    return Spread.of(one.mebibytes for one in costs)


def finish(goals: Iterable[Goal]) -> int:
    """Print goals as they come; the exit code says whether all hold."""
    missed = 0
    for goal in goals:
        sys.stdout.write(f"{goal}\n")
        sys.stdout.flush()
        missed += not goal.holds
    return int(missed > 0)
