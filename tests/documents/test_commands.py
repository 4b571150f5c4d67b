"""Every command in the README and the documents is run, and prints what is quoted below it.

A comment above a block says what is special about it: ``not run: REASON``, or ``exits CODE`` for its
last command; all others exit 0. What runs until it is interrupted is interrupted.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.until import PATIENCE_SECONDS

from . import prepared
from .blocks import Block, Command, agrees, blocks, commands

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
OWN_TEST = {"docs/tutorial.md"}
RUNS_ON = re.compile(r"preflight sandbox\b")
NOT_RUN, EXITS = "not run: ", "exits "

pytestmark = pytest.mark.slow


def _is_ours(command: Command) -> bool:
    return re.search(r"(^|&& |\$\()preflight\s", command.text) is not None


BLOCKS = [
    block
    for page in PAGES
    for block in blocks(page, ROOT)
    if block.language in ("sh", "console") and block.page not in OWN_TEST and any(map(_is_ours, commands(block)))
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("prepared") / "project"
    with prepared.applied(folder) as variables:
        yield folder, variables


def at_a_terminal(command: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the line in a shell whose input is a terminal, at which somebody says yes."""
    ours, theirs = os.openpty()
    try:
        os.write(ours, b"y\n")
        return subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=variables,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    finally:
        os.close(ours)
        os.close(theirs)


def until_interrupted(command: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the program until it has said something, and then interrupt it."""
    program = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    ready, _, _ = select.select([program.stdout], [], [], PATIENCE_SECONDS)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=PATIENCE_SECONDS)
    assert ready, err
    return subprocess.CompletedProcess(command, program.returncode, out, err)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_the_commands_of_a_block_do_what_it_says(
    block: Block, project: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    if block.marker.startswith(NOT_RUN):
        pytest.skip(f"{block.place}: {block.marker.removeprefix(NOT_RUN)}")
    source, variables = project
    asked = [command for command in commands(block) if _is_ours(command)]
    folder = tmp_path / "here"
    shutil.copytree(source, folder)
    if re.search(r"\bsync\b", block.text) and not re.search(r"(init|5328) sync\b", block.text):
        shutil.copytree(source, folder / "sync")
    (folder / "examples").symlink_to(ROOT / "examples")
    expected = int(block.marker.removeprefix(EXITS)) if block.marker.startswith(EXITS) else 0
    for number, command in enumerate(asked):
        if command.text.startswith("preflight init"):
            folder = tmp_path / f"new{number}"
            prepared.bare(source, folder)
        line = re.sub(r"--port \d+", "--port 0", command.text)
        start = until_interrupted if RUNS_ON.match(line) else at_a_terminal
        done = start(line, folder, variables)
        said = f"{block.place}: {command.text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, said
        assert done.returncode == (expected if command is asked[-1] else 0), said
        assert command.quoted is None or agrees(command.quoted, done.stdout), said


def test_what_cannot_be_run_says_why() -> None:
    assert BLOCKS
    assert [
        block.place for block in BLOCKS if block.marker.startswith(NOT_RUN.strip()) and len(block.marker) < 20
    ] == []
