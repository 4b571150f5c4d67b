"""``plan`` and ``apply`` from the command line, against a running sandbox and a stand-in for the warehouse."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from preflight.sandbox.server import Sandbox

from .command import BROKEN, CLEAN, PROJECT, environment, project, run, run_apart

TEXT = PROJECT.replace("version: 1\n", "version: 1\nworkspace: 5328\n").replace(
    "    config:", "    introspect: {local: warehouse.duckdb}\n    config:"
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def variables(sandbox: Sandbox) -> dict[str, str]:
    return environment(
        SNOWFLAKE_PASSWORD="canary-secret",
        MP_API_URL=sandbox.api_url,
        MP_TOKEN_URL=sandbox.token_url,
        **sandbox.environment(),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as database:
        database.execute(
            "CREATE SCHEMA PUBLIC; CREATE TABLE PUBLIC.CONTACTS AS"
            " SELECT 'c' || i AS CUSTOMER_ID, TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS UPDATED_AT"
            " FROM range(10) AS r(i)"
        )
    return project(tmp_path, CLEAN, TEXT)


def test_a_plan_is_shown_applied_and_then_there_is_nothing_left(
    folder: Path, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    planned = run("plan", "--exit-code", cwd=folder, env=variables)
    assert (planned.returncode, planned.stderr) == (7, "")
    assert "contacts" in planned.stdout
    assert sandbox.writes == []

    applied = run("apply", "--yes", cwd=folder, env=variables)
    assert (applied.returncode, applied.stderr) == (0, "")
    assert "pipeline contacts: activated" in applied.stdout
    assert "canary-secret" not in planned.stdout + applied.stdout

    writes = list(sandbox.writes)
    assert run("apply", "--yes", cwd=folder, env=variables).returncode == 0
    assert run("plan", "--exit-code", cwd=folder, env=variables).returncode == 0
    assert sandbox.writes == writes


def test_a_data_plan_that_is_there_opens_apply(folder: Path, sandbox: Sandbox, variables: dict[str, str]) -> None:
    project(
        folder, CLEAN, TEXT.replace("    environment:", "    plan_id: orders\n    plan_version: 3\n    environment:")
    )
    assert "missing-data-plan" in run("apply", "--yes", cwd=folder, env=variables).stderr
    version = {"version": 3, "version_document": {"data_points": []}}
    sandbox.state.plans["orders"] = {"data_plan_id": "orders", "data_plan_versions": [version]}
    assert run("apply", "--yes", cwd=folder, env=variables).returncode == 0


def test_without_a_terminal_and_without_yes_nothing_is_written(
    folder: Path, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    done = run("apply", cwd=folder, env=variables)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert sandbox.writes == []


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 6), (b"\x04", 130), (b"y\n", 0)])
def test_it_asks_at_a_terminal(
    folder: Path, sandbox: Sandbox, variables: dict[str, str], answer: bytes, code: int
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = run_apart("apply", cwd=folder, env=variables, stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert "Do this in" in done.stderr
    assert done.returncode == code
    assert bool(sandbox.writes) == (code == 0)


def test_an_error_refuses_with_the_report(folder: Path, sandbox: Sandbox, variables: dict[str, str]) -> None:
    project(folder, BROKEN, TEXT)
    done = run("apply", "--yes", cwd=folder, env=variables)
    assert done.returncode == 6
    assert "error[PF107]" in done.stdout
    assert "trailing-semicolon" in done.stderr
    assert sandbox.writes == []
    assert "apply would be refused" in run("plan", cwd=folder, env=variables).stderr


def test_missing_proof_refuses(folder: Path, sandbox: Sandbox, variables: dict[str, str]) -> None:
    (folder / "warehouse.duckdb").unlink()
    done = run("apply", "--yes", cwd=folder, env=variables)
    assert done.returncode == 4
    assert "could not ask connection warehouse" in done.stdout
    assert sandbox.writes == []


def test_a_broken_project_file_is_reported_before_anything_is_asked(
    folder: Path, sandbox: Sandbox, variables: dict[str, str]
) -> None:
    project(folder, CLEAN, TEXT.replace("frequency: daily", "frequency: dayly"))
    done = run("apply", "--yes", cwd=folder, env=variables)
    assert done.returncode == 2
    assert "dayly" in done.stdout
    assert sandbox.requests == []
