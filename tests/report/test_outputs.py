"""``-o``: every format through the command line, to stdout and to files."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from preflight.finding import State, Suppression
from preflight.report import FORMATS, render
from tests.cli.command import BROKEN, PROJECT, environment, project, run

from .reports import SQL, WAIVER, finding, report, verdict

SUPPRESSION = Suppression("unqualified-table", "known", date(2027, 1, 31), SQL.span(0, 1))
CANARY = "canary-4c1d9e"


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_goes_to_stdout_and_to_a_file_alike(tmp_path: Path, format_: str) -> None:
    folder = project(tmp_path / "sync", BROKEN)
    env = environment(COLUMNS="")
    shown = run("check", "--offline", "-o", format_, cwd=folder, env=env)
    written = run("check", "--offline", "-o", f"{format_}:{tmp_path / 'report'}", cwd=folder, env=env)
    assert (shown.returncode, written.returncode) == (1, 1)
    assert (written.stdout, written.stderr, shown.stderr) == ("", "", "")
    text = (tmp_path / "report").read_text("utf-8")
    assert "trailing-semicolon" in text
    assert text.endswith("\n")
    assert len(shown.stdout) == len(text)


def test_all_formats_at_once(tmp_path: Path) -> None:
    folder = project(tmp_path, BROKEN)
    outputs = [part for name in FORMATS for part in ("-o", f"{name}:out.{name}")]
    assert run("check", "--offline", *outputs, cwd=folder).returncode == 1
    assert json.loads((folder / "out.json").read_text("utf-8"))["exit_code"] == 1
    sarif = json.loads((folder / "out.sarif").read_text("utf-8"))
    assert sarif["runs"][0]["invocations"][0]["exitCode"] == 1
    assert ElementTree.parse(folder / "out.junit").getroot().tag == "testsuites"


@pytest.mark.parametrize("format_", FORMATS)
def test_no_secret_reaches_a_report(tmp_path: Path, format_: str) -> None:
    literal = PROJECT.replace("{env: SNOWFLAKE_PASSWORD}", CANARY)
    for number, text in enumerate((literal, PROJECT)):
        folder = project(tmp_path / str(number), BROKEN, text)
        env = environment(SNOWFLAKE_PASSWORD=CANARY, MP_CLIENT_SECRET=CANARY)
        done = run("check", "--offline", "-o", format_, cwd=folder, env=env)
        assert CANARY not in done.stdout + done.stderr
    assert "literal-secret" in run("check", "--offline", "-o", format_, cwd=tmp_path / "0").stdout


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ({"waiver": WAIVER}, "waived until 2027-03-31 by data-platform: search path is fixed"),
        ({"suppression": SUPPRESSION}, "suppressed until 2027-01-31 at models/contacts.sql:1: known"),
        ({"baselined": True}, "in the baseline"),
    ],
)
def test_what_is_accepted_is_said_and_is_never_an_open_finding(format_: str, accepted: dict, words: str) -> None:
    checked = report(findings=(finding(12, 15, **accepted),), verdicts=(verdict("PF105", State.FINDINGS),))
    text = render(checked, format_)
    if format_ in ("json", "jsonl"):
        found = next(f for f in json.loads(text)["findings"]) if format_ == "json" else json.loads(text.split("\n")[1])
        assert any(found[name] for name in accepted)
    elif format_ in ("github", "azure"):
        assert not re.search("::error|##vso", text)
    else:
        assert words.lower() in text.lower().replace("\\", "").replace("\u200b", "")
    opened = {"junit": "<failure ", "html": 'class="finding error"', "gitlab": '"critical"', "markdown": "❌ error"}
    assert opened.get(format_, "1 error,") not in text
