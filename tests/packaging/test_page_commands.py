"""What the pages tell people to type exists, and the test that the pytest page shows passes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from preflight.cli import COMMANDS, cli
from tests.cli.command import environment, project

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("lock.md", "dbt.md", "ci.md", "pytest.md")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)

PLUGINS = ("-p", "preflight.pytest_plugin", "-p", "xdist.plugin")
ALONE = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
"""Plugins are named, whether or not the package is installed here and brings its own by entry point."""


def blocks(page: str, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall((DOCS / page).read_text("utf-8")) if kind == language]


LINES = [(page, line) for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]


@pytest.mark.parametrize(("page", "line"), [pair for pair in LINES if pair[1].startswith("preflight ")])
def test_every_command_of_the_pages_parses(page: str, line: str) -> None:
    _, name, *words = shlex.split(line)
    assert name in COMMANDS
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_parser(click.Context(command)).parse_args(list(words))


@pytest.mark.parametrize(("page", "line"), [pair for pair in LINES if pair[1].startswith("pytest ")])
def test_every_pytest_command_of_the_pages_is_taken(page: str, line: str, tmp_path: Path) -> None:
    project(tmp_path / "sync")
    command = [
        sys.executable,
        "-m",
        "pytest",
        *PLUGINS,
        "--collect-only",
        *shlex.split(line)[1:],
    ]
    done = subprocess.run(command, cwd=tmp_path, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_of_the_pytest_page_pass(tmp_path: Path) -> None:
    sql = "SELECT c.customer_id, c.updated_at FROM CRM.public.contacts AS c"
    folder = project(tmp_path, sql)
    file = folder / "preflight.yml"
    file.write_text(file.read_text("utf-8") + "workspace: 5328\n", "utf-8")
    (folder / "test_page.py").write_text("\n".join(blocks("pytest.md", "python")), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", *PLUGINS, "test_page.py"]
    done = subprocess.run(command, cwd=folder, env=ALONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
