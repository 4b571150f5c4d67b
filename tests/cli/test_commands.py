"""The other commands, and what all of them do with errors, interrupts and bugs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from preflight.cli import COMMANDS
from preflight.errors import EnvironmentFailure
from tests.until import PATIENCE_SECONDS

from .command import PROJECT, environment, project, run, run_apart


def test_without_arguments_it_says_what_to_do_next() -> None:
    done = run()
    assert done.returncode == 0
    assert "preflight init" in done.stdout
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_how(name: str) -> None:
    text = run(name, "--help").stdout
    assert f"preflight {name}" in text.partition("Example:")[2]


@pytest.mark.parametrize("words", [("dbt", "exposures"), ("config", "show")], ids=" ".join)
def test_every_command_of_a_group_does_too(words: tuple[str, str]) -> None:
    text = run(*words, "--help").stdout
    assert f"preflight {' '.join(words)}" in text.partition("Example:")[2]


def test_the_version_is_printed() -> None:
    assert re.fullmatch(r"preflight \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run("--version", "check").stdout == run_apart("-V").stdout


def test_a_misspelt_command_is_named() -> None:
    done = run("chek")
    assert done.returncode == 2
    assert "Did you mean check?" in done.stderr


# -- rules and explain -------------------------------------------------------------------------------------------------


def test_the_rules_are_listed_for_people_and_programs() -> None:
    entries = json.loads(run("rules", "-o", "json").stdout)
    lines = run("rules").stdout.splitlines()
    assert [entry["code"] for entry in entries] == [line.split()[0] for line in lines]
    told = {"code", "name", "family", "severity", "scope", "needs", "uses", "summary", "source", "ground", "date"}
    assert all(told == set(entry) for entry in entries)


@pytest.mark.parametrize("name", ["PF401", "pf401", "window-over-record-limit", "Window_over_record_limit"])
def test_a_rule_is_explained_by_code_and_by_name(name: str) -> None:
    assert run("explain", name).stdout.startswith("# window-over-record-limit (PF401)\n")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("window-over-limit", "write window-over-record-limit"),
        ("PPF401", "write PF401"),
        ("PF40", "name one of: PF401, PF402, "),
        ("\x1b[2J", "`preflight rules`"),
    ],
)
def test_a_misspelt_rule_is_answered_with_the_nearest(name: str, remedy: str) -> None:
    done = run("explain", name)
    assert done.returncode == 2
    assert remedy in done.stderr
    assert "\x1b" not in done.stderr


# -- init --------------------------------------------------------------------------------------------------------------


def test_the_first_project_passes_its_own_check(tmp_path: Path) -> None:
    made = run("init", "my sync", cwd=tmp_path)
    assert made.returncode == 0
    assert made.stdout.endswith("then run `preflight check 'my sync'`\n")
    (tmp_path / "my sync").rename(tmp_path / "sync")
    assert (tmp_path / "sync" / "preflight.yml").is_file()
    done = run("check", "--offline", tmp_path / "sync", "-o", "json")
    assert done.returncode == 0
    assert [finding["name"] for finding in json.loads(done.stdout)["findings"]] == ["password-only-snowflake-login"]


@pytest.mark.parametrize("name", ["preflight.yml", "preflight.yaml", "models/customers.sql", ".preflight/schema.json"])
def test_init_overwrites_nothing(tmp_path: Path, name: str) -> None:
    there = tmp_path / name
    there.parent.mkdir(exist_ok=True)
    there.write_text("mine", "utf-8")
    done = run("init", tmp_path)
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [there]
    assert there.read_text("utf-8") == "mine"


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file", "utf-8")
    done = run("init", tmp_path)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_the_schema_is_printed() -> None:
    assert json.loads(run("schema").stdout)["type"] == "object"


# -- plan, apply and sandbox -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_without_a_workspace_nothing_is_planned(tmp_path: Path, command: str) -> None:
    done = run(command, project(tmp_path))
    assert done.returncode == 2
    assert "names no workspace" in done.stderr


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_without_credentials_nothing_is_planned(tmp_path: Path, command: str) -> None:
    folder = project(tmp_path)
    file = folder / "preflight.yml"
    file.write_text(file.read_text("utf-8").replace("version: 1\n", "version: 1\nworkspace: 5328\n"), "utf-8")
    done = run(command, folder)
    assert done.returncode == 3
    assert "MP_CLIENT_ID" in done.stderr


def test_the_sandbox_says_where_it_is_and_stops_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "preflight", "sandbox", "--url-file", str(tmp_path / "url")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(3)]
            url = (tmp_path / "url").read_text("utf-8")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert said[0] == f"sandbox on {url}\n"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert said[1].startswith(f"export MP_API_URL={url}")


def test_the_sandbox_lets_a_projects_pipelines_run_and_verify_agrees(tmp_path: Path) -> None:
    started = datetime.now(UTC) - timedelta(hours=30)
    text = PROJECT.replace("version: 1", "version: 1\nworkspace: 5328")
    text = text.replace('exampleId="}', 'exampleId="}\n    introspect: {local: w.duckdb}')
    text = text.replace("2026-12-01T03:05:00Z", f"{started:%Y-%m-%dT%H:%M:%SZ}")
    folder = project(tmp_path, text=text)
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute(
            "CREATE SCHEMA PUBLIC; CREATE TABLE PUBLIC.CONTACTS AS SELECT i AS CUSTOMER_ID,"
            f" TIMESTAMP '{started:%Y-%m-%d %H:%M:%S}' + INTERVAL (i) HOUR AS UPDATED_AT FROM range(28) AS r(i)"
        )
    command = [sys.executable, "-m", "preflight", "sandbox", "--url-file", tmp_path / "url", "--produce", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(3)]
            pairs = [pair.split("=", 1) for line in said[1:] for pair in line.removeprefix("export ").split()]
            env = environment(**dict(pairs), SNOWFLAKE_PASSWORD="x", XDG_STATE_HOME=str(tmp_path))
            applied = run("apply", folder, "--yes", env=env)
            assert applied.returncode == 0, applied
            verified = run("verify", folder, "--timeout", "30", env=env)
        finally:
            process.send_signal(signal.SIGTERM)
    assert verified.returncode == 0, verified
    assert "25" in verified.stdout


# -- whatever goes wrong -----------------------------------------------------------------------------------------------

CRASH = """
import sys
from preflight.cli import cli, run
import click

