"""S6: what a check of an unchanged project costs. Run: ``python -m benchmarks.warm``; sqlglot without the extra."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks import corpus
from benchmarks.measure import Cost, Goal, cost, finish, in_turn, ratio
from benchmarks.places import WORK, python

ROUNDS = 9


def goals(*, peers: bool = False) -> Iterator[Goal]:  # noqa: ARG001 - no peer keeps its results without a tree
    """The goals, as they are measured."""
    pure = python("pure")
    folder = corpus.project(WORK / "projects" / "warm", corpus.dbt(WORK, "snowflake"), "snowflake")
    caches = {"XDG_CACHE_HOME": str(WORK / "caches")}
    check = partial(cost, [pure.with_name("preflight"), "check", folder, "--offline"], environ=caches)
    check()
    pairs = in_turn(check, partial(cost, [pure, "-c", "pass"]), ROUNDS)
    yield Goal("S6", "warm check of 1,000 unchanged models / python -c pass, CPU", ratio(pairs), 6)
    changed = partial(_after_a_change, check, folder, count())
    pairs = in_turn(changed, partial(cost, [pure, "-c", "import sqlglot"]), ROUNDS)
    yield Goal("S6", "check of 1,000 models, one changed / import sqlglot, CPU", ratio(pairs), 2)


def _after_a_change(check: partial[Cost], folder: Path, numbers: Iterator[int]) -> Cost:
    file = sorted((folder / "models").iterdir())[500]
    text = file.read_text("utf-8").split("-- change")[0]
    file.write_text(f"{text}-- change {next(numbers)}, {Path('/proc/uptime').read_text().split()[0]}\n", "utf-8")
    return check()


if __name__ == "__main__":
    sys.exit(finish(goals()))
