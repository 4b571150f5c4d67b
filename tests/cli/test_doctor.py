"""The route to a warehouse and to the workspace, walked over real sockets."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from preflight.sandbox.faults import Fault
from preflight.sandbox.server import Sandbox
from tests.cli.command import PROJECT, environment, project, run

LOCAL = PROJECT.replace('exampleId="}', 'exampleId="}\n    introspect: {local: w.duckdb}')
WORKSPACE = LOCAL.replace("version: 1", "version: 1\nworkspace: 5328")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE SCHEMA PUBLIC; CREATE TABLE PUBLIC.CONTACTS (CUSTOMER_ID INT, UPDATED_AT TIMESTAMP)")
    return project(tmp_path, text=WORKSPACE)


def variables(sandbox: Sandbox) -> dict[str, str]:
    return environment(MP_API_URL=sandbox.api_url, MP_TOKEN_URL=sandbox.token_url, **sandbox.environment())


def test_every_step_of_a_sound_route_passes_and_nothing_is_written(folder: Path) -> None:
    with Sandbox() as sandbox:
        done = run("doctor", folder, env=variables(sandbox))
        assert sandbox.writes == []
    assert (done.returncode, done.stderr) == (0, "")
    assert "FAIL" not in done.stdout
    assert "unproven" not in done.stdout
    assert "pin it as workspace.routes.pipelines: data-pipelines" in done.stdout
    assert done.stdout.count("resolve: ") == 1, "the token and the API are on one host"


def test_a_refused_credential_fails_its_step_and_leaves_the_next_unproven(folder: Path) -> None:
    with Sandbox() as sandbox:
        env = variables(sandbox) | {"MP_CLIENT_SECRET": "canary-wrong"}
        sandbox.state.credentials = ("sandbox", "right")
        done = run("doctor", folder, "-o", "json", env=env)
    assert done.returncode == 3
    assert "canary" not in done.stdout + done.stderr
    [_, workspace] = json.loads(done.stdout)["routes"]
    outcomes = {step["step"]: step["outcome"] for step in workspace["steps"]}
    assert outcomes["token"] == "fail"
    assert outcomes["route of connections"] == "unproven"


def test_a_kind_that_is_nowhere_fails_with_what_to_write(folder: Path) -> None:
    with Sandbox() as sandbox:
        sandbox.fail("GET", "*pipelines", Fault(status=404), times=9)
        done = run("doctor", folder, env=variables(sandbox))
    assert done.returncode == 3
    assert "Write the path in workspace.routes.pipelines." in done.stdout


def test_a_missing_stand_in_file_fails(folder: Path) -> None:
    (folder / "w.duckdb").unlink()
    done = run("doctor", folder, "--no-workspace")
    assert done.returncode == 3
    assert "there is no file w.duckdb" in done.stdout


def test_a_connection_that_is_not_there_is_named(folder: Path) -> None:
    done = run("doctor", folder, "--connection", "nope")
    assert done.returncode == 2
    assert "name one of: warehouse" in done.stderr


def test_every_statement_is_shown_when_asked(folder: Path) -> None:
    done = run("check", folder, "--offline", "--show-queries")
    assert "-- warehouse: histogram, counted," in done.stderr
    assert "-- warehouse: describe, described," in done.stderr
    assert run("check", folder, "--offline").stderr == ""