@click.command("check")
def crash():
    {statement}

cli.get_command = lambda ctx, name: crash
sys.exit(run(["check"]))
"""


def crashing(statement: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line with a ``check`` that does only this."""
    return subprocess.run(
        [sys.executable, "-c", CRASH.format(statement=statement)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**variables),
        timeout=PATIENCE_SECONDS,
    )


def test_a_bug_shows_no_traceback_but_keeps_it(tmp_path: Path) -> None:
    done = crashing("raise ZeroDivisionError('\\udc80')", TMPDIR=str(tmp_path))
    assert done.returncode == 70
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first == "error: this is a bug in preflight, not in your project"
    kept = Path(second.rpartition(" ")[2])
    assert kept.parent == tmp_path
    assert "ZeroDivisionError" in kept.read_text("utf-8")


def test_an_interrupt_is_quiet() -> None:
    done = crashing("raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "\ninterrupted\n")


def test_an_error_on_purpose_has_its_exit_code_and_cannot_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: str) -> object:
        raise EnvironmentFailure("the host said \x1b[2J\nfine", remedy="ask again")

    monkeypatch.setattr("preflight.cli.import_module", refuse)
    assert run("check") == (3, "", "error: the host said \\x1b[2J fine\nhelp: ask again\n")


@pytest.mark.parametrize("group", ["config", "dbt"])
def test_a_group_alone_shows_its_help_as_it_is(group: str) -> None:
    done = run(group)
    assert "Traceback" not in done.stderr
    assert f"\n  Example:\n    preflight {group}" in done.stdout + done.stderr
