"""What starting costs: which modules a command imports, and which it must not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from preflight.cli import COMMANDS
from tests.until import PATIENCE_SECONDS

from .command import environment, project

PROBE = """
import json, sys
before = set(sys.modules)
sys.argv = ["preflight", *json.loads({arguments!r})]
from preflight.__main__ import main
code = main()
new = sorted({{name.partition(".")[0] for name in set(sys.modules) - before}} - set(sys.stdlib_module_names))
sys.stderr.write(json.dumps([code, new]))
"""
HEAVY = {"sqlglot", "httpx", "duckdb", "yaml", "starlette", "uvicorn", "pydantic", "rich"}


def imported(*arguments: str) -> set[str]:
    """The top-level modules outside the standard library that a command brings in."""
    probe = PROBE.format(arguments=json.dumps(arguments))
    done = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=PATIENCE_SECONDS,
    )
    code, modules = json.loads(done.stderr)
    assert code == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_needs_the_standard_library_alone(option: str) -> None:
    assert imported(option) == {"preflight"}


@pytest.mark.parametrize("arguments", [[], ["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert not imported(*arguments) & (HEAVY | {"msgspec"})


def test_a_check_without_a_stand_in_imports_no_driver_and_no_http(tmp_path: Path) -> None:
    modules = imported("check", "--offline", str(project(tmp_path)))
    assert not modules & (HEAVY - {"sqlglot", "yaml"})
    assert "preflight_adapters" not in modules
