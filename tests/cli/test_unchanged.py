"""A check of a project in which nothing has changed prints what it printed, and knows when something has."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preflight import again, unchanged
from tests.until import PATIENCE_SECONDS

from .command import PROJECT, environment, project

PROBE = """
import json, sys
from preflight.__main__ import main
sys.argv = ["preflight", *sys.argv[1:]]
code = main()
sys.stdout.flush()
heavy = sorted({"click", "msgspec", "sqlglot", "yaml"} & set(sys.modules))
sys.stderr.write(json.dumps([code, heavy]))
"""


class Checks:
    """Checks of one project in processes of their own, with a cache of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(XDG_CACHE_HOME=str(folder.parent / "cache"))

    def __call__(self, *options: str) -> tuple[str, int, list[str]]:
        """Output, exit code, and which heavy modules were imported."""
        command = [sys.executable, "-c", PROBE, "check", str(self.folder), "--offline", *options]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.env, timeout=PATIENCE_SECONDS
        )
        code, heavy = json.loads(done.stderr)
        return done.stdout, code, heavy


@pytest.fixture
def checks(tmp_path: Path) -> Checks:
    text = PROJECT.replace("pipelines:\n", "include: [more/*.yml]\npipelines:\n")
    folder = project(tmp_path / "project", text=text)
    (folder / "more").mkdir()
    (folder / "more" / "a.yml").write_text("data_models: []\n", "utf-8")
    return Checks(folder)


def test_an_unchanged_project_is_neither_read_as_yaml_nor_parsed(checks: Checks) -> None:
    text, code, heavy = checks()
    assert "sqlglot" in heavy
    assert checks() == (text, code, [])


def _edit_sql(folder: Path) -> None:
    (folder / "models" / "model.sql").write_text("SELECT * FROM CRM.PUBLIC.CONTACTS", "utf-8")


def _edit_yaml(folder: Path) -> None:
    file = folder / "preflight.yml"
    file.write_text("# a comment\n" + file.read_text("utf-8").replace("timestamp_ntz", "timestamp_ltz"), "utf-8")


def _include_more(folder: Path) -> None:
    (folder / "more" / "b.yml").write_text("data_models: [{id: b, name: B, type: sql, sql_query: SELECT 1}]\n", "utf-8")


def _link(folder: Path) -> None:
    outside = folder.parent / "outside.sql"
    (folder / "models" / "model.sql").rename(outside)
    (folder / "models" / "model.sql").symlink_to(outside)


def _lock(folder: Path) -> None:
    (folder / "preflight.lock").write_text("{}", "utf-8")


def _remove(folder: Path) -> None:
    (folder / "models" / "model.sql").unlink()


@pytest.mark.parametrize("change", [_edit_sql, _edit_yaml, _include_more, _link, _lock, _remove])
def test_a_change_is_seen(checks: Checks, change: Callable[[Path], Any]) -> None:
    before = checks()
    change(checks.folder)
    after = checks()
    assert after[:2] == checks("--no-cache")[:2]
    assert after[0] != before[0]


def test_other_options_are_another_check(checks: Checks) -> None:
    checks()
    assert checks("--select", "PF3")[:2] == checks("--select", "PF3", "--no-cache")[:2]
    assert json.loads(checks("-o", "json")[0])["depth"] == "static"


def test_options_that_variables_give_are_another_check(checks: Checks) -> None:
    plain = checks()
    checks.env["PREFLIGHT_CHECK_SELECT"] = "PF0"
    assert checks()[0] == checks("--no-cache")[0] != plain[0]
    checks.env["PREFLIGHT_CHECK_OUTPUT"] = "json"
    assert json.loads(checks()[0])["depth"] == "static"
    del checks.env["PREFLIGHT_CHECK_SELECT"], checks.env["PREFLIGHT_CHECK_OUTPUT"]
    assert checks() == (*plain[:2], [])


def test_without_a_cache_nothing_is_kept(checks: Checks) -> None:
    checks("--no-cache")
    assert not (checks.folder.parent / "cache").exists()


def test_what_was_printed_holds_until_the_next_run_that_it_names(checks: Checks) -> None:
    checks()
    asked = (*again.PLAIN, False, "utf-8", 0)
    now = time.time()
    today = unchanged.Unchanged(checks.folder, asked, unchanged.Cache({"XDG_CACHE_HOME": checks.env["XDG_CACHE_HOME"]}))
    assert today._printed() is not None
    today._now = now - 3600
    assert today._printed() is None
    today._now = now + 400 * 86_400
    assert today._printed() is None
