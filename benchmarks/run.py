"""Every goal with its figure: ``python -m benchmarks.run [--peers] [--write] [NAME]…`` from the repository's root.

``--peers`` installs sqlfluff, sqlmesh and sqruff, each into an environment of its own, and measures against them.
``--write`` writes the table into docs/benchmarks.md. A NAME is a program of this folder.
Exits 1 where a goal is missed.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks import places
from benchmarks.measure import Goal

PROGRAMS = ("start", "static", "rules", "warm", "audit", "schemas", "live")
STANDALONE = ("reports", "plugin", "client")
"""Programs that print figures of their own, as lines that are quoted below the table."""
PAGE = places.ROOT / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def main(arguments: list[str]) -> int:
    """Measure, print, and on request write the page."""
    peers, names = "--peers" in arguments, [word for word in arguments if not word.startswith("-")]
    goals: list[Goal] = []
    quoted: list[tuple[str, str]] = []
    missed = False
    for name in names or (*PROGRAMS, *STANDALONE):
        if name in PROGRAMS:
            for goal in import_module(f"benchmarks.{name}").goals(peers=peers):
                sys.stdout.write(f"{goal}\n")
                sys.stdout.flush()
                goals.append(goal)
        elif (program := Path(__file__).with_name(f"{name}.py")).exists():
            done = subprocess.run([sys.executable, program], capture_output=True, text=True, cwd=places.ROOT)
            sys.stdout.write(done.stdout + done.stderr)
            quoted.append((name, done.stdout))
            missed |= done.returncode != 0
    if "--write" in arguments:
        _write("\n".join(_figures(goals, quoted, peers)))
    return int(missed or not all(goal.holds for goal in goals))


def _figures(goals: list[Goal], quoted: list[tuple[str, str]], peers: bool) -> Iterator[str]:
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.\n"
    yield f"Environments: {places.versions('pure', 'sqlglot', 'msgspec', 'click', 'PyYAML', 'duckdb', 'pandas')};"
    yield f"with `[speed]` also {places.versions('speed', 'sqlglotc')}."
    if peers:
        yield "Peers: " + ", ".join(places.versions(peer, peer) for peer in places.PEERS) + "."
    yield "\n| goal | figure: median [least-most] | bound | holds | what |\n|---|---|---|---|---|"
    for goal in goals:
        sign, note = "≥" if goal.least else "≤", f" ({goal.note})" if goal.note else ""
        yield f"| {goal.code} | {goal.figure} | {sign} {goal.bound:g} | {_word(goal)} | {goal.what}{note} |"
    for name, text in quoted:
        yield f"\n`benchmarks/{name}.py`:\n\n```\n{text.rstrip()}\n```"


def _word(goal: Goal) -> str:
    return "yes" if goal.holds else "**no**"


def _machine() -> str:
    model = next(iter(re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))), "processor")
    python, load = platform.python_version(), os.getloadavg()[0]
    return f"{os.cpu_count()} × {model}, {platform.system()}, CPython {python}, load {load:.1f} at the end"


def _write(figures: str) -> None:
    text = PAGE.read_text("utf-8") if PAGE.exists() else f"# Benchmarks\n\n{_BEGIN}\n{_END}\n"
    head, rest = text.split(_BEGIN)
    PAGE.write_text(f"{head}{_BEGIN}\n{figures}\n{_END}{rest.split(_END)[1]}", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
