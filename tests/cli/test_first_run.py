"""The first minutes: a project to start from, where values come from, variables for options, completion, discovery."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest

from preflight.cli import COMMANDS, cli
from preflight.cli.environment import variable
from preflight.config import load
from tests.cli.command import BROKEN, PROJECT, environment, project, run, run_apart
from tests.dbt.record import HERE

# -- init --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["snowflake", "bigquery", "redshift", "databricks"])
def test_a_project_for_each_warehouse_has_no_error(tmp_path: Path, provider: str) -> None:
    assert run("init", tmp_path, "--provider", provider).returncode == 0
    done = run("check", "--offline", tmp_path, "-o", "json")
    assert done.returncode == 0
    assert load(tmp_path).connections[0].service_provider.value == provider


TABLES = """
CREATE SCHEMA marts;
CREATE TABLE marts.customers AS
  SELECT 'c' || i AS customer_id, 'x' AS "Loyalty; tier""s", now()::TIMESTAMP AS updated_at FROM range(9) AS r(i);
CREATE VIEW marts.tags AS SELECT 'c1' AS customer_id, 'y' AS tag;
"""


@pytest.mark.parametrize("provider", ["snowflake", "bigquery", "redshift", "databricks"])
def test_a_stand_ins_tables_become_models_that_it_answers(tmp_path: Path, provider: str) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(TABLES)
    made = run("init", tmp_path, "--tables", tmp_path / "w.duckdb", "--provider", provider)
    assert (made.returncode, made.stderr) == (0, "")
    loaded = load(tmp_path)
    assert loaded.problems == ()
    customers, tags = loaded.pipelines
    assert (customers.id, customers.sync_mode.type, customers.schedule.frequency) == (
        "customers-pipeline",
        "incremental",
        "daily",
    )
    assert (tags.id, tags.sync_mode.type, tags.schedule.type) == ("tags-pipeline", "full", "once")
    done = run("check", "--offline", tmp_path, "-o", "json")
    assert json.loads(done.stdout)["depth"] == "local"
    errors = [f["message"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"]
    assert errors == []


def test_dbt_models_become_data_models(tmp_path: Path) -> None:
    shutil.copytree(HERE / "project", tmp_path, dirs_exist_ok=True)
    shutil.copytree(HERE / "artifacts", tmp_path / "target")
    done = run("init", "--dbt-model", "contacts", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    loaded = load(tmp_path)
    assert loaded.problems == ()
    assert loaded.data_models[0].dbt_model == "model.shop.contacts"
    assert loaded.pipelines[0].sync_mode.iterator_field == "updated_at"
    refused = run("init", "--dbt-model", "contatcs", tmp_path / "sync")
    assert refused.returncode == 2
    assert "Write contacts." in refused.stderr


def test_what_a_project_cannot_begin_with_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "empty.duckdb")):
        pass
    assert "holds no table" in run("init", tmp_path, "--tables", tmp_path / "empty.duckdb").stderr
    assert "lies outside" in run("init", tmp_path / "in", "--tables", tmp_path / "empty.duckdb").stderr
    (tmp_path / "text").write_text("no database", "utf-8")
    done = run("init", tmp_path, "--tables", tmp_path / "text")
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "preflight.yml").exists()


# -- discovery ---------------------------------------------------------------------------------------------------------


def test_the_nearest_project_above_is_found_but_not_past_the_repository(tmp_path: Path) -> None:
    inner = project(tmp_path) / "models" / "deep"
    inner.mkdir()
    assert run("check", "--offline", cwd=inner).returncode == 0
    (tmp_path / "models" / ".git").mkdir()
    assert run("check", "--offline", cwd=inner).returncode == 2
    assert run("check", "--offline", inner).returncode == 2


# -- config show -------------------------------------------------------------------------------------------------------


def test_each_value_has_its_origin_and_no_secret(tmp_path: Path) -> None:
    project(tmp_path, text=PROJECT + "limits: {profile: docs-2025-02}\nworkspace: 7\n")
    env = environment(SNOWFLAKE_PASSWORD="hunter2-canary", PREFLIGHT_CHECK_FAIL_ON="warning")
    done = run("config", "show", "--origin", "-o", "json", tmp_path, env=env)
    assert done.returncode == 0
    assert "hunter2" not in done.stdout
    found = {value["name"]: (value["value"], value["origin"]) for value in json.loads(done.stdout)["values"]}
    lines = (tmp_path / "preflight.yml").read_text("utf-8").splitlines()

    def line(text: str) -> str:
        return f"preflight.yml:{next(n for n, written in enumerate(lines, 1) if text in written)}"

    assert found["workspace.id"] == ("7", line("workspace: 7"))
    assert found["limits.profile"] == ("docs-2025-02", line("limits:"))
    assert found["lock.max_age_days"] == ("30", "a default")
    assert found["connections.warehouse.config.password"] == (
        "{env: SNOWFLAKE_PASSWORD}",
        f"{line('password')}; set",
    )
    assert found["pipelines.contacts.schedule.frequency"] == ("daily", line("frequency: daily"))
    assert found["PREFLIGHT_CHECK_FAIL_ON"] == ("warning", "the environment")
    text = run("config", "show", tmp_path).stdout
    assert "lock.max_age_days = 30\n" in text


def test_a_secret_that_is_written_out_is_not_shown(tmp_path: Path) -> None:
    project(tmp_path, text=PROJECT.replace("{env: SNOWFLAKE_PASSWORD}", "hunter2-canary"))
    env = environment(PREFLIGHT_SOME_TOKEN="token-canary")
    for form in ("text", "json"):
        done = run("config", "show", "--origin", "-o", form, tmp_path, env=env)
        assert done.returncode == 2
        assert "canary" not in done.stdout + done.stderr


# -- variables ---------------------------------------------------------------------------------------------------------


def options() -> Iterator[tuple[tuple[str, ...], click.Option]]:
    """Every option of every command."""

    def below(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Option]]:
        for param in command.params:
            if isinstance(param, click.Option):
                yield path, param
        for name, child in getattr(command, "commands", {}).items():
            yield from below(child, (*path, name))

    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield from below(command, (name,))


def test_every_option_has_a_variable_of_its_own() -> None:
    found = [(option.envvar, variable(path, option)) for path, option in options()]
    assert all(given == wanted and wanted.startswith("PREFLIGHT_") for given, wanted in found)
    assert len({wanted for _, wanted in found}) == len(found) > 50


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({}, 0),
        ({"PREFLIGHT_CHECK_FAIL_ON": "info"}, 1),
        ({"PREFLIGHT_CHECK_REQUIRE": "PF1 PF4"}, 4),
        ({"PREFLIGHT_CHECK_REQUIRE": "all", "PREFLIGHT_CHECK_SELECT": "PF1"}, 0),
        ({"PREFLIGHT_CHECK_PIPELINE": "nobody"}, 2),
        ({"PREFLIGHT_CHECK_OFFLINE": "maybe"}, 2),
    ],
)
def test_a_variable_stands_for_its_option(tmp_path: Path, variables: dict[str, str], code: int) -> None:
    env = environment(**{"PREFLIGHT_CHECK_OFFLINE": "1"} | variables)
    assert run("check", project(tmp_path), env=env).returncode == code


def test_a_variable_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    done = run("check", project(tmp_path), env=environment(PREFLIGHT_CHECK_FAIL_ON="fatal"))
    assert done.returncode == 2
    assert "help: look at the variable PREFLIGHT_CHECK_FAIL_ON, or run `preflight check --help`\n" in done.stderr


def test_an_option_beats_its_variable(tmp_path: Path) -> None:
    env = environment(PREFLIGHT_CHECK_FAIL_ON="error", PREFLIGHT_CHECK_OUTPUT="json")
    done = run("check", "--offline", "--fail-on", "info", project(tmp_path, BROKEN), env=env)
    assert done.returncode == 1
    assert done.stdout.startswith("{")


# -- completion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_the_completion(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_PREFLIGHT_COMPLETE" in script
    if program := shutil.which(shell):
        flag = "--no-execute" if shell == "fish" else "-n"
        assert subprocess.run([program, flag], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "expect"),
    [
        ("preflight che", "check"),
        ("preflight check --pipeline con", "contacts"),
        ("preflight explain PF40", "PF401"),
        ("preflight check --select window", "window-over-record-limit"),
        ("preflight check --fail-on w", "warning"),
    ],
)
def test_words_are_completed(tmp_path: Path, words: str, expect: str) -> None:
    env = environment(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1))
    done = run_apart(cwd=project(tmp_path), env=env)
    assert f"plain,{expect}" in done.stdout.splitlines()


def test_nothing_to_complete_is_no_error(tmp_path: Path) -> None:
    words = "preflight check --pipeline x"
    env = environment(_PREFLIGHT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="3")
    done = run_apart(cwd=tmp_path, env=env)
    assert (done.stdout.strip(), done.stderr) == ("", "")
