"""``preflight check`` as a user meets it: outputs, exit codes, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .command import BROKEN, CLEAN, PROJECT, environment, project, run, run_apart


def test_a_clean_project_passes_offline_and_says_that_it_proved_nothing_more(tmp_path: Path) -> None:
    done = run("check", "--offline", cwd=project(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("preflight static: ")
    assert "pipeline contacts: not proven" in done.stdout


def test_a_finding_is_shown_with_its_place_and_exits_1(tmp_path: Path) -> None:
    done = run("check", "--offline", project(tmp_path, BROKEN))
    assert done.returncode == 1
    assert "error[PF107] trailing-semicolon: " in done.stdout
    assert f" --> {tmp_path}/models/model.sql:1:65\n" in done.stdout


def test_paths_lead_to_the_files_from_where_the_command_runs(tmp_path: Path) -> None:
    project(tmp_path / "sync", BROKEN)
    for folder, path, shown in ((tmp_path, "sync", "sync/"), (tmp_path / "sync", ".", "")):
        done = run("check", "--offline", path, "-o", "text", "-o", "text:report.txt", cwd=folder)
        assert f" --> {shown}models/model.sql:1:65\n" in done.stdout
        assert f"\nproject {shown}preflight.yml, " in done.stdout
        assert (folder / "report.txt").read_text("utf-8") == done.stdout


def test_reports_go_where_they_are_sent(tmp_path: Path) -> None:
    folder = project(tmp_path, BROKEN)
    done = run("check", "--offline", "-o", "json", "-o", "text:report.txt", "-o", "json:again.json", cwd=folder)
    assert done.returncode == 1
    codes = [finding["code"] for finding in json.loads(done.stdout)["findings"]]
    assert "PF107" in codes
    assert "trailing-semicolon" in (folder / "report.txt").read_text("utf-8")
    assert json.loads((folder / "again.json").read_text("utf-8"))["depth"] == "static"


@pytest.mark.parametrize(
    ("arguments", "error", "help_"),
    [
        (["-o", "jsn"], "no output format 'jsn'", "write json"),
        (["-o", "json", "-o", "text"], "two results would go to stdout", "give one a file"),
        (["-o", "report.md"], "no output format 'report.md'", "write markdown:report.md"),
        (["-o", "json:"], "'json:' names no file", "write json:FILE"),
        (["-o", "text:no/such/folder/r.txt"], "cannot be written", "name another file"),
        (["--select", "trailing-semicolons"], "no rule is called 'trailing-semicolons'", "write trailing-semicolon"),
        (["--ignore", "XY9"], "no rule is called 'XY9'", "preflight rules"),
        (["--require", "window-over-record-limits"], "no rule is called", "write window-over-record-limit"),
        (["--pipeline", "contact"], "no pipeline has the id 'contact'", "write contacts"),
        (["--fail-on", "eror"], "'eror' is not one of", "run `preflight check --help`"),
        (["--offlin"], "No such option", "run `preflight check --help`"),
        (["no-such-folder"], "there is no project file", "preflight init"),
        (["models/model.sql"], "is SQL, and no project file", "name the project's folder"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(
    tmp_path: Path, arguments: list[str], error: str, help_: str
) -> None:
    done = run("check", "--offline", *arguments, cwd=project(tmp_path))
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("help: ")
    assert help_ in second


def test_a_broken_project_file_is_reported_with_all_its_problems_and_exits_2(tmp_path: Path) -> None:
    text = PROJECT.replace("frequency: daily", "frequency: dayly").replace("service_provider", "service_provder")
    done = run("check", "--offline", project(tmp_path, text=text))
    assert done.returncode == 2
    assert "dayly" in done.stdout
    assert "service_provder" in done.stdout
    assert "note: not judged until its grammar is mended: connection warehouse, pipeline contacts\n" in done.stdout


def test_of_an_unreadable_project_nothing_is_said_to_have_passed_the_grammar(tmp_path: Path) -> None:
    done = run("check", "--offline", project(tmp_path, text="version: 1\n\tworkspace: 1\n"), "-o", "json")
    assert done.returncode == 2
    (verdicts,) = json.loads(done.stdout)["verdicts"]
    assert "PF003" not in verdicts["pass"]
    assert "PF003" in next(u["rules"] for u in verdicts["unproven"] if u["reason"].startswith("not all of the project"))


@pytest.mark.parametrize("text", ["", "\x00\x01", "[1, 2]", "a: [", "&a [*a, *a]", "version: 1\n"])
def test_no_project_file_ends_in_a_traceback(tmp_path: Path, text: str) -> None:
    done = run("check", "--offline", project(tmp_path, text=text))
    assert done.returncode in (2, 5)
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--require", "all"], 4),
        (["--require", "PF4"], 4),
        (["--require", "window-over-record-limit"], 4),
        (["--require", "PF1"], 0),
        (["--require", "all", "--select", "PF1"], 0),
    ],
)
def test_missing_proof_exits_4_where_it_is_required(tmp_path: Path, arguments: list[str], code: int) -> None:
    done = run("check", "--offline", *arguments, cwd=project(tmp_path))
    assert done.returncode == code
    assert ("error: proof that --require asks for is missing" in done.stderr) == (code == 4)


def test_an_empty_project_is_no_clean_one(tmp_path: Path) -> None:
    done = run("check", "--offline", project(tmp_path, text="version: 1\n"))
    assert done.returncode == 5
    assert "nothing to check" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_used_where_it_is_wanted(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], colored: bool
) -> None:
    done = run("check", "--offline", *arguments, cwd=project(tmp_path), env=environment(**variables))
    assert ("\x1b[" in done.stdout) == colored


def test_a_stream_without_unicode_gets_escapes(tmp_path: Path) -> None:
    sql = 'SELECT c.CUSTOMER_ID AS "名前", c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c;'
    ascii_only = environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    done = run_apart("check", "--offline", project(tmp_path, sql), env=ascii_only)
    assert done.returncode == 1
    assert '"\\u540d\\u524d"' in done.stdout


def test_a_reader_that_goes_away_changes_no_exit_code(tmp_path: Path) -> None:
    folder = project(tmp_path, BROKEN)
    reading, writing = os.pipe()
    os.close(reading)
    done = run_apart("check", "--offline", folder, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_warehouse_without_credentials_is_not_asked_and_proves_nothing(tmp_path: Path) -> None:
    done = run("check", cwd=project(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "connection warehouse was not asked: password is to be read from SNOWFLAKE_PASSWORD, which is not set"
        in done.stdout
    )
    assert run("check", "--require", "all", cwd=tmp_path).returncode == 4


@pytest.mark.parametrize(("sql", "code"), [(CLEAN, 0), (BROKEN, 1)])
def test_a_closed_stderr_changes_no_exit_code(tmp_path: Path, sql: str, code: int) -> None:
    command = f"exec {sys.executable} -m preflight check --offline >report.txt 2>&-"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=project(tmp_path, sql), env=environment(), check=False)
    assert done.returncode == code
    assert "rules:" in (tmp_path / "report.txt").read_text("utf-8")
