"""What the pytest plugin costs where it is installed and not used: a collection with it, against one without.

Run from the repository's root: ``python benchmarks/plugin.py``. Exits 1 where the medians' ratio is over the goal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory

FILES, TESTS = 50, 40
ROUNDS, WARM_UP = 15, 2
GOAL = 1.05


def write_tests(folder: Path) -> None:
    """A suite of plain tests."""
    for number in range(FILES):
        tests = "\n".join(f"def test_{n}(): pass" for n in range(TESTS))
        (folder / f"test_{number}.py").write_text(tests + "\n", "utf-8")
    (folder / "preflight.yml").write_text("version: 1\n", "utf-8")


def collect(folder: Path, *options: str) -> float:
    """Seconds of processor time of one ``pytest --collect-only`` in a process of its own."""
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options, "."]
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Time both in turn, print the medians and their ratio."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_tests(folder)
        ways: list[tuple[tuple[str, ...], list[float]]] = [(("-p", "preflight.pytest_plugin"), []), ((), [])]
        for number in range(WARM_UP + ROUNDS):
            for options, times in ways if number % 2 else reversed(ways):
                taken = collect(folder, *options)
                times += [taken] if number >= WARM_UP else []
    with_it, without = (median(times) * 1000 for _, times in ways)
    sys.stdout.write(
        f"collecting {FILES * TESTS:,} tests, medians of {ROUNDS}: with the plugin {with_it:.0f} ms, without "
        f"{without:.0f} ms, ratio {with_it / without:.3f} (goal: at most {GOAL:g})\n"
    )
    return int(with_it / without > GOAL)


if __name__ == "__main__":
    sys.exit(main())
