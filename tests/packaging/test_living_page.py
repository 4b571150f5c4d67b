"""What the page about suppressions, baselines, fixes and previews shows is what happens."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.command import PROJECT, project, run

PAGE = (Path(__file__).parents[2] / "docs" / "living-with-rules.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [block.splitlines() for language, block in BLOCKS if language == "sh"]
DIRTY = "SELECT c.CUSTOMER_ID, c.UPDATED_AT, UPPER(c.CITY)\nFROM CRM.PUBLIC.CONTACTS AS c;\n"


@pytest.mark.parametrize("commands", COMMANDS, ids=lambda commands: commands[0])
def test_the_commands_run(tmp_path: Path, commands: list[str]) -> None:
    folder = project(tmp_path, DIRTY)
    for command in commands:
        words = shlex.split(command)
        assert words[0] == "preflight"
        done = run(*words[1:], cwd=folder)
        assert done.returncode in (0, 1), done.stderr
    assert done.returncode == 0, done.stdout


def test_the_example_suppresses_what_it_names(tmp_path: Path) -> None:
    [sql] = [block for language, block in BLOCKS if language == "sql"]
    done = run("check", "--offline", "-o", "json", cwd=project(tmp_path, sql, PROJECT))
    findings = json.loads(done.stdout)["findings"]
    suppressed = {finding["name"] for finding in findings if finding["suppression"]}
    assert suppressed == {"personal-data-as-attribute", "unqualified-table"}
    assert not [finding["name"] for finding in findings if finding["code"].startswith("PF9")]
    assert done.returncode == 0


def test_every_rule_that_the_page_names_exists() -> None:
    from preflight.fix.repair import _MAKERS

    named = set(re.findall(r"^\| (.*?) \|", PAGE.partition("| rule | fix |")[2], re.MULTILINE))
    listed = {name for cell in named for name in re.findall(r"`([a-z-]+)`", cell)}
    assert listed == set(_MAKERS)
