"""The text report on the streams that there are: with and without colour, of any encoding and width."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import BROKEN, environment, project, run_apart
from tests.until import PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("variables", "arguments", "colored"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
    ],
)
def test_colour_follows_the_option_then_the_variables(
    tmp_path: Path, variables: dict[str, str], arguments: tuple[str, ...], colored: bool
) -> None:
    done = run_apart("check", "--offline", *arguments, project(tmp_path, BROKEN), env=environment(**variables))
    assert ("\x1b[" in done.stdout) is colored


@pytest.mark.parametrize(("variables", "colored"), [({}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_and_its_width(tmp_path: Path, variables: dict[str, str], colored: bool) -> None:
    long = BROKEN.replace("c.CUSTOMER_ID", "c.CUSTOMER_ID, " + ", ".join(f"c.COLUMN_{i}" for i in range(40)))
    main, other = pty.openpty()
    os.set_inheritable(other, True)
    env = environment(**({"TERM": "xterm", "COLUMNS": "60"} | variables))
    run_apart("check", "--offline", project(tmp_path, long), env=env, stdout=other)
    os.close(other)
    said = b""
    try:
        while part := os.read(main, 1 << 16):
            said += part
    except OSError:
        pass
    os.close(main)
    text = said.decode()
    assert ("\x1b[" in text) is colored
    if not colored:
        snippets = [line for line in text.splitlines() if line[:2].strip().isdigit() and " | " in line[:6]]
        assert snippets
        assert all(len(line) <= 60 for line in snippets)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "utf-8", "shift_jis", "utf-16-le"])
def test_every_encoding_gets_a_whole_report(tmp_path: Path, encoding: str) -> None:
    folder = project(tmp_path, 'SELECT c."naïve → 東京" AS "→", c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c;')
    variables = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "preflight", "check", "--offline", folder]
    plain = subprocess.run(
        command, env=environment(**variables), capture_output=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert plain.returncode == 1
    assert plain.stderr == b""
    text = plain.stdout.decode(encoding)
    assert "trailing-semicolon" in text
    assert "inapplicable" in text.splitlines()[-1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 3), (["--help"], 3), (["rules"], 3), (["check", "nowhere"], 2)]
)
def test_a_full_disk_costs_the_words_and_no_traceback(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "preflight", *arguments]
    with Path("/dev/full").open("w") as full:
        heard = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False)
        unheard = subprocess.run(command, stdout=full, stderr=full, env=environment(), check=False)
    assert (heard.returncode, unheard.returncode) == (code, code)
    assert heard.stderr.startswith("error: ")
    assert "Traceback" not in heard.stderr
