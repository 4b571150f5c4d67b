"""The command line as a user runs it, in a process of its own, and a project to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def run(*arguments: str | Path, cwd: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``preflight`` and return what it said; it has no terminal."""
    options.setdefault("env", environment())
    options.setdefault("stdin", subprocess.DEVNULL)
    command = [sys.executable, "-m", "preflight", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60, **options)
