"""S1, S2: what a start costs, and one cold offline check. Run: ``python -m benchmarks.start [--peers]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import corpus
from benchmarks.measure import Cost, Goal, cost, finish, in_turn, peak, ratio
from benchmarks.places import WORK, peer, python

ROUNDS = 15


def goals(*, peers: bool = False) -> Iterator[Goal]:
    """The goals of both, as they are measured."""
    pure = python("pure")
    preflight = pure.with_name("preflight")
    nothing = partial(cost, [pure, "-c", "pass"])
    for option, bound in (("--version", 1.3), ("--help", 5)):
        pairs = in_turn(partial(cost, [preflight, option]), nothing, ROUNDS)
        yield Goal("S1", f"preflight {option} / python -c pass, CPU", ratio(pairs), bound)
    folder = one_model(WORK, "snowflake")
    sqlglot = partial(cost, [pure, "-c", "import sqlglot"])
    pairs = in_turn(partial(check, pure, folder), sqlglot, ROUNDS)
    yield Goal("S2", "cold check of one model / import sqlglot, CPU, pure sqlglot", ratio(pairs), 1.35)
    yield Goal("S5", "peak MiB, one model, pure sqlglot", peak(a for a, _ in pairs), 40)
    compiled = python("speed")
    heavy = [check(compiled, folder) for _ in range(5)]
    yield Goal("S5", "peak MiB, one model, compiled sqlglot", peak(heavy), 60)
    if peers:
        model = next((folder / "models").iterdir())
        lint = partial(cost, [peer("sqlfluff"), "lint", "--dialect", "snowflake", model])
        pairs = in_turn(partial(check, pure, folder), lint, 5)
        yield Goal("S2", "cold check of one model / sqlfluff lint of it, CPU", ratio(pairs), 0.3)


def one_model(work: Path, dialect: str) -> Path:
    """A project of one model of the median length."""
    files = sorted(corpus.dbt(work, dialect, 101), key=lambda file: file.read_text("utf-8").count("\n"))
    return corpus.project(work / "projects" / f"one-{dialect}", files[50:51], dialect)


def check(interpreter: Path, folder: Path, *options: str) -> Cost:
    """A cold offline check."""
    return cost([interpreter.with_name("preflight"), "check", folder, "--offline", "--no-cache", *options])


if __name__ == "__main__":
    sys.exit(finish(goals(peers="--peers" in sys.argv)))
