"""The demo does what it says, at any date, and the README shows what it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from preflight.config import load
from preflight.engine import check
from preflight.finding import Report, State

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "cdnow"
EXCERPT = re.compile(r"<!-- printed by make demo -->\n```text\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def printed() -> str:
    environ = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py")],
        env=environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("", "adapters", "rules"))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_readme_shows_what_the_demo_prints(printed: str) -> None:
    excerpts = EXCERPT.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(excerpts) >= 2
    for excerpt in excerpts:
        assert excerpt in printed


def test_the_demo_prints_no_secret(printed: str) -> None:
    assert "demo-" not in printed


@pytest.mark.parametrize("year", [2025, 2035])
def test_the_corrected_project_passes_at_any_date(printed: str, year: int) -> None:
    report = check(load(EXAMPLE), now=datetime(year, 6, 1, tzinfo=UTC))
    assert {finding.name for finding in report.findings} == {"old-events", "password-only-snowflake-login"}
    assert {verdict.name for verdict in report.unproven} == {"too-many-active-pipelines"}


def test_the_broken_project_has_the_same_findings_later(printed: str) -> None:
    def names(report: Report) -> set[str]:
        return {verdict.name for verdict in report.verdicts if verdict.state is State.FINDINGS}

    later = names(check(load(EXAMPLE / "broken.yml"), now=datetime(2035, 6, 1, tzinfo=UTC)))
    (broken,) = [part for part in printed.split("\n=== ") if "$ preflight check broken.yml" in part]
    assert set(re.findall(r"^(?:error|warning|info)\[PF\d+\] ([a-z-]+):", broken, re.MULTILINE)) == later
