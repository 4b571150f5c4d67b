"""The project on which the documents' commands run: its pipelines have run in a sandbox, and their rows are at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from preflight.config import load
from preflight.sandbox.production import produce
from preflight.sandbox.server import Sandbox
from tests.cli.command import environment, run

STARTED = datetime.now(UTC).replace(minute=5, second=0, microsecond=0) - timedelta(days=3)
PROJECT = """\
version: 1
workspace: 5328
connections:
  - id: crm-connection
    name: CRM connection
    service_provider: snowflake
    config: {{account_identifier: xy98765, region: eu-central-1, warehouse: W, database: CRM, role: R, user: U,
             password: {{env: CRM_PASSWORD}}, aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc",
             aws_external_id: "XY98765_SFCRole=2_exampleId="}}
    introspect: {{local: warehouse.duckdb}}
data_models:
{models}
pipelines:
{pipelines}
"""
MODEL = "  - {{id: {name}-model, name: The model of {name}, type: sql, sql_file: models/{name}.sql}}"
PIPELINE = """\
  - id: {name}
    name: The pipeline {name}
    connection_id: crm-connection
    data_model_id: {name}-model
    partner_feed_id: {feed}
    environment: development
    sync_mode: {{type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ntz, time_zone: UTC}}
    schedule: {{type: interval, frequency: daily, start_time: {start:%Y-%m-%dT%H:%M:%SZ}}}
"""
NAMES = ("contacts-pipeline", "orders-pipeline", "contacts")
"""The pipelines that the documents' examples name."""
SQL = 'SELECT c.CUSTOMER_ID AS "customer_id", c.CITY AS "{city}", c.UPDATED_AT\nFROM CRM.PUBLIC.CONTACTS AS c\n'
ROWS = """
CREATE SCHEMA PUBLIC;
CREATE TABLE PUBLIC.CONTACTS AS
SELECT 'C' || n AS CUSTOMER_ID, 'Leeds' AS CITY,
       TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}' + n * INTERVAL 1 HOUR - INTERVAL 17 MINUTE AS UPDATED_AT
FROM range(60) AS r(n)
"""


DBT = Path(__file__).parents[1] / "dbt"
GIT = ("git", "-c", "user.name=tests", "-c", "user.email=tests@example.com", "-c", "init.defaultBranch=main")


def write(folder: Path) -> None:
    """Write the project and its stand-in into ``folder``, with a dbt project beside it."""
    shutil.copytree(DBT / "project", folder)
    shutil.copytree(DBT / "artifacts", folder / "target")
    for number, name in enumerate(NAMES):
        (folder / "models" / f"{name}.sql").write_text(SQL.format(city=f"city_{number}"), "utf-8")
    models = "\n".join(MODEL.format(name=name) for name in NAMES)
    pipelines = "".join(PIPELINE.format(name=name, feed=7 + n, start=STARTED) for n, name in enumerate(NAMES))
    (folder / "preflight.yml").write_text(PROJECT.format(models=models, pipelines=pipelines), "utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(ROWS.format(start=STARTED))


def bare(source: Path, folder: Path) -> None:
    """Copy what is there before preflight comes: the stand-in and the dbt project."""
    ours = shutil.ignore_patterns("preflight*", *(f"{name}.sql" for name in NAMES), "customers.sql", ".preflight")
    shutil.copytree(source, folder, ignore=ours)


def _commit(folder: Path) -> None:
    """Commit all as the branch that a pull request is compared with."""
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "all")):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    subprocess.run([*GIT, "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=folder, check=True)


@contextmanager
def applied(folder: Path) -> Iterator[dict[str, str]]:
    """A sandbox that holds the project with a run for each pipeline; the variables that lead to it."""
    write(folder)
    home = folder.parent / "home"
    (home / ".config" / "fish" / "completions").mkdir(parents=True)
    programs = folder.parent / "programs"
    programs.mkdir()
    (programs / "preflight").write_text(f'#!/bin/sh\nexec {sys.executable} -m preflight "$@"\n', "utf-8")
    (programs / "preflight").chmod(0o755)
    with Sandbox() as sandbox:
        variables = environment(
            MP_API_URL=sandbox.api_url,
            MP_TOKEN_URL=sandbox.token_url,
            **sandbox.environment(),
            CRM_PASSWORD="any",
            HOME=str(home),
            XDG_STATE_HOME=str(folder.parent / "state"),
            PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
        )
        done = run("apply", folder, "--yes", env=variables)
        assert done.returncode == 0, done
        assert run("lock", folder, env=variables).returncode == 0
        _commit(folder)
        assert len(produce(sandbox.state, load(folder), datetime.now(UTC))) == len(NAMES)
        yield variables
