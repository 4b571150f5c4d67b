"""The command line as a user runs it, in this process or in one of its own, and a project to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import preflight.cli
from tests.until import PATIENCE_SECONDS

PROJECT = """\
version: 1
connections:
  - id: warehouse
    name: Warehouse
    service_provider: snowflake
    config: {account_identifier: xy98765, region: eu-central-1, warehouse: W, database: CRM, role: R, user: U,
             password: {env: SNOWFLAKE_PASSWORD}, aws_iam_user_arn: "arn:aws:iam::111122223333:user/ext/stage-abc",
             aws_external_id: "XY98765_SFCRole=2_exampleId="}
data_models:
  - {id: model, name: Model, type: sql, sql_file: models/model.sql}
pipelines:
  - id: contacts
    name: Contacts
    connection_id: warehouse
    data_model_id: model
    partner_feed_id: 7
    environment: development
    sync_mode: {type: incremental, iterator_field: UPDATED_AT, iterator_data_type: timestamp_ntz, time_zone: UTC}
    schedule: {type: interval, frequency: daily, start_time: 2026-12-01T03:05:00Z}
"""
CLEAN = "SELECT c.CUSTOMER_ID, c.UPDATED_AT\nFROM CRM.PUBLIC.CONTACTS AS c\n"
BROKEN = "SELECT c.CUSTOMER_ID, c.UPDATED_AT FROM CRM.PUBLIC.CONTACTS AS c;"
"""It ends in a semicolon: PF107."""


def project(folder: Path, sql: str = CLEAN, text: str = PROJECT) -> Path:
    """Write a project into ``folder``."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "models" / "model.sql").write_text(sql, "utf-8")
    (folder / "preflight.yml").write_text(text, "utf-8")
    return folder


def environment(**variables: str) -> dict[str, str]:
    """This process's environment, without what would colour or connect, and with ``variables``."""
    dropped = ("NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING")
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith(("MP_", "PYTEST", "COV"))}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"} | variables


class Done(NamedTuple):
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """Run the command line in this process, which has no terminal for it."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8") for _ in range(2))
    outside = Path.cwd()
    os.chdir(cwd or outside)
    try:
        with (
            patch.dict(os.environ, env or environment(), clear=True),
            patch("sys.stdin", StringIO()),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = preflight.cli.run([str(argument) for argument in arguments])
    finally:
        os.chdir(outside)
    said = []
    for stream in (out, err):
        stream.seek(0)
        said.append(stream.read())
    return Done(code, *said)


def run_apart(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    defaults: dict[str, Any] = {"env": environment(), "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    command = [sys.executable, "-m", "preflight", *map(str, arguments)]
    return subprocess.run(
        command, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE_SECONDS, **(defaults | options)
    )
